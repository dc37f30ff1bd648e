"""The fields of a project in words: what each is called, and how a value of it is written.

History, conflicts and the preview of an import show values as `record.as_json` writes them; these
functions turn them into text in the language of the page.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from registry import codelists
from registry.exchange.example import COLUMN_EXAMPLES
from registry.exchange.record import CODED_LISTS, TRANSLATED
from registry.messages import Message, message
from web import formats, i18n

LABELS: dict[str, Message] = {
    "title": message("Title"),
    "description": message("Description"),
    "identifier": message("Identifier"),
    "iati_identifier": message("IATI identifier"),
    "reporting_org": message("Reporting organisation"),
    "reporting_org_type": message("Type of the reporting organisation"),
    "language": message("Language"),
    "status": message("Status"),
    "start_date": message("Start"),
    "end_date": message("End"),
    "countries": message("Countries"),
    "regions": message("Regions"),
    "locations": message("Places within the countries"),
    "pillars": message("Pillars"),
    "measures": message("Measures"),
    "activity_types": message("Kinds of activity"),
    "target_groups": message("Target groups"),
    "exploitation_forms": message("Forms of exploitation"),
    "mandates": message("Mandates"),
    "budget": message("Budget"),
    "currency": message("Currency"),
    "participating_orgs": message("Organisations taking part"),
    "related": message("Related projects"),
    "url": message("Web page"),
    "contact_name": message("Contact"),
    "contact_email": message("E-mail of the contact"),
    "visibility": message("Who may see it"),
    "partner_contacts": message("Contacts of local partners"),
    "shelter_locations": message("Where shelters are"),
    "suggestions": message("Suggested codes"),
    "source": message("Further content of the source"),
    "state": message("State"),
    "reason": message("Reason"),
}

EXAMPLES = COLUMN_EXAMPLES
"""How each column of a file is written."""
LANGUAGES_OF_TEXTS = tuple(
    "en fr es ar pt ru zh am bn da de fa fi ha hi id it km my nl no pl ro sq sr sv sw th tr "
    "uk ur vi".split()
)
"""Languages that a form offers for titles and descriptions; a file may bring any."""

_TRANSLATED = message("{field} ({language})")


def field_label(name: str) -> str:
    """Return what a field is called; `title_fr` is 'Title (French)'."""
    if name in LABELS:
        return i18n.say(LABELS[name])
    if match := TRANSLATED.fullmatch(name):
        sentence = message(
            _TRANSLATED.template, field=LABELS[match[1]], language=language_name(match[2])
        )
        return i18n.say(sentence)
    return name


def language_name(code: str) -> str:
    """Return the name of a language in the language of the page, else its code."""
    from babel import Locale, UnknownLocaleError

    try:
        name = Locale.parse(code, sep="-").get_display_name(i18n.language())
    except (ValueError, UnknownLocaleError):
        name = None
    return name or code


def field_text(name: str, value: Any) -> str:
    """Return a field's value as text in the language of the page; '' where there is none."""
    if value is None or value in ("", [], {}):
        return ""
    write = _WRITERS.get(name)
    if write is not None:
        return write(value)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {field_text(key, part)}" for key, part in value.items())
    return str(value)


def _code_writer(scheme: str) -> Callable[[Any], str]:
    """Return what writes a code of the scheme, or a list of them, by its label."""

    def write(value: Any) -> str:
        codes = value if isinstance(value, list) else [value]
        return ", ".join(codelists.label(scheme, code, i18n.language()) for code in codes)

    return write


def _pair_writer(scheme: str, name: str, kind: str) -> Callable[[Any], str]:
    """Return what writes objects of a name and a coded kind: IOM (implementing)."""

    def write(value: Any) -> str:
        return "; ".join(
            f"{one[name]} ({codelists.label(scheme, one[kind], i18n.language())})" for one in value
        )

    return write


def _countries(shares: list[dict[str, Any]]) -> str:
    return ", ".join(_country(share) for share in shares)


def _country(share: dict[str, Any]) -> str:
    name = codelists.country_name(share["code"], i18n.language())
    if share.get("percentage") is None:
        return name
    return f"{name} {Decimal(str(share['percentage'])):f}\N{NO-BREAK SPACE}%"


def _regions(codes: list[str]) -> str:
    return ", ".join(codelists.region_name(code, i18n.language()) for code in codes)


_WRITERS: dict[str, Callable[[Any], str]] = {
    "budget": lambda value: formats.number(Decimal(str(value))),
    "language": lambda value: language_name(str(value)),
    "countries": _countries,
    "regions": _regions,
    "participating_orgs": _pair_writer("participation_roles", "name", "role"),
    "related": _pair_writer("relation_types", "id", "type"),
    "state": _code_writer("project_states"),
    "status": _code_writer("statuses"),
    "reporting_org_type": _code_writer("organisation_types"),
    "visibility": _code_writer("visibilities"),
    **{name: _code_writer(name) for name in CODED_LISTS},
}
