"""What is done in all countries, kept for some minutes: to count it visits every active project."""

import time
from datetime import date
from typing import Any

from litestar import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.permissions import Actor
from registry.similar_countries import Mix, mixes_of_assistance
from registry.visibility import audiences_for

KEPT_FOR = 300
"""Seconds."""
_MOST = 50
"""Groups of readers, who see different projects, for whom the mixes are kept."""


async def kept_mixes(
    request: Request[Any, Any, Any], session: AsyncSession, reader: Actor, today: date
) -> dict[str, Mix]:
    """Return country -> mix of assistance as this reader may know it, at most KEPT_FOR old."""
    kept = request.app.state.mixes_of_assistance
    key = (today, *audiences_for(reader))
    at, mixes = kept.get(key, (0.0, {}))
    now = time.monotonic()
    if not mixes or now - at > KEPT_FOR:
        mixes = await mixes_of_assistance(session, reader, today)
        kept.pop(key, None)
        while len(kept) >= _MOST:
            del kept[next(iter(kept))]
        kept[key] = (now, mixes)
    return mixes
