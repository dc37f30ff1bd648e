"""The neutral project record: every format is read into it and written from it."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from registry.errors import FieldError
from registry.exchange.values import join_cell

COLUMNS: tuple[str, ...] = (
    "identifier",
    "iati_identifier",
    "reporting_org",
    "reporting_org_type",
    "title",
    "description",
    "language",
    "status",
    "start_date",
    "end_date",
    "countries",
    "regions",
    "locations",
    "pillars",
    "measures",
    "activity_types",
    "target_groups",
    "exploitation_forms",
    "mandates",
    "budget",
    "currency",
    "participating_orgs",
    "related",
    "url",
    "contact_name",
    "contact_email",
    "visibility",
    "partner_contacts",
    "shelter_locations",
)
"""The columns of CSV and XLSX in their order, and the keys of JSON Lines."""

WITHOUT_CELLS: tuple[str, ...] = ("titles", "descriptions", "suggestions", "source")
"""Keys of JSON Lines whose values are objects, for which cells have no form but JSON."""

CODED_LISTS: tuple[str, ...] = (
    "pillars",
    "measures",
    "activity_types",
    "target_groups",
    "exploitation_forms",
    "mandates",
)
"""The columns that hold lists of codes; each is the name of its scheme too."""

DATES: tuple[str, ...] = ("start_date", "end_date")
"""The columns that hold dates."""

TRANSLATED = re.compile(r"(title|description)_([a-z]{2,3}(?:-[a-z0-9]{2,8})*)")
"""Columns of other languages: title_fr, description_es."""


@dataclass(frozen=True)
class CountryShare:
    """A recipient country (alpha-2) and its share of the budget in percent, if known."""

    code: str
    percentage: Decimal | None = None


@dataclass(frozen=True)
class Participant:
    """An organisation, by name, in one role: funding, accountable, extending, implementing."""

    role: str
    name: str


@dataclass(frozen=True)
class Related:
    """Another project, by identifier, and what it is to this one."""

    type: str
    identifier: str


@dataclass
class ProjectRecord:
    """A project as its reporting organisation describes it, whatever format it came in."""

    reporting_org: str
    titles: dict[str, str]
    """Language -> title."""
    identifier: str | None = None
    iati_identifier: str | None = None
    reporting_org_type: str | None = None
    descriptions: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    """The language of `title` and `description`."""
    status: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    countries: list[CountryShare] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    """UN M49 codes, for what is not for named countries."""
    locations: list[str] = field(default_factory=list)
    pillars: list[str] = field(default_factory=list)
    measures: list[str] = field(default_factory=list)
    activity_types: list[str] = field(default_factory=list)
    target_groups: list[str] = field(default_factory=list)
    exploitation_forms: list[str] = field(default_factory=list)
    mandates: list[str] = field(default_factory=list)
    budget: Decimal | None = None
    currency: str | None = None
    participating_orgs: list[Participant] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    url: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    visibility: str = "public"
    partner_contacts: str | None = None
    """Restricted: contacts of local partners."""
    shelter_locations: str | None = None
    """Restricted: where shelters are."""
    suggestions: dict[str, list[str]] = field(default_factory=dict)
    """Codes that the registry suggests and nobody confirmed: scheme -> codes."""
    source: dict[str, Any] = field(default_factory=dict)
    """What the file said that the record has no place for; values that JSON can hold."""

    @property
    def title(self) -> str:
        """The title in the record's language, else in any."""
        return _in_language(self.titles, self.language)

    @property
    def description(self) -> str:
        """The description in the record's language, else in any, else ''."""
        return _in_language(self.descriptions, self.language)


def _in_language(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True)
class Parsed:
    """What came of parsing: a record if there are no errors, and what there is to say."""

    record: ProjectRecord | None
    errors: list[FieldError]
    warnings: list[FieldError]


def parse_record(raw: Mapping[str, Any]) -> Parsed:
    """Read one record from strings (cells) or JSON values, and collect every error.

    Keys are COLUMNS, `title_fr`, `description_es`, … or the keys `as_json` writes; those of the
    labelled sets (`id`, lists of objects) are understood too.
    """
    from registry.exchange.parsing import RecordParser

    return RecordParser(raw).parse()


def as_row(record: ProjectRecord) -> dict[str, str]:
    """Return the cells of a CSV row: COLUMNS, and a column for each further language."""
    values = as_json(record)
    return {name: as_cell(values.get(name), name) for name in (*COLUMNS, *_other_languages(record))}


def spoken_cells(record: ProjectRecord, given: Collection[str]) -> dict[str, str]:
    """Return the cells of those fields that a file speaks of, also empty ones."""
    cells = as_row(record).items()
    return {name: cell for name, cell in cells if name in given or (cell and name not in COLUMNS)}


_PAIRS = {
    "countries": ("code", ":", ("percentage",)),
    "regions": ("code", ":", ("percentage",)),
    "participating_orgs": ("role", "=", ("name",)),
    "related": ("type", "=", ("id", "identifier")),
}
"""Column -> keys of the objects in its list, and what stands between them in a cell."""


def as_cell(value: Any, column: str = "") -> str:
    """Write a JSON value as its column has it: MD:60;UA:40, funding=Sida; '' for none."""
    if isinstance(value, str):
        return value
    if value is None or value == []:
        return ""
    if isinstance(value, list):
        return join_cell([as_cell(part, column) for part in _flat(value)])
    if isinstance(value, dict):
        first, sign, others = _PAIRS.get(column, ("", "", ()))
        if value.get(first) is None:
            return json.dumps(value, ensure_ascii=False)
        more = next((value[name] for name in others if value.get(name)), None)
        return f"{value[first]}" if more is None else f"{value[first]}{sign}{more}"
    return str(value)


def _flat(values: list[Any]) -> Iterator[Any]:
    """Yield what stands in lists within lists: quoted level by level, a cell would explode."""
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def as_json(record: ProjectRecord) -> dict[str, Any]:
    """Return the record as JSON values, without loss; `parse_record` reads it back as it was."""
    values: dict[str, Any] = {
        name: getattr(record, name) for name in COLUMNS if name not in _OWN_SPELLING
    }
    values["title"] = record.titles.get(record.language)
    values["description"] = record.descriptions.get(record.language)
    values["start_date"] = record.start_date.isoformat() if record.start_date else None
    values["end_date"] = record.end_date.isoformat() if record.end_date else None
    values["countries"] = [
        {"code": c.code, "percentage": _number(c.percentage)} for c in record.countries
    ]
    values["budget"] = _number(record.budget)
    values["participating_orgs"] = [
        {"name": p.name, "role": p.role} for p in record.participating_orgs
    ]
    values["related"] = [{"id": r.identifier, "type": r.type} for r in record.related]
    ordered = {name: values[name] for name in COLUMNS}
    for name in ("partner_contacts", "shelter_locations"):
        if ordered[name] is None:  # a reader without the right sees no trace of the field
            del ordered[name]
    ordered |= _other_languages(record)
    if record.suggestions:
        ordered["suggestions"] = record.suggestions
    if record.source:
        ordered["source"] = record.source
    return ordered


_OWN_SPELLING = frozenset(
    {"title", "description", "countries", "budget", "participating_orgs", "related"}
)


def _other_languages(record: ProjectRecord) -> dict[str, str]:
    texts = {"title": record.titles, "description": record.descriptions}
    return {
        f"{name}_{language}": text
        for name, translations in texts.items()
        for language, text in translations.items()
        if language != record.language
    }


def plain(number: Decimal) -> str:
    """Return a number in full, without needless zeros: 900000, 12.5."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(number: Decimal | None) -> int | float | str | None:
    """Return the JSON number that is exactly this one, or a string if there is none."""
    if number is None:
        return None
    if number == number.to_integral_value():
        return int(number)
    return float(number) if Decimal(repr(float(number))) == number else plain(number)
