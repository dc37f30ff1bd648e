"""Which model judged what is stored."""

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapPair
from registry.overlap.model import model_in_use


async def judged_by_another(session: AsyncSession) -> bool:
    """Tell whether a full run would judge pairs anew that another model than the one in use judged.

    Pairs that are compared no longer, but that people have said something about, stay as they are.
    """
    found = await session.exec(
        select(OverlapPair.id)
        .where(
            OverlapPair.model_version != model_in_use().version,
            or_(col(OverlapPair.flagged), col(OverlapPair.case_id).is_(None)),
        )
        .limit(1)
    )
    return found.first() is not None
