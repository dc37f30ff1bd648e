"""For whatever watches over the server: does it live, and can it answer."""

from litestar import get
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from search.engine import SearchEngine
from search.query import Query


@get("/healthz", include_in_schema=False, opt={"exclude_from_auth": True})
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@get("/readyz", include_in_schema=False, opt={"exclude_from_auth": True})
async def readyz(session: AsyncSession, engine: SearchEngine) -> dict[str, str]:
    """Say whether database and search answer: 200 when both do, else an error."""
    await session.execute(text("SELECT 1"))
    found = await engine.search(Query(size=1, audiences=("public",)))
    return {"status": "ok", "engine": found.engine}


handlers = [healthz, readyz]
