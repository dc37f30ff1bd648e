"""From the cells of a row, or the values of a JSON object, to a project record."""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

from registry import codelists
from registry.errors import FieldError
from registry.exchange import values
from registry.exchange.amounts import currency_beside, currency_named, is_shortened, read_amount
from registry.exchange.dates import read_date
from registry.exchange.record import (
    CODED_LISTS,
    COLUMNS,
    TRANSLATED,
    CountryShare,
    Parsed,
    Participant,
    ProjectRecord,
    Related,
    plain,
)
from registry.exchange.values import Unreadable
from registry.messages import Message, message

Value = TypeVar("Value")

_FURTHER_KEYS = frozenset({"id", "titles", "descriptions", "suggestions", "source"})
_MISSING = {
    "reporting_org": message(
        "The reporting organisation is missing. Write its name, acronym or IATI identifier."
    ),
    "title": message("The title is missing. Write one; it is what people search for."),
}


class RecordParser:
    """Reads one record; errors and warnings are collected on the way."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.errors: list[FieldError] = []
        self.warnings: list[FieldError] = []

    def parse(self) -> Parsed:
        """Return the record, or why there is none."""
        self._report_unknown_keys()
        language, titles, descriptions = self._texts()
        countries, regions = self._places()
        record = ProjectRecord(
            reporting_org=self._required(
                "reporting_org", self._read("reporting_org", values.read_name)
            ),
            titles=titles,
            descriptions=descriptions,
            language=language,
            identifier=self._read("identifier", values.read_name)
            or self._read("id", values.read_name, shown_as="identifier"),
            iati_identifier=self._read("iati_identifier", values.read_name),
            reporting_org_type=self._code("reporting_org_type", "organisation_types"),
            status=self._code("status", "statuses"),
            start_date=self._read("start_date", read_date),
            end_date=self._read("end_date", read_date),
            countries=countries,
            regions=regions,
            locations=self._items("locations", values.read_line),
            **{name: self._codes(name) for name in CODED_LISTS},
            budget=self._read("budget", read_amount),
            currency=self._currency(),
            participating_orgs=self._items("participating_orgs", _participant),
            related=self._items("related", _related),
            url=self._read("url", values.read_url),
            contact_name=self._read("contact_name", values.read_line),
            contact_email=self._read("contact_email", values.read_email),
            visibility=self._code("visibility", "visibilities") or "public",
            partner_contacts=self._read("partner_contacts", values.read_text),
            shelter_locations=self._read("shelter_locations", values.read_text),
            suggestions=self._suggestions(),
            source=self._source(),
        )
        self._required("title", record.title)
        errors, warnings = check_whole(record)
        self.errors += errors
        self.warnings += warnings
        return Parsed(None if self.errors else record, self.errors, self.warnings)

    def _error(self, field: str, why: Message) -> None:
        self.errors.append(FieldError(field, why))

    def _warn(self, field: str, what: Message) -> None:
        self.warnings.append(FieldError(field, what))

    def _report_unknown_keys(self) -> None:
        for key in self.raw:
            if (
                key not in COLUMNS
                and key not in _FURTHER_KEYS
                and not TRANSLATED.fullmatch(str(key))
            ):
                self._warn(
                    values.shown(key),
                    message(
                        "'{column}' is not a column that Convene knows; it was left out.",
                        column=values.shown(key),
                    ),
                )

    def _read(
        self, name: str, read: Callable[[Any], Value | None], shown_as: str | None = None
    ) -> Value | None:
        try:
            return read(self.raw.get(name))
        except Unreadable as unreadable:
            self._error(shown_as or name, unreadable.message)
            return None

    def _required(self, name: str, value: str | None) -> str:
        if not value and not any(error.field == name for error in self.errors):
            self._error(name, _MISSING[name])
        return value or ""

    def _code(self, name: str, scheme: str) -> str | None:
        return self._read(name, lambda value: values.read_code(value, scheme))

    def _codes(self, scheme: str) -> list[str]:
        return self._items(scheme, lambda value: values.read_code(value, scheme))

    def _items(self, name: str, read: Callable[[Any], Value | None]) -> list[Value]:
        """Read a list; each value that can't be read is an error, a repeated one counts once."""
        found: list[Value] = []
        for item in self._read(name, values.read_list) or []:
            try:
                several = _one_or_several(item, read)
            except Unreadable as unreadable:
                self._error(name, unreadable.message)
                continue
            for value in several:
                if value is not None and value not in found:
                    found.append(value)
        return found

    def _texts(self) -> tuple[str, dict[str, str], dict[str, str]]:
        """Return the language, and the titles and descriptions by language."""
        titles = self._translations("title", values.read_line)
        descriptions = self._translations("description", values.read_text)
        title = self._read("title", values.read_line)
        description = self._read("description", values.read_text)
        language = self._read("language", values.read_language)
        if language is None:
            known = next(iter(titles), "en")
            language = "en" if title or "en" in titles else known
        if title:
            titles = {language: title} | {k: v for k, v in titles.items() if k != language}
        if description:
            descriptions = {language: description} | {
                k: v for k, v in descriptions.items() if k != language
            }
        return language, titles, descriptions

    def _translations(self, name: str, read: Callable[[Any], str | None]) -> dict[str, str]:
        """Collect title_fr and titles["fr"]; the column wins where both are there."""
        whole = self.raw.get(f"{name}s")
        if whole is not None and not isinstance(whole, dict):
            self._error(f"{name}s", message("This has to be an object: language -> text."))
            whole = None
        given: dict[str, Any] = {str(language): text for language, text in (whole or {}).items()}
        for key, value in self.raw.items():
            if (match := TRANSLATED.fullmatch(str(key))) and match[1] == name:
                given[match[2]] = value
        texts = {}
        for spelt, value in given.items():
            try:
                language, text = values.read_language(spelt), read(value)
            except Unreadable as unreadable:
                self._error(f"{name}_{values.shown(spelt, 20)}", unreadable.message)
                continue
            if language and text:
                texts[language] = text
        return texts

    def _places(self) -> tuple[list[CountryShare], list[str]]:
        """Return countries with shares, and regions; either may stand in either column."""
        shares: dict[str, Decimal | None] = {}
        regions: dict[str, None] = {}
        for name in ("countries", "regions"):
            for item in self._read(name, values.read_list) or []:
                try:
                    places = _one_or_several(item, _place)
                except Unreadable as unreadable:
                    self._error(name, unreadable.message)
                    continue
                for code, is_region, percentage in places:
                    if is_region:
                        regions[code] = None
                    elif shares.get(code) is None:
                        shares[code] = percentage
        known = [share for share in shares.values() if share is not None]
        if sum(known) > Decimal("100.5"):
            self._error(
                "countries",
                message(
                    "The percentages add up to {total}. They must not exceed 100 together.",
                    total=plain(sum(known, Decimal(0))),
                ),
            )
        return [CountryShare(code, share) for code, share in shares.items()], list(regions)

    def _currency(self) -> str | None:
        """Return the currency of its own field, else the one that stands beside the budget."""
        own = self._read("currency", _read_currency)
        budget = self.raw.get("budget")
        beside = currency_beside(budget)
        if own and beside and own != beside:
            self._error(
                "currency",
                message(
                    "The budget says {beside}, the currency {own}. Correct one of the two.",
                    beside=beside,
                    own=own,
                ),
            )
        if is_shortened(budget):
            self._warn(
                "budget",
                message(
                    "'{value}' is shortened, as spreadsheets do in narrow columns, and may have "
                    "lost digits. Write the number in full if it is not exact.",
                    value=values.shown(budget, 40),
                ),
            )
        return own or beside

    def _suggestions(self) -> dict[str, list[str]]:
        given = self.raw.get("suggestions")
        if not isinstance(given, dict):
            return {}
        found = {}
        for scheme, codes in given.items():
            if scheme in CODED_LISTS and isinstance(codes, list):
                known = codelists.scheme(scheme)
                found[scheme] = [code for code in codes if isinstance(code, str) and code in known]
        return found

    def _source(self) -> dict[str, Any]:
        given = self.raw.get("source")
        if given in (None, ""):
            return {}
        if not isinstance(given, dict):
            self._error("source", message("This has to be an object."))
            return {}
        try:
            return {str(key): storable(value) for key, value in given.items()}
        except Unreadable as unreadable:
            self._error("source", unreadable.message)
            return {}


def check_whole(record: ProjectRecord) -> tuple[list[FieldError], list[FieldError]]:
    """Check what concerns several fields at once, and take pillars from measures.

    Returns (errors, warnings).
    """
    errors, warnings = [], []
    if record.start_date and record.end_date and record.end_date < record.start_date:
        errors.append(
            FieldError(
                "end_date",
                message(
                    "The project ends ({end}) before it starts ({start}). Correct one of the two.",
                    end=record.end_date.isoformat(),
                    start=record.start_date.isoformat(),
                ),
            )
        )
    if record.budget is not None and record.currency is None:
        warnings.append(
            FieldError(
                "currency",
                message(
                    "The budget has no currency, so it does not count in totals. "
                    "Add the three letters of ISO 4217, such as USD."
                ),
            )
        )
    if record.measures and not record.pillars:
        record.pillars = list(dict.fromkeys(codelists.pillar_of(m) for m in record.measures))
        warnings.append(
            FieldError(
                "pillars",
                message(
                    "The pillars were taken from the measures: {pillars}.",
                    pillars=", ".join(record.pillars),
                ),
            )
        )
    return errors, warnings


def storable(value: Any, depth: int = 0) -> Any:
    """Return a JSON value that the database can hold. Raises Unreadable for what it can't."""
    if depth > 20:
        raise Unreadable(message("The source is nested too deeply."))
    if isinstance(value, str):
        return values.read_text(value, longest=1_000_000) or ""
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(message("The source holds a number that is not one (NaN or infinity)."))
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(storable(str(k))): storable(v, depth + 1) for k, v in value.items()}
    return value


def _one_or_several(item: Any, read: Callable[[Any], Value]) -> list[Value]:
    """Read a value; one that can't be read may be several with commas between, all readable."""
    try:
        return [read(item)]
    except Unreadable:
        parts = item.split(",") if isinstance(item, str) else []
        if len(parts) > 1:
            with suppress(Unreadable):
                return [read(part) for part in parts if part.strip()]
        raise


_SHARE = re.compile(r"(?P<place>.*[^\d.,])(?P<share>\d+(?:[.,]\d+)?) ?% ?\)?")
"""Moldova (60 %), MD 60%: only with the sign, for a region's code is a number too."""


def _place(item: Any) -> tuple[str, bool, Decimal | None]:
    """Return (code, is it a region, percentage) of MD:60, of Moldova (60 %) or of an object."""
    if isinstance(item, dict):
        code, percentage = item.get("code"), item.get("percentage")
    else:
        text = values.read_line(item) or ""
        if ":" not in text and (share := _SHARE.fullmatch(text)):
            code, percentage = share["place"].rstrip(" (=–-"), share["share"]
        else:
            code, _, percentage = text.partition(":")
    return (*values.read_place(code), values.read_percentage(percentage))


def _read_currency(value: Any) -> str | None:
    text = values.read_line(value)
    if text is None:
        return None
    if code := currency_named(text):
        return code
    raise Unreadable(
        message(
            "'{value}' is not a currency. Use the three letters of ISO 4217, such as USD or EUR.",
            value=text[:40],
        )
    )


def _participant(item: Any) -> Participant | None:
    role, name = _pair(item, "role", ("name",), "participating_orgs")
    return Participant(values.read_code(role, "participation_roles") or "", name)


def _related(item: Any) -> Related | None:
    type_, identifier = _pair(item, "type", ("id", "identifier"), "related")
    name = values.read_name(identifier) or ""
    return Related(values.read_code(type_, "relation_types") or "", name)


_EXAMPLES = {
    "participating_orgs": "funding=Sweden;implementing=La Strada Moldova",
    "related": "joint-programme=XM-DAC-41128-77",
}


def _pair(item: Any, kind: str, names: tuple[str, ...], column: str) -> tuple[str, str]:
    """Return (role or type, name or identifier) of `role=name` or of an object."""
    if isinstance(item, dict):
        left = values.read_line(item.get(kind))
        right = values.read_line(next((item[name] for name in names if item.get(name)), None))
    else:
        before, _, after = (values.read_line(item) or "").partition("=")
        left, right = before.strip(), after.strip()
    if not left or not right:
        raise Unreadable(
            message(
                "'{value}' can't be read. Write it as {example}.",
                value=values.shown(item, 80),
                example=_EXAMPLES[column],
            )
        )
    return left, right
