"""For whatever watches over the server: does it live, and can it answer."""

from typing import Any

from litestar import get
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import outbox
from registry.outbox import CONSUMERS
from search.engine import SearchEngine
from search.query import Query


@get("/healthz", include_in_schema=False, opt={"exclude_from_auth": True})
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@get("/readyz", include_in_schema=False, opt={"exclude_from_auth": True})
async def readyz(session: AsyncSession, engine: SearchEngine) -> dict[str, Any]:
    """Say whether database and search answer: 200 when both do, else an error.

    `waiting` is how many changes indexes and detector have still to take up. `engine` is the one
    that answered: 'embedded' with a search server means that the server is away.
    """
    consumers = (*CONSUMERS, outbox.SERVER) if len(engine.indexes) > 1 else CONSUMERS
    waiting = {consumer: await outbox.waiting(session, consumer) for consumer in consumers}
    found = await engine.search(Query(size=1, audiences=("public",)))
    return {"status": "ok", "engine": found.engine, "waiting": waiting}


handlers = [healthz, readyz]
