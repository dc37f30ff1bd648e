"""Needs assessments: how much assistance a country needs under a measure, and who says so.

The secretariat imports tables of them. A later import of the same assessment (country, measure,
source) takes the place of an earlier one; nothing is deleted, and an import can be taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.exchange.cells import Faulty
from registry.exchange.dates import read_date
from registry.exchange.plain_tables import PlainRow, read_plain_table
from registry.exchange.source import Source
from registry.exchange.values import LONGEST_TEXT, Unreadable, read_line
from registry.field_checks import too_long
from registry.folding import fold
from registry.history import record_change
from registry.messages import Message, message
from registry.models import Account, AssessedNeed, NeedImport, now
from registry.permissions import Actor, require
from registry.personal_data import suspicious_parts
from registry.web_addresses import is_web_address

COLUMNS = {
    "country": ("country", "pays", "país", "país o territorio"),
    "measure": ("measure", "mesure", "medida"),
    "need": ("need", "level", "besoin", "niveau", "necesidad", "nivel"),
    "source": ("source", "fuente", "assessment"),
    "date": ("date", "fecha", "assessed on"),
    "url": ("url", "link", "lien", "enlace"),
    "note": ("note", "remark", "remarque", "nota", "observación"),
}
"""Column -> names under which it is known."""
LEVELS = {
    "high": ("high", "élevé", "alta", "alto"),
    "medium": ("medium", "moyen", "media", "medio"),
    "low": ("low", "faible", "baja", "bajo"),
    "none": ("none", "no", "aucun", "ninguna", "ninguno"),
}
"""Level -> words for it, beside its label."""
NEEDED = ("country", "measure", "need", "source", "date")
MOST_ROWS = 20_000
LONGEST_SOURCE = 300
LONGEST_NOTE = 2_000
LONGEST_ADDRESS = 2_000
"""Letters."""
IMPORTS_LISTED = 50


@dataclass(frozen=True)
class NeedRecord:
    """One line of an assessment."""

    country: str
    measure: str
    level: str
    source: str
    assessed_on: date
    url: str | None = None
    note: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later line replaces."""
        return self.country, self.measure, fold(self.source)


@dataclass(frozen=True)
class RefusedRow:
    """A row that can't be taken in, what stood in it, and why."""

    number: int
    cells: Mapping[str, str]
    errors: Sequence[FieldError]


@dataclass(frozen=True)
class NeedsTable:
    """What a file says."""

    filename: str
    checksum: str
    records: list[NeedRecord]
    refused: list[RefusedRow]
    warnings: list[FieldError]


@dataclass(frozen=True)
class Need:
    """What an assessment says of a country and measure."""

    level: str
    source: str
    assessed_on: date
    url: str | None
    note: str | None


def read_needs(source: Source, today: date | None = None) -> NeedsTable:
    """Read a table of assessments; every row is a record or is refused.

    Raises Invalid for a file that is no such table.
    """
    table = read_plain_table(source, COLUMNS, NEEDED, MOST_ROWS)
    records: list[NeedRecord] = []
    refused: list[RefusedRow] = []
    rows_of: dict[tuple[str, str, str], int] = {}
    for row in table.rows:
        try:
            record = _read(row, today or now().date())
            if record.key in rows_of:
                said = message(
                    "Row {row} says the same country, measure and source. Keep one of the two.",
                    row=rows_of[record.key],
                )
                raise Invalid([FieldError("row", said)])
        except Invalid as error:
            cells = {column: str(cell) for column, cell in row.cells.items()}
            refused.append(RefusedRow(row.number, cells, error.errors))
        else:
            rows_of[record.key] = row.number
            records.append(record)
    return NeedsTable(source.filename, source.checksum(), records, refused, table.warnings)


async def import_needs(
    session: AsyncSession, actor: Actor, table: NeedsTable, *, without_refused: bool = False
) -> NeedImport:
    """Take in what a file says: all of it or, `without_refused`, what can be understood.

    Raises NotAllowed, and Invalid when rows are refused that are not to be left out, or when
    nothing is left.
    """
    require(actor, "registry.administer")
    if table.refused and not without_refused:
        raise Invalid([error for row in table.refused for error in row.errors])
    if not table.records:
        raise Invalid([FieldError("file", message("No row of the file can be taken in."))])
    taken = NeedImport(
        filename=table.filename, checksum=table.checksum, account_id=actor.account_id
    )
    session.add(taken)
    await session.flush()
    import_id = taken.id or 0
    session.add_all(AssessedNeed(import_id=import_id, **vars(record)) for record in table.records)
    await session.flush()
    after = {
        "filename": table.filename,
        "rows": len(table.records),
        "refused": len(table.refused),
    }
    await record_change(session, actor, "needs", import_id, "imported", {}, after)
    return taken


async def take_back(session: AsyncSession, actor: Actor, import_id: int) -> NeedImport:
    """Let an import say nothing any more; what it had replaced holds again.

    Raises NotAllowed, NotFound, and Conflict when somebody has done so already.
    """
    require(actor, "registry.administer")
    found = await session.get(NeedImport, import_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no import with this number.")
    if found.taken_back_at is not None:
        raise Conflict("Somebody else has taken this import back already.")
    found.taken_back_at, found.taken_back_by = now(), actor.account_id
    session.add(found)
    await session.flush()
    await record_change(
        session, actor, "needs", import_id, "taken back", {"filename": found.filename}, {}
    )
    return found


async def need_imports(session: AsyncSession) -> list[tuple[NeedImport, int, str | None]]:
    """Return the last imports with their number of rows and who made them, the newest first."""
    counted = (
        select(AssessedNeed.import_id, func.count().label("rows"))
        .group_by(col(AssessedNeed.import_id))
        .subquery()
    )
    rows = await session.exec(
        select(NeedImport, counted.c.rows, Account.name)
        .join(counted, counted.c.import_id == col(NeedImport.id))
        .outerjoin(Account, col(Account.id) == col(NeedImport.account_id))
        .order_by(col(NeedImport.id).desc())
        .limit(IMPORTS_LISTED)
    )
    return [(one, number, name) for one, number, name in rows]


async def assessed_needs(
    session: AsyncSession, country: str | None = None
) -> dict[tuple[str, str], list[Need]]:
    """Return country and measure -> what assessments say, the newest first; of a country or all.

    Of the assessments of one day, the one that sees most need comes first.
    """
    one_assessment = (
        col(AssessedNeed.country),
        col(AssessedNeed.measure),
        col(AssessedNeed.source),
    )
    held: Any = (
        select(AssessedNeed)
        .join(NeedImport, col(NeedImport.id) == col(AssessedNeed.import_id))
        .where(col(NeedImport.taken_back_at).is_(None))
        .ext(distinct_on(*one_assessment))
        .order_by(*one_assessment, col(AssessedNeed.import_id).desc())
    )
    if country is not None:
        held = held.where(AssessedNeed.country == country)
    newest: dict[tuple[str, str, str], AssessedNeed] = {}
    for row in await session.exec(held):
        # An assessment may be written another way in a later import: with a capital, an accent.
        key = row.country, row.measure, fold(row.source)
        if key not in newest or newest[key].import_id < row.import_id:
            newest[key] = row
    found: dict[tuple[str, str], list[Need]] = {}
    for row in newest.values():
        need = Need(row.level, row.source, row.assessed_on, row.url, row.note)
        found.setdefault((row.country, row.measure), []).append(need)
    levels = list(codelists.scheme("need_levels"))
    for needs in found.values():
        needs.sort(key=lambda one: (-one.assessed_on.toordinal(), levels.index(one.level)))
    return found


def _read(row: PlainRow, today: date) -> NeedRecord:
    """Parse a row. Raises Invalid with everything that is wrong with it."""
    if row.error is not None:
        raise Invalid([row.error])
    text, errors = _lines(row)
    wrong = {error.field for error in errors}
    errors += [
        FieldError(name, message("This is needed."))
        for name in NEEDED
        if not text.get(name) and name not in wrong
    ]
    country = codelists.find_country(text.get("country", ""))
    measure = _code(text.get("measure", ""), "measures")
    level = _level(text.get("need", ""))
    assessed_on, why_not = _day(row.cells.get("date"), today)
    checks: Iterable[tuple[str, bool, Message | None]] = (
        ("country", country is None, _UNKNOWN_COUNTRY),
        ("measure", measure is None, _UNKNOWN_MEASURE),
        ("need", level is None, _UNKNOWN_LEVEL),
        ("date", why_not is not None, why_not),
        ("source", len(text.get("source", "")) > LONGEST_SOURCE, too_long(LONGEST_SOURCE)),
        ("note", len(text.get("note", "")) > LONGEST_NOTE, too_long(LONGEST_NOTE)),
        ("url", not _is_address(text.get("url")), _NO_ADDRESS),
    )
    known = {error.field for error in errors}
    errors += [
        FieldError(name, why)
        for name, is_wrong, why in checks
        if is_wrong and why is not None and name not in known and text.get(name)
    ]
    errors += [FieldError("note", found) for found in suspicious_parts(text.get("note", ""))]
    if errors or country is None or measure is None or level is None or assessed_on is None:
        raise Invalid(errors)
    return NeedRecord(
        country, measure, level, text["source"], assessed_on, text.get("url"), text.get("note")
    )


def _lines(row: PlainRow) -> tuple[dict[str, str], list[FieldError]]:
    """Return what stands in each cell as a line of text, and what can't be read as one."""
    text: dict[str, str] = {}
    errors: list[FieldError] = []
    for name, cell in row.cells.items():
        if isinstance(cell, Faulty):
            errors.append(FieldError(name, cell.why))
            continue
        try:
            text[name] = read_line(cell, LONGEST_TEXT) or ""
        except Unreadable as error:
            errors.append(FieldError(name, error.message))
    return text, errors


_UNKNOWN_COUNTRY = message("This is no country. Write its code or its name: MD, MDA, Moldova.")
_UNKNOWN_MEASURE = message("This is no measure. Write its code, PROT-4, or its whole title.")
_UNKNOWN_LEVEL = message("Write high, medium, low or none.")
_NO_ADDRESS = message("Begin the address with https://.")
_IN_THE_FUTURE = message("This day has not come yet.")


def _code(text: str, scheme: str) -> str | None:
    """Return the code that a text is or names, in any language: 'prot-4', 'Besoin élevé'."""
    wanted = fold(text)
    for code, entry in codelists.scheme(scheme).items():
        if wanted and wanted in (fold(code), *(fold(label) for label in entry.labels.values())):
            return code
    return None


def _level(text: str) -> str | None:
    wanted = fold(text)
    in_a_word = (level for level, words in LEVELS.items() if wanted in map(fold, words))
    return next(in_a_word, None) or _code(text, "need_levels")


def _day(cell: Any, today: date) -> tuple[date | None, Message | None]:
    if cell is None or isinstance(cell, Faulty):
        return None, None
    try:
        day = read_date(cell)
    except Unreadable as error:
        return None, error.message
    return day, _IN_THE_FUTURE if day is not None and day > today else None


def _is_address(text: str | None) -> bool:
    return not text or (is_web_address(text) and len(text) <= LONGEST_ADDRESS)
