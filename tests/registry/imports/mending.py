"""What people do with refused records: take them home, mend a few cells, bring them again."""

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import python_calamine
import xlsxwriter
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.imports.refused_files import refused_file
from registry.imports.whole import apply_import, plan_file
from registry.models import Import, Project
from registry.permissions import COMMAND_LINE, Actor
from registry.projects import load_records

Changes = Mapping[str, Mapping[str, Any]]
"""Identifier, or title of a record without one -> column -> what is written there."""


async def brought(
    session: AsyncSession, data: bytes, name: str, actor: Actor = COMMAND_LINE, **options: Any
) -> tuple[Import, dict[str, bytes]]:
    """Import a file; return the import, and its refused records in each form there is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        run = await plan_file(session, actor, path, **options)
        await apply_import(session, actor, run)
        forms = ("xlsx", "csv", *(["jsonl"] if run.format == "jsonl" else []))
        refused = {form: await taken_home(session, run, form) for form in forms}
    return run, refused


async def taken_home(session: AsyncSession, run: Import, form: str, language: str = "en") -> bytes:
    pieces = refused_file(session, run, form, language=language)
    return b"".join([piece async for piece in pieces])


def mended(data: bytes, form: str, changes: Changes) -> bytes:
    """Write into some cells, as people do in a spreadsheet, or into some values of a line."""
    if form == "jsonl":
        lines = [json.loads(line) for line in data.splitlines()]
        return "".join(f"{json.dumps(line | _meant(line, changes))}\n" for line in lines).encode()
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(row | {k: str(v) for k, v in _meant(row, changes).items()} for row in rows)
        return text.getvalue().encode()
    return _workbook([row | _meant(row, changes) for row in rows_of_workbook(data)])


def _meant(row: Mapping[str, Any], changes: Changes) -> Mapping[str, Any]:
    return changes.get(str(row.get("identifier")), changes.get(str(row.get("title")), {}))


def rows_of_workbook(data: bytes) -> list[dict[str, Any]]:
    """The rows of a workbook, by the names above the columns."""
    book = python_calamine.load_workbook(io.BytesIO(data))
    header, *lines = book.get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, header), line, strict=True)) for line in lines]


def _workbook(rows: list[dict[str, Any]]) -> bytes:
    """Save the table as a spreadsheet does: dates are dates, numbers are numbers."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"strings_to_formulas": False, "strings_to_urls": False})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(rows[0]))
    for down, row in enumerate(rows, 1):
        for across, value in enumerate(row.values()):
            if isinstance(value, date | datetime):
                sheet.write_datetime(down, across, value, day)
            elif value != "":
                sheet.write(down, across, value)
    book.close()
    return buffer.getvalue()


async def stored(session: AsyncSession) -> dict[str, ProjectRecord]:
    """All projects of the registry by their identifiers."""
    ids = [id for id in await session.exec(select(Project.id)) if id]
    records = await load_records(session, ids)
    return {str(record.identifier): record for record in records.values()}
