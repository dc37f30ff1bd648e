"""The example of every column, and the example row of the template, which is no project."""

from collections.abc import Mapping
from typing import Any

from registry.folding import fold

MARK = "EXAMPLE"
"""The identifier of the example row."""

COLUMN_EXAMPLES: dict[str, str] = {
    "identifier": "SE-0-SE-6-12345",
    "iati_identifier": "SE-0-SE-6-12345",
    "reporting_org": "Sida",
    "reporting_org_type": "government-donor",
    "title": "Training of judges in Moldova",
    "description": "Courses and mentoring for 180 judges …",
    "language": "en",
    "status": "implementation",
    "start_date": "2025-01-31",
    "end_date": "2027-12-31",
    "countries": "MD:60;UA:40",
    "regions": "151",
    "locations": "Chisinau;Balti",
    "pillars": "prosecution;protection",
    "measures": "PROS-2;PROT-4",
    "activity_types": "training;mentoring",
    "target_groups": "judges-prosecutors",
    "exploitation_forms": "labour;sexual",
    "mandates": "criminal-justice",
    "budget": "900000",
    "currency": "EUR",
    "participating_orgs": "funding=Sida;implementing=UNODC",
    "related": "joint-programme=XM-DAC-41128-77",
    "url": "https://example.org/project",
    "contact_name": "Europe unit",
    "contact_email": "unit@example.org",
    "visibility": "public",
    "partner_contacts": "La Strada, …",
    "shelter_locations": "…",
}
"""How each column of a file is written."""

_TITLES = {
    "en": COLUMN_EXAMPLES["title"],
    "fr": "Formation de juges en Moldavie",
    "es": "Capacitación de jueces en Moldova",
}
_DESCRIPTIONS = {
    "en": COLUMN_EXAMPLES["description"],
    "fr": "Cours et accompagnement de 180 juges …",
    "es": "Cursos y acompañamiento de 180 jueces …",
}


def example_row(language: str) -> dict[str, str]:
    """Return the cells of the template's example, its texts in English, French or Spanish."""
    return COLUMN_EXAMPLES | {
        "identifier": MARK,
        "iati_identifier": "",
        "title": _TITLES[language],
        "description": _DESCRIPTIONS[language],
        "language": language,
        "related": "",
        "partner_contacts": "",
        "shelter_locations": "",
    }


def has_mark(values: Mapping[str, Any]) -> bool:
    """Tell whether a row has the identifier of the example."""
    return str(values.get("identifier", "")).strip().upper() == MARK


def is_example(values: Mapping[str, Any]) -> bool:
    """Tell whether a row is the example as the template has it, and not a project over it."""
    return has_mark(values) and fold(str(values.get("title", ""))) in map(fold, _TITLES.values())
