"""Working on imports, in this process or in one of its own, so that any of them may be killed.

    python -m registry.imports.worker IMPORT

Planning is stored a thousand records at a time and goes on after the last one stored. Applying is
one transaction: killed, it is as if it had not begun, and begins again. Whoever works on an import
holds a lock of its database connection, which PostgreSQL gives back when the process is gone, so
that nothing is done twice.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

import structlog
from sqlalchemy import text, update
from sqlmodel import and_, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Conflict, ConveneError, FieldError, Invalid, NotAllowed
from registry.exchange.parallel import collect_rarely
from registry.imports import applying, overlaps, planning, runs
from registry.imports.items import digest, said_of
from registry.imports.overtaken import what_changed
from registry.messages import Message, message
from registry.models import Import, now
from registry.permissions import Actor

MOST_ATTEMPTS = 3
"""How often work on an import may end in the middle before it is given up."""
ABANDONED = timedelta(minutes=1)
"""After that, work that somebody waited for is looked after by the server."""
HELD = 75
"""What the process exits with when another one works on the import: try again later."""
COMPARED_AT_ONCE, COMPARED_APART = 3.0, 600.0
"""Seconds that new projects are compared for: in a request, which the server then relieves; and by
the server, before the plan is shown without the rest."""
Progress = Callable[[Import], None]

log = structlog.get_logger()


class Cancelled(ConveneError):
    """Somebody cancelled the import while it was worked on."""


async def work_on(database: Database, import_id: str, progress: Progress | None = None) -> Import:
    """Do what there is to do for an import, and return what became of it.

    What is wrong with the file, or with the rights of the person, ends in the import's `error`;
    other failures are raised, and the import can be taken up again.
    """
    async with claim(database, import_id) as mine:
        if not mine:
            return await _read(database, import_id)
        run = await _read(database, import_id)
        try:
            run = await _attempt(database, import_id)
            apart = run.in_background
            while run.state in runs.WORKING and run.in_background == apart:
                if run.state == "planning":
                    await _plan(database, run, progress)
                else:
                    await _apply(database, run, progress)
                run = await _read(database, import_id)
        except asyncio.CancelledError:  # the server stops; that is no failure of the file
            await _note_apart(database, run, attempts=max(run.attempts - 1, 0))
            raise
        except Cancelled:
            log.info("import cancelled", id=import_id)
        except Invalid as error:
            await _fail(database, import_id, list(error.errors))
        except NotAllowed as error:
            await _fail(database, import_id, [FieldError("file", Message(str(error)))])
        return await _read(database, import_id)


@asynccontextmanager
async def claim(database: Database, import_id: str) -> AsyncIterator[bool]:
    """Hold an import for this connection, or tell that somebody else holds it."""
    key = int.from_bytes(digest(import_id)[:8], "big", signed=True)
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        mine = bool(await connection.scalar(text("SELECT pg_try_advisory_lock(:k)"), {"k": key}))
        try:
            yield mine
        finally:
            if mine:
                await connection.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": key})


async def _read(database: Database, import_id: str) -> Import:
    async with database.session() as session:
        run = await session.get(Import, import_id)
        if run is None:
            raise Cancelled("The import is gone.")
        return run


async def _attempt(database: Database, import_id: str) -> Import:
    """Count this attempt; an import that ends every process that works on it is given up."""
    async with database.session() as session:
        run = await session.get(Import, import_id, with_for_update=True)
        if run is None:
            raise Cancelled("The import is gone.")
        if run.state in runs.WORKING:
            run.attempts += 1
            session.add(run)
    if run.attempts > MOST_ATTEMPTS:
        raise Invalid(
            [
                FieldError(
                    "file",
                    message(
                        "The work on this file was broken off {times} times. Tell the people who "
                        "run Convene; nothing of it was written.",
                        times=MOST_ATTEMPTS,
                    ),
                )
            ]
        )
    return run


async def _plan(database: Database, run: Import, progress: Progress | None) -> None:
    async with database.session() as session:
        actor = await runs.actor_of(session, run)
        begun = await planning.Planning.begin(session, run, actor)
        await _note(
            session,
            run,
            begun_at=now(),
            begun_done=begun.rows_done,
            begun_position=run.position,
            done=begun.rows_done,
        )
    async with aclosing(begun.chunks()) as chunks:
        async for chunk in chunks:
            async with database.session() as session:
                await _stop_if_cancelled(session, run)
                done = await begun.plan(session, chunk.rows)
                await _note(session, run, done=done, position=chunk.position, attempts=0)
                known = begun.planner.new_organisations
                if len(known) > len(run.new_organisations):  # they can be thousands
                    await _note(session, run, new_organisations=dict(known))
            if progress is not None:
                progress(run)
    async with database.session() as session:
        await begun.settle(session)
    if not await _compare(database, run, actor, progress):
        return
    async with database.session() as session:
        current = await session.get(Import, run.id, with_for_update=True)
        if current is not None and current.state == "planning":
            await begun.finish(session, current)


async def _compare(
    database: Database, run: Import, actor: Actor, progress: Progress | None
) -> bool:
    """Compare the new projects as far as there is time; tell whether the plan is ready now.

    It is not when the server is to go on, because somebody would wait too long. On the command
    line nothing is compared: what is found is for the page.
    """
    if run.account_id is None and not run.in_background:
        return True
    async with database.session() as session:
        wanted = await _to_compare(session, run)
        if wanted is None:
            wanted = await overlaps.number_of_new(session, run.id)
            first = update(Import).where(col(Import.id) == run.id, col(Import.to_compare).is_(None))
            await session.exec(first.values(to_compare=wanted))
            wanted = await _to_compare(session, run) or 0  # or somebody said that it is enough
        await _note(session, run, begun_at=now(), begun_done=run.compared, to_compare=wanted)
        if run.compared >= wanted:
            return True
        comparing = await overlaps.Comparing.begin(session, run, actor)
    # The first ones take longer, because the encoder is loaded: the time counts from then on.
    until = None
    while until is None or time.monotonic() < until:
        async with database.session() as session:
            wanted = await _to_compare(session, run)
            number = await comparing.go_on(session)
            await _note(session, run, compared=run.compared + number, attempts=0)
        if progress is not None:
            progress(run)
        if not number or run.compared >= (wanted or 0):
            return True
        seconds = COMPARED_APART if run.in_background else COMPARED_AT_ONCE
        until = until or time.monotonic() + seconds
    if run.in_background:
        return True
    await _note_apart(database, run, in_background=True)
    return False


async def _to_compare(session: AsyncSession, run: Import) -> int | None:
    """Return how many new projects are to be compared: a person may have set it lower."""
    await _stop_if_cancelled(session, run)
    return await session.scalar(select(Import.to_compare).where(Import.id == run.id))


async def _apply(database: Database, run: Import, progress: Progress | None) -> None:
    try:
        async with database.session() as session:
            await _note_apart(database, run, begun_at=now(), done=0, begun_done=0)
            actor = await runs.actor_of(session, run)
            async for done in applying.apply(session, run, actor):
                await _stop_if_cancelled(session, run)
                await _note_apart(database, run, done=done)
                if progress is not None:
                    progress(run)
    except Conflict as conflict:
        log.info("import planned anew", id=run.id, reason=str(conflict))
        async with database.session() as session:
            current = await session.get(Import, run.id, with_for_update=True)
            if current is not None and current.state == "applying":
                changed = await what_changed(session, current, conflict)
                current.overtaken_by = [one.as_json() for one in changed]
                await runs.plan_anew(session, current)
                current.replanned = True
                # Whoever waits for a few projects to be written does not wait for a large file.
                if current.account_id is not None and runs.is_large(current):
                    current.in_background = True


async def _note(session: AsyncSession, run: Import, **values: object) -> None:
    """Store how far the work is, here and in `run`."""
    for name, value in values.items():
        setattr(run, name, value)
    await session.exec(update(Import).where(col(Import.id) == run.id).values(**values))


async def _note_apart(database: Database, run: Import, **values: object) -> None:
    """Store how far the work is where others see it before the work is committed."""
    async with database.session() as session:
        await _note(session, run, **values)


async def _stop_if_cancelled(session: AsyncSession, run: Import) -> None:
    state = await session.scalar(select(Import.state).where(Import.id == run.id))
    if state != run.state:
        raise Cancelled("The import was cancelled.")


async def _fail(database: Database, import_id: str, errors: list[FieldError]) -> None:
    async with database.session() as session:
        run = await session.get(Import, import_id, with_for_update=True)
        if run is not None and run.state in runs.WORKING:
            run.state = "failed"
            run.error = [said_of(error) for error in errors]
            session.add(run)


async def waiting(database: Database) -> list[str]:
    """Return the imports that the server has still to work on, the oldest first."""
    async with database.session() as session:
        rows = await session.exec(
            select(Import.id)
            .where(
                col(Import.state).in_(runs.WORKING),
                or_(
                    col(Import.in_background),
                    # Somebody waited for it, and the process that worked on it is gone.
                    and_(
                        col(Import.account_id).is_not(None),
                        func.coalesce(Import.begun_at, Import.created_at) < now() - ABANDONED,
                    ),
                ),
            )
            .order_by(col(Import.created_at))
        )
        return list(rows)


async def main(import_id: str) -> int:
    """Work on one import with the database of the environment; return the code to exit with."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    database = await Database.open()
    collect_rarely()
    try:
        run = await work_on(database, import_id)
    finally:
        await database.close()
    return HELD if run.state in runs.WORKING else 0


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        sys.exit(asyncio.run(main(sys.argv[1])))
