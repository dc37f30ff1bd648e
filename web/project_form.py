"""The form of a project: what was typed, as it was typed, and the record that it means.

Whatever somebody typed is kept and shown again, readable or not; `read` is the only way from there
to a record, and it is the same parser that files go through.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from litestar.datastructures import FormMultiDict

from registry import codelists
from registry.errors import FieldError
from registry.exchange.record import (
    CODED_LISTS,
    CountryShare,
    ProjectRecord,
    parse_record,
)
from registry.exchange.values import join_cell
from registry.models import Organisation

SINGLE_FIELDS = (
    "identifier",
    "iati_identifier",
    "title",
    "description",
    "language",
    "status",
    "start_date",
    "end_date",
    "locations",
    "budget",
    "currency",
    "url",
    "contact_name",
    "contact_email",
    "visibility",
    "partner_contacts",
    "shelter_locations",
)
ROWS = {
    "places": ("place", "place_share"),
    "participants": ("participant_role", "participant_name"),
    "related": ("related_type", "related_identifier"),
    "translations": ("other_language", "other_title", "other_description"),
}
"""Groups of fields that repeat, and the names of the inputs of one row."""
_MOST_ROWS = 200


@dataclass
class ProjectForm:
    """A form as somebody filled it in."""

    texts: dict[str, str]
    codes: dict[str, list[str]]
    """Scheme -> chosen codes."""
    rows: dict[str, list[tuple[str, ...]]]
    """Group of ROWS -> the texts of each row."""
    suggested: dict[str, list[str]] = field(default_factory=dict)
    """Scheme -> suggested codes that were confirmed in this form."""
    offered: dict[str, list[str]] = field(default_factory=dict)
    """Scheme -> codes that were suggested when the project came from a file."""
    version: int | None = None
    """The version of the project that the person saw; None for a new one."""
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    """A name for this opened form, so that its own automatic saves are not taken for others'."""
    confirmed: bool = False
    """The person has looked at what seems to be personal data."""

    @classmethod
    def new(cls, language: str) -> "ProjectForm":
        """Return an empty form, with an identifier of its own that nothing else will have."""
        texts = dict.fromkeys(SINGLE_FIELDS, "") | {"language": language, "visibility": "public"}
        return cls(texts, {scheme: [] for scheme in CODED_LISTS}, {name: [] for name in ROWS})

    @classmethod
    def of_record(cls, record: ProjectRecord, version: int, language: str) -> "ProjectForm":
        """Return the form of a stored project; names are in the language of the page."""
        values = {name: getattr(record, name) for name in SINGLE_FIELDS if name != "locations"}
        texts = {name: "" if value is None else str(value) for name, value in values.items()}
        texts["locations"] = join_cell(record.locations).replace(";", "; ")
        if record.budget is not None:
            texts["budget"] = f"{record.budget:f}".removesuffix(".00")
        title_language = record.language
        if title_language not in record.titles and record.titles:
            title_language = texts["language"] = next(iter(record.titles))
        texts["title"] = record.titles.get(title_language, "")
        texts["description"] = record.descriptions.get(title_language, "")
        others = dict.fromkeys([*record.titles, *record.descriptions])
        places = [
            (codelists.country_name(share.code, language), _share_text(share))
            for share in record.countries
        ]
        places += [(codelists.region_name(code, language), "") for code in record.regions]
        return cls(
            texts,
            {scheme: list(getattr(record, scheme)) for scheme in CODED_LISTS},
            {
                "places": list(places),
                "participants": [(one.role, one.name) for one in record.participating_orgs],
                "related": [(one.type, one.identifier) for one in record.related],
                "translations": [
                    (code, record.titles.get(code, ""), record.descriptions.get(code, ""))
                    for code in others
                    if code != title_language
                ],
            },
            offered={scheme: record.suggestions.get(scheme, []) for scheme in CODED_LISTS},
            version=version,
        )

    @classmethod
    def of_post(cls, data: FormMultiDict) -> "ProjectForm":
        """Return the form as it was sent."""
        version = _text(data, "version")
        return cls(
            {name: _text(data, name) for name in SINGLE_FIELDS},
            {scheme: _all(data, scheme) for scheme in CODED_LISTS},
            {name: _rows(data, inputs) for name, inputs in ROWS.items()},
            {scheme: _all(data, f"suggested_{scheme}") for scheme in CODED_LISTS},
            {scheme: _all(data, f"offered_{scheme}") for scheme in CODED_LISTS},
            version=int(version[:9]) if version.isdecimal() else None,
            token=_text(data, "token")[:32] or secrets.token_hex(8),
            confirmed=_text(data, "confirmed") == "yes",
        )

    def chosen(self, scheme: str) -> list[str]:
        """Return the chosen codes of a scheme, confirmed suggestions included."""
        return list(dict.fromkeys([*self.codes[scheme], *self.suggested.get(scheme, ())]))

    def text(self) -> str:
        """Return all that was written about the project in words."""
        others = [part for row in self.rows["translations"] for part in row[1:]]
        return " . ".join([self.texts["title"], self.texts["description"], *others])

    def read(
        self, organisation: Organisation, before: ProjectRecord | None = None
    ) -> tuple[ProjectRecord | None, list[FieldError]]:
        """Return the record that the form means, or what has to be mended.

        `before` is the project as it is: it keeps what the form does not show.
        """
        parsed = parse_record(self._raw(organisation))
        if parsed.record is None:
            return None, parsed.errors
        return self._completed(parsed.record, before), []

    def read_loosely(
        self, organisation: Organisation, before: ProjectRecord | None = None
    ) -> ProjectRecord | None:
        """Return as much of a record as can be read while somebody is still typing."""
        raw = self._raw(organisation)
        parsed = parse_record(raw)
        if parsed.record is None:
            for error in parsed.errors:
                raw.pop(error.field, None)
            parsed = parse_record(raw)
        return None if parsed.record is None else self._completed(parsed.record, before)

    def _raw(self, organisation: Organisation) -> dict[str, Any]:
        raw: dict[str, Any] = {name: self.texts[name] for name in SINGLE_FIELDS}
        raw["reporting_org"] = organisation.name
        raw["reporting_org_type"] = organisation.type
        raw |= {scheme: self.chosen(scheme) for scheme in CODED_LISTS}
        raw["countries"] = [
            {"code": place, "percentage": share} for place, share in self.rows["places"] if place
        ]
        raw["participating_orgs"] = [
            {"role": role or "implementing", "name": name}
            for role, name in self.rows["participants"]
            if name
        ]
        raw["related"] = [
            {"type": type_ or "sibling", "id": identifier}
            for type_, identifier in self.rows["related"]
            if identifier
        ]
        for code, title, description in self.rows["translations"]:
            if code and (title or description):
                raw[f"title_{code}"], raw[f"description_{code}"] = title, description
        return raw

    def _completed(self, record: ProjectRecord, before: ProjectRecord | None) -> ProjectRecord:
        if before is None:
            return record
        record.source = before.source
        record.reporting_org_type = before.reporting_org_type
        record.identifier = record.identifier or before.identifier
        record.suggestions = {
            scheme: kept
            for scheme, codes in before.suggestions.items()
            if (kept := [code for code in codes if code not in getattr(record, scheme, ())])
        }
        return record


def _share_text(share: CountryShare) -> str:
    if share.percentage is None:
        return ""
    text = f"{share.percentage:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(data: FormMultiDict, name: str) -> str:
    value: Any = data.get(name, "")
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""


def _all(data: FormMultiDict, name: str) -> list[str]:
    values = [value for value in data.getall(name, []) if isinstance(value, str) and value]
    return list(dict.fromkeys(values))[:_MOST_ROWS]


def _rows(data: FormMultiDict, inputs: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the rows of a repeated group in which something was written or chosen."""
    columns = [
        [value.strip() if isinstance(value, str) else "" for value in data.getall(name, [])]
        for name in inputs
    ]
    rows = list(zip(*columns, strict=False))[:_MOST_ROWS]
    # A row counts by what was written: the choice in front of it may just be the preset one.
    return [row for row in rows if any(row[1:]) or (inputs[0] == "place" and row[0])]
