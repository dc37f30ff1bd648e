"""The lists of synonyms that the secretariat saved: what they mean is for `search.synonyms`."""

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict
from registry.models import SynonymList
from registry.permissions import Actor, require
from registry.statements import one_at_a_time

_KEY = 0x5359_4E4F  # 'SYNO': one list is saved at a time


async def current_list(session: AsyncSession) -> SynonymList | None:
    """Return the newest list; None while those that Convene comes with hold."""
    rows = await session.exec(select(SynonymList).order_by(col(SynonymList.id).desc()).limit(1))
    return rows.first()


async def number_of_list(session: AsyncSession) -> int:
    """Return the number of the newest list; 0 while those that Convene comes with hold."""
    return await session.scalar(select(func.max(SynonymList.id))) or 0


async def save_list(session: AsyncSession, actor: Actor, text: str, seen: int) -> SynonymList:
    """Save a list that was made from another one, `seen` (0 for what Convene comes with).

    Raises NotAllowed, and Conflict when somebody else saved one meanwhile.
    """
    require(actor, "registry.administer")
    await one_at_a_time(session, _KEY)
    if await number_of_list(session) != seen:
        raise Conflict("Somebody else changed the list meanwhile. Look at theirs, and merge yours.")
    saved = SynonymList(text=text, account_id=actor.account_id)
    session.add(saved)
    await session.flush()
    return saved
