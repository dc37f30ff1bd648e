"""What `convene doctor` examines, one after the other, each with its remedy."""

import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import func, select

from registry import outbox
from registry.database import Database
from registry.errors import ConveneError
from registry.mail_settings import mail_settings
from registry.models import Project
from registry.overlap.model import model_in_use
from registry.overlap.versions import judged_by_another
from registry.settings import Settings, settings
from search import sync
from search.engine import open_engine
from web.mail.server import MailServer

LEAST_FREE = 1_000_000_000
"""Bytes that should be free where the data lies."""


@dataclass(frozen=True)
class Finding:
    """One thing that was examined; `mend` says what to do when it is not well."""

    name: str
    well: bool
    detail: str
    mend: str = ""


async def examine(options: Settings | None = None) -> list[Finding]:
    """Examine everything that Convene needs; what depends on something broken is left out."""
    options = options or settings()
    findings = [_python(), _disk(options), _cookies(options), await _mail(options)]
    try:
        database = await Database.open(options)
    except ConveneError as error:
        return [*findings, Finding("database", False, "can't be used", str(error))]
    try:
        for examination in (_database, _vectors, _waiting, _index, _meaning, _overlaps):
            findings.append(await _guarded(examination, database, options))
    finally:
        await database.close()
    return findings


Examination = Callable[[Database, Settings], Awaitable[Finding]]


async def _guarded(examination: Examination, database: Database, options: Settings) -> Finding:
    name = examination.__name__.strip("_")
    try:
        return await examination(database, options)
    except ConveneError as error:
        return Finding(name, False, "can't be used", str(error))
    except Exception as error:
        return Finding(name, False, f"{type(error).__name__}: {error}".splitlines()[0])


def _python() -> Finding:
    return Finding(
        "python",
        sys.version_info >= (3, 11),
        platform.python_version(),
        "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer.",
    )


def _disk(options: Settings) -> Finding:
    there = next(folder for folder in (options.home, *options.home.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    return Finding(
        "disk",
        free >= LEAST_FREE,
        f"{free / 1e9:,.1f} GB free in {options.home}",
        "" if free >= LEAST_FREE else "Make room, or move CONVENE_HOME to a larger disk.",
    )


def _cookies(options: Settings) -> Finding:
    secure = options.secure_cookies
    return Finding(
        "cookies",
        True,
        "sent over https only" if secure else "also sent over http: for this machine alone",
        "" if secure else "Set CONVENE_SECURE_COOKIES=1 wherever others reach Convene (by https).",
    )


async def _mail(options: Settings) -> Finding:
    """Connect to the mail server, and send nothing."""
    try:
        mail = mail_settings(options)
        if mail is None:
            how = "To send what is new in saved searches, set SMTP_URL, SMTP_FROM and CONVENE_URL."
            return Finding("e-mail", True, "none is sent: SMTP_URL is not set", how)
        async with MailServer(mail) as server:
            await server.check()
    except ConveneError as error:
        return Finding("e-mail", False, "none can be sent", str(error))
    detail = f"{mail.host}:{mail.port} answers; messages at {mail.hour:02}:00 UTC"
    unsafe = mail.encryption == "none"
    return Finding("e-mail", True, detail, "They are not encrypted on the way." if unsafe else "")


async def _database(database: Database, options: Settings) -> Finding:
    async with database.engine.connect() as connection:
        version = str(await connection.scalar(text("SHOW server_version"))).split()[0]
        size = int(await connection.scalar(text("SELECT pg_database_size(current_database())")))
        revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    whose = "DATABASE_URL" if options.database_url else f"embedded, in {options.postgres_folder}"
    detail = f"PostgreSQL {version} ({whose}), migration {revision}, {size / 1e6:,.0f} MB"
    return Finding("database", True, detail)


async def _vectors(database: Database, options: Settings) -> Finding:
    async with database.engine.connect() as connection:
        there = await connection.scalar(
            text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        )
    if there:
        return Finding("vectors", True, f"pgvector {there}")
    return Finding("vectors", False, "pgvector is missing", "Use a PostgreSQL that has pgvector.")


async def _waiting(database: Database, options: Settings) -> Finding:
    async with database.session() as session:
        counts = {name: await outbox.waiting(session, name) for name in outbox.CONSUMERS}
    detail = ", ".join(f"{count:,} for {name}" for name, count in counts.items())
    return Finding(
        "changes",
        True,
        f"waiting to be taken up: {detail}",
        "A running `convene serve` takes them up within seconds." if any(counts.values()) else "",
    )


async def _index(database: Database, options: Settings) -> Finding:
    async with database.session() as session:
        published = select(func.count()).select_from(Project).where(Project.state == "published")
        expected = (await session.exec(published)).one()
        waiting = await outbox.waiting(session, "search")
        handed_on = await outbox.waiting(session, outbox.SERVER)
    engine = await open_engine(options)
    found = {}
    try:
        for index in engine.indexes:
            await index.refresh()
            there = await sync.is_complete(database, index)
            found[index.name] = await index.count() if there else 0
    finally:
        await engine.close()
    well = waiting + handed_on > 0 or all(count == expected for count in found.values())
    counts = ", ".join(f"{name} {count:,}" for name, count in found.items())
    detail = f"{counts} of {expected:,} published projects"
    return Finding("index", well, detail, "" if well else "Run `convene reindex`.")


async def _meaning(database: Database, options: Settings) -> Finding:
    from registry.meaning import encode

    vectors = encode(["Training for judges on trafficking in persons"])
    return Finding("meaning", True, f"the encoder answers with {vectors.shape[1]} numbers a text")


async def _overlaps(database: Database, options: Settings) -> Finding:
    model = model_in_use()
    whose = options.overlap_model or "the one that comes with Convene"
    async with database.session() as session:
        stale = await judged_by_another(session)
    mend = "Run `convene detect --full`: another model judged some pairs." if stale else ""
    return Finding("overlaps", not stale, f"judged by model {model.version} ({whose})", mend)
