"""`convene import`, `validate` and `export`: projects come in, are checked, go out."""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Conflict, FieldError, Invalid, Unavailable
from registry.exchange.exporting import EXTENSIONS, export_projects
from registry.exchange.source import FORMATS
from registry.exchange.validation import Validation, validate_file
from registry.imports import items as planned
from registry.imports import runs
from registry.imports.plan import Report
from registry.imports.progress import progress_of
from registry.imports.refused_files import formats_for, refused_file
from registry.imports.uploads import existing
from registry.imports.worker import claim, work_on
from registry.messages import Message, message
from registry.models import Import
from registry.organisations import find_organisation
from registry.permissions import COMMAND_LINE
from search import sync
from search.engine import open_engine
from search.query import MAX_SIZE, Query
from web.commands.console import Console, open_database
from web.commands.finding import IN_STEP, add_filters, open_index, query_of
from web.commands.resuming import check_options, where_it_stands
from web.inquiries import inquiry_of
from web.project_search import organisation_labels, organisations_in

COUNTS = ("created", "updated", "unchanged", "drafts", "not_relevant", "refused")
MOST_ROUNDS = 3
"""How often a plan that was overtaken is made anew before it is given up."""
PATIENCE = 50
"""Tenths of a second to wait for an import that another process holds."""
MOST_LINES = 50
"""Messages that are shown in words; --json has all of them."""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the commands and their arguments."""
    into = commands.add_parser(
        "import", parents=[shared], help="register the projects of files, all or nothing per file"
    )
    into.add_argument("files", nargs="+", metavar="FILE", type=Path)
    into.add_argument("--format", choices=FORMATS, help="(default: told by the content)")
    into.add_argument(
        "--as",
        dest="organisation",
        metavar="ORG",
        help="who reports the projects that name no reporting organisation",
    )
    into.add_argument(
        "--all", action="store_true", help="take IATI activities that are about other things too"
    )
    into.add_argument("--draft", action="store_true", help="publish nothing: keep all as drafts")
    into.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
    into.add_argument(
        "--refused",
        metavar="FOLDER",
        type=Path,
        help="write what is refused there, with the reasons, to be mended and imported again",
    )
    into.add_argument(
        "--resume",
        action="store_true",
        help="go on where an interrupted import of the same files was",
    )
    into.set_defaults(run=run_import)

    validate = commands.add_parser(
        "validate", parents=[shared], help="check files as an import would, without a database"
    )
    validate.add_argument("files", nargs="+", metavar="FILE", type=Path)
    validate.add_argument("--format", choices=FORMATS, help="(default: told by the content)")
    validate.set_defaults(run=run_validate)

    export = commands.add_parser("export", parents=[shared], help="write projects into a file")
    add_filters(export)
    export.add_argument("--format", required=True, choices=tuple(EXTENSIONS))
    export.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="(default: stdout, whatever --json says)"
    )
    export.set_defaults(run=run_export)


async def run_import(options: argparse.Namespace, console: Console) -> int:
    """Plan and apply file after file; a file that can't be read does not stop the others."""
    counts: Counter[str] = Counter()
    errors: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    async with open_database() as database:
        default = await _organisation(database, options.organisation)
        for file in options.files:
            try:
                report = await _import_one(database, file, default, options, console)
            except Invalid as error:
                errors += [_file_error(file, field) for field in error.errors]
                continue
            counts.update(report.counts)
            errors += report.errors
            warnings += report.warnings
        if not options.dry_run:
            await _index(database, console)
    summary = {name: counts[name] for name in COUNTS}
    console.result(
        summary | {"warnings": warnings, "errors": errors},
        _in_words(summary, errors, warnings, dry_run=options.dry_run),
    )
    return 1 if errors else 0


async def _organisation(database: Database, name: str | None) -> int | None:
    if name is None:
        return None
    async with database.session() as session:
        organisation = await find_organisation(session, name)
    if organisation is None:
        unknown = message("There is no organisation called '{name}'.", name=name)
        raise Invalid([FieldError("as", unknown)])
    return organisation.id


async def _import_one(
    database: Database,
    file: Path,
    organisation: int | None,
    options: argparse.Namespace,
    console: Console,
) -> Report:
    """Plan a file and apply the plan. Raises Invalid when nothing of it can be used."""
    run, resumed = await _begin(database, file, organisation, options)
    if resumed:
        console.say(where_it_stands(run))
    if run.state == "applying" and options.dry_run:
        async with database.session() as session:
            return await planned.report(session, run.id, file.name)
    with console.progress(file.name) as progress:

        def show(run: Import) -> None:
            now = progress_of(run)
            progress(now.done, now.total, now.share, now.rate, now.seconds_left)

        run = await _work(database, run, show)
        for _ in range(MOST_ROUNDS):
            if run.state != "planned" or options.dry_run:
                break
            async with database.session() as session:
                await runs.ask_to_apply(session, COMMAND_LINE, run.id)
            run = await _work(database, run, show)
    if run.state == "planned" and not options.dry_run:
        changed = " ".join(str(Message(s["template"], s["params"])) for s in run.overtaken_by)
        raise Conflict(
            f"{file.name} was not imported: what it is about is changed by others at this moment. "
            f"{changed} Try again."
        )
    async with database.session() as session:
        report = await planned.report(session, run.id, file.name)
        if options.refused is not None and run.counts.get("refused"):
            await _write_refused(session, run, options.refused, console)
        if not (resumed and options.dry_run):
            await runs.forget(session, run)
    return report


async def _write_refused(
    session: AsyncSession, run: Import, folder: Path, console: Console
) -> None:
    """Write all refused records of a file beside each other, in the handiest form there is."""
    form = formats_for(run)[0]
    path = folder / f"{run.filename}.refused{EXTENSIONS[form]}"
    folder.mkdir(parents=True, exist_ok=True)
    await _write(path, refused_file(session, run, form))
    console.say(f"Mend what was refused of {run.filename} and import it: {path}")


async def _write(path: Path, pieces: AsyncIterator[bytes]) -> None:
    """Write a file that is there whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with open(unfinished, "wb") as file:
            async for piece in pieces:
                file.write(piece)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


async def _begin(
    database: Database, file: Path, organisation: int | None, options: argparse.Namespace
) -> tuple[Import, bool]:
    """Begin an import, or go on with one of the same file that was broken off (True).

    Raises Invalid when the options are others than those it was begun with.
    """
    stored = existing(file)
    async with database.session() as session:
        begun = await runs.unfinished_of(session, stored.path, stored.checksum)
        if begun is not None and options.resume:
            await check_options(session, begun, organisation, options)
            if not options.dry_run:
                begun.attempts = 0
                session.add(begun)
            return begun, True
    if begun is not None:
        async with claim(database, begun.id) as mine, database.session() as session:
            if not mine:
                raise Conflict(f"Another process works on {file.name} at this moment.")
            await runs.forget(session, begun)
    async with database.session() as session:
        begun = await runs.begin_import(
            session,
            COMMAND_LINE,
            stored,
            file.name,
            format=options.format,
            organisation_id=organisation,
            all_activities=options.all,
            as_drafts=options.draft,
        )
    return begun, False


async def _work(database: Database, run: Import, show: Callable[[Import], None]) -> Import:
    """Do the next half of an import. Raises Invalid when it failed, Conflict if it is cancelled."""
    for _ in range(PATIENCE):  # a process that was killed a moment ago may still hold it
        run = await work_on(database, run.id, show)
        if run.state not in runs.WORKING:
            break
        await asyncio.sleep(0.1)
    if run.state == "failed":
        async with database.session() as session:
            await runs.forget(session, run)
        raise Invalid([planned.error_from(said) for said in run.error])
    if run.state in runs.WORKING:
        raise Conflict(f"Another process works on {run.filename} at this moment.")
    if run.state == "cancelled":
        raise Conflict(f"The import of {run.filename} was cancelled.")
    return run


async def _index(database: Database, console: Console) -> None:
    """Bring the search index up to date, unless a server does that anyway."""
    try:
        engine = await open_engine()
    except Unavailable as error:
        console.say(f"The projects are stored, but not yet in the search index: {error}")
        return
    try:
        await sync.catch_up(database, engine)
        await sync.in_step(database, IN_STEP)
    except Unavailable as error:
        console.say(f"The projects are stored, but not yet in the search index: {error}")
    finally:
        await engine.close()


def _file_error(file: Path, error: FieldError) -> dict[str, Any]:
    return {
        "file": file.name,
        "row": None,
        "identifier": None,
        "field": error.field,
        "message": str(error.message),
    }


def _in_words(
    counts: dict[str, int],
    errors: list[dict[str, Any]],
    warnings: list[dict[str, Any]],
    *,
    dry_run: bool = False,
) -> list[str]:
    said = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    lines = [f"{'Would be' if dry_run else 'Done'}: {said}"]
    for title, messages in (("Refused", errors), ("Note", warnings)):
        lines += [f"{title}: {_one(entry)}" for entry in messages[:MOST_LINES]]
        if len(messages) > MOST_LINES:
            lines.append(f"... and {len(messages) - MOST_LINES:,} more (--json has all of them)")
    return lines


def _one(entry: dict[str, Any]) -> str:
    place = next((f" {kind} {entry[kind]}" for kind in ("row", "line") if entry.get(kind)), "")
    known = f" ({entry['identifier']})" if entry.get("identifier") else ""
    return f"{entry['file']}{place}{known}: {entry['field']}: {entry['message']}"


async def run_validate(options: argparse.Namespace, console: Console) -> int:
    """Check files; nothing is opened but the files."""
    checked: list[Validation] = [validate_file(file, options.format) for file in options.files]
    errors = [error for one in checked for error in one.errors]
    warnings = [warning for one in checked for warning in one.warnings]
    records = sum(one.records for one in checked)
    verdict = "valid" if not errors else f"not valid: {len(errors):,} errors"
    console.result(
        {"valid": not errors, "records": records, "errors": errors, "warnings": warnings},
        [
            f"{records:,} records, {verdict}",
            *_in_words({}, errors, warnings)[1:],
        ],
    )
    return 1 if errors else 0


async def run_export(options: argparse.Namespace, console: Console) -> int:
    """Write the projects that a search finds, as the secretariat may read them."""
    async with open_database() as database, database.session() as session:
        query = await query_of(options, session, 1, MAX_SIZE)
        names = await organisation_labels(session, organisations_in(query))
        inquiry = inquiry_of(query, COMMAND_LINE, names)
        ids = await _found(database, query)
        pieces = export_projects(session, COMMAND_LINE, ids, options.format, inquiry)
        if options.output is None:
            async for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return 0
        await _write(options.output, pieces)
    console.result(
        {"projects": len(ids), "format": options.format, "file": str(options.output)},
        [f"{options.output}: {len(ids):,} projects"],
    )
    return 0


async def _found(database: Database, query: Query) -> list[int]:
    """Return the ids of all hits, in their order."""
    ids: list[int] = []
    async with open_index(database) as engine:
        while True:
            page = await engine.search(query)
            ids += [hit.id for hit in page.hits]
            if query.page >= page.pages:
                return ids
            query = replace(query, page=query.page + 1)
