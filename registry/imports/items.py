"""The records of an import and what becomes of each, stored so that work can be taken up again."""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.copying import copy_rows
from registry.errors import FieldError
from registry.exchange.record import ProjectRecord
from registry.imports.plan import MOST_MESSAGES, OUTCOMES, WRITTEN, Alike, Item, Report, Similar
from registry.messages import Message, message
from registry.models import ImportItem

_ENCODE = msgspec.json.Encoder()
_DECODE = msgspec.json.Decoder(ProjectRecord)
_JSON = json.JSONEncoder(default=str)


def dump(record: ProjectRecord) -> bytes:
    """Return a record as JSON, without loss."""
    return _ENCODE.encode(record)


def load(data: bytes) -> ProjectRecord:
    """Return the record that `dump` wrote."""
    return _DECODE.decode(data)


def digest(*parts: bytes | str) -> bytes:
    """Return 12 bytes that stand for these."""
    made = hashlib.blake2b(digest_size=12)
    for part in parts:
        made.update(part if isinstance(part, bytes) else part.encode("utf-8", "replace"))
        made.update(b"\n")
    return made.digest()


async def store(session: AsyncSession, import_id: str, items: Iterable[Item]) -> None:
    """Add items, in the transaction of the session."""
    await copy_rows(session, ImportItem, [_row(import_id, item) for item in items])


def _row(import_id: str, item: Item) -> dict[str, Any]:
    writes = item.outcome in WRITTEN and item.record is not None
    return {
        "import_id": import_id,
        "index": item.index,
        "outcome": item.outcome,
        "kind": item.kind,
        "number": item.number,
        "identifier": item.identifier,
        "title": item.title,
        "organisation": item.organisation,
        "organisation_id": item.organisation_id,
        "project_id": item.project_id,
        "version": item.version,
        "draft": item.draft,
        "publish": item.publish,
        "remarks": bool(item.warnings),
        "key": item.key,
        "digest": item.digest,
        "detail": detail_of(item),
        "record": dump(item.record) if writes and item.record is not None else None,
    }


def detail_of(item: Item) -> bytes:
    """Return what is stored of an item as JSON: what pages show and nobody searches by."""
    whole = {
        "missing": [said_of(error) for error in item.missing],
        "differences": {name: list(pair) for name, pair in item.differences.items()},
        "errors": [said_of(error) for error in item.errors],
        "warnings": [said_of(warning) for warning in item.warnings],
        "reasons": [reason.as_json() for reason in item.reasons],
        "similar": [asdict(one) for one in item.similar],
        "alike": [asdict(one) for one in item.alike],
        "organisation_ref": item.organisation_ref,
        "raw": item.raw if item.outcome == "refused" else {},
    }
    return _JSON.encode({name: value for name, value in whole.items() if value}).encode()


def said_of(error: FieldError) -> dict[str, Any]:
    """Return an error in a form that can be stored as JSON; `error_from` reads it back."""
    return {"field": error.field, "said": error.message.as_json()}


def error_from(said: dict[str, Any]) -> FieldError:
    """Return the error that was stored in this form."""
    return FieldError(said["field"], Message(said["said"]["template"], said["said"]["params"]))


def item_from(row: Any) -> Item:
    """Return the item that was stored as this row, with what was found out about its twins."""
    detail = json.loads(row.detail)
    item = Item(
        row.outcome,
        row.kind,
        row.number,
        row.index,
        identifier=row.identifier,
        title=row.title,
        organisation=row.organisation,
        organisation_id=row.organisation_id,
        project_id=row.project_id,
        version=row.version,
        organisation_ref=detail.get("organisation_ref"),
        publish=row.publish,
        draft=row.draft,
        missing=[error_from(said) for said in detail.get("missing", ())],
        differences={name: (a, b) for name, (a, b) in detail.get("differences", {}).items()},
        errors=[error_from(said) for said in detail.get("errors", ())],
        warnings=[error_from(said) for said in detail.get("warnings", ())],
        reasons=[Message(r["template"], r["params"]) for r in detail.get("reasons", ())],
        similar=[Similar(**one) for one in detail.get("similar", ())],
        alike=[Alike(**one) for one in detail.get("alike", ())],
        record=load(row.record) if row.record is not None else None,
        raw=detail.get("raw", {}),
        key=row.key,
        digest=row.digest,
    )
    if row.twins:
        if item.outcome == "refused":
            item.errors.append(_collision(row))
        else:
            item.warnings.append(_repetition(row))
    return item


def _collision(row: Any) -> FieldError:
    numbers = [number for number in row.twins or () if number != row.number] or [row.number]
    return FieldError(
        "identifier",
        message(
            "Another record of this file has the same identifier and differs ({kind} "
            "{numbers}). Give each project its own identifier, or leave one of them out.",
            kind=row.kind,
            numbers=", ".join(str(number) for number in numbers[:5]),
        ),
    )


def _repetition(row: Any) -> FieldError:
    return FieldError(
        "identifier",
        message(
            "The same record stands in {kind} {number} already; it counts once.",
            kind=row.kind,
            number=(row.twins or [0])[0],
        ),
    )


_COLLISIONS = text(
    """
    WITH g AS MATERIALIZED (
        SELECT key, (array_agg(number ORDER BY index))[1:6] AS numbers
        FROM import_item WHERE import_id = :id AND key IS NOT NULL AND outcome <> 'refused'
        GROUP BY key
        HAVING count(*) > 1 AND count(DISTINCT digest) > 1 AND bool_or(outcome <> 'not_relevant')
    )
    UPDATE import_item i
    SET outcome = 'refused', twins = g.numbers, draft = false, publish = false
    FROM g
    WHERE i.import_id = :id AND i.key = g.key AND i.outcome <> 'refused'
    """
)
_REPETITIONS = text(
    """
    WITH g AS MATERIALIZED (
        SELECT key, min(index) AS first, (array_agg(number ORDER BY index))[1:1] AS numbers
        FROM import_item WHERE import_id = :id AND key IS NOT NULL AND outcome <> 'refused'
        GROUP BY key HAVING count(*) > 1 AND count(DISTINCT digest) = 1
    )
    UPDATE import_item i
    SET outcome = 'unchanged', twins = g.numbers, draft = false, publish = false, record = NULL,
        remarks = true
    FROM g
    WHERE i.import_id = :id AND i.key = g.key AND i.index > g.first
      AND i.outcome IN ('created', 'updated', 'unchanged')
    """
)


async def settle_twins(session: AsyncSession, import_id: str) -> None:
    """Refuse records that claim one identifier and differ; count those that repeat another once."""
    connection = await session.connection()
    # The planner knows nothing yet of rows that were copied in a moment ago, takes them for few,
    # and would compare each with each.
    await connection.execute(text("SET LOCAL enable_nestloop = off"))
    await connection.execute(_COLLISIONS, {"id": import_id})
    await connection.execute(_REPETITIONS, {"id": import_id})
    await connection.execute(text("SET LOCAL enable_nestloop = on"))


async def count(session: AsyncSession, import_id: str) -> Counter[str]:
    """Return outcome -> records; how many of them are drafts, and how many may overlap."""
    connection = await session.connection()
    rows = await connection.execute(
        text(
            "SELECT outcome, count(*), count(*) FILTER (WHERE draft), "
            "count(*) FILTER (WHERE may_overlap) FROM import_item "
            "WHERE import_id = :id GROUP BY outcome"
        ),
        {"id": import_id},
    )
    counts: Counter[str] = Counter()
    for outcome, number, drafts, overlapping in rows:
        counts[outcome] = number
        counts["drafts"] += drafts
        counts["may_overlap"] += overlapping
    return counts


async def last_index(session: AsyncSession, import_id: str) -> int:
    """Return how many records of the file are planned; they are planned in order."""
    connection = await session.connection()
    found = await connection.scalar(
        text("SELECT max(index) FROM import_item WHERE import_id = :id"), {"id": import_id}
    )
    return found or 0


async def items_of(
    session: AsyncSession,
    import_id: str,
    outcomes: Sequence[str],
    *,
    after: int = 0,
    limit: int = 1_000,
    remarks: bool = False,
) -> list[Item]:
    """Return up to `limit` items with one of these outcomes, in order, after an index."""
    table = ImportItem.__table__  # type: ignore[attr-defined]
    query = select(table).where(
        table.c.import_id == import_id, table.c.outcome.in_(outcomes), table.c.index > after
    )
    if remarks:
        query = query.where(table.c.remarks)
    connection = await session.connection()
    rows = await connection.execute(query.order_by(table.c.index).limit(limit))
    return [item_from(row) for row in rows]


async def each_chunk(
    session: AsyncSession, import_id: str, outcomes: Sequence[str], size: int = 1_000
) -> AsyncIterator[list[Item]]:
    """Yield all items with one of these outcomes, in order, piece by piece."""
    after = 0
    while chunk := await items_of(session, import_id, outcomes, after=after, limit=size):
        yield chunk
        after = chunk[-1].index


async def report(session: AsyncSession, import_id: str, filename: str) -> Report:
    """Return counts and messages of an import."""
    made = Report(filename, await count(session, import_id))
    for item in await items_of(session, import_id, ("refused",), limit=MOST_MESSAGES):
        made.take(made.errors, item.errors, item.kind, item.number, item.identifier)
    for item in await items_of(session, import_id, OUTCOMES, limit=MOST_MESSAGES, remarks=True):
        made.take(made.warnings, item.warnings, item.kind, item.number, item.identifier)
    return made
