"""Budgets added up without counting a project twice that was registered twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ARRAY, Integer, literal
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapCase, OverlapPair

MERGED = "merged-double-registration"
"""The outcome of a review that says: these records are one project."""


@dataclass(frozen=True)
class Netted:
    """Money that was left out of a net total, and why."""

    project_id: int
    counted_with: int
    """The project whose record is counted in its stead."""
    usd: Decimal


@dataclass(frozen=True)
class Total:
    """A sum of budgets in USD: gross as registered, net of confirmed double registrations."""

    gross: Decimal
    net: Decimal
    netted: tuple[Netted, ...] = ()
    without_budget: int = 0
    """Projects that state no budget, or one in a currency without a rate."""


async def merged_pairs(
    session: AsyncSession, project_ids: Iterable[int]
) -> Sequence[tuple[int, int]]:
    """Return the pairs among these projects that the group decided to be one project."""
    ids = literal(list(project_ids), ARRAY(Integer))
    rows = await session.exec(
        select(OverlapPair.a_id, OverlapPair.b_id)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(
            OverlapCase.state == "decided",
            OverlapCase.outcome == MERGED,
            col(OverlapPair.a_id) == func.any(ids),
            col(OverlapPair.b_id) == func.any(ids),
        )
        .order_by(col(OverlapPair.a_id), col(OverlapPair.b_id))
    )
    return rows.all()


def total(budgets: Mapping[int, Decimal | None], merged: Iterable[tuple[int, int]]) -> Total:
    """Add up budgets (project id -> USD); of records that are one project the largest counts."""
    gross = sum((usd for usd in budgets.values() if usd is not None), Decimal(0))
    netted: list[Netted] = []
    for group in _groups(merged):
        known = sorted(
            ((budgets[id], id) for id in group if budgets.get(id) is not None),
            key=lambda pair: (-(pair[0] or 0), pair[1]),
        )
        netted += [Netted(id, known[0][1], usd) for usd, id in known[1:] if usd is not None]
    return Total(
        gross=gross,
        net=gross - sum((n.usd for n in netted), Decimal(0)),
        netted=tuple(netted),
        without_budget=sum(usd is None for usd in budgets.values()),
    )


def _groups(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    """Return the connected groups of a list of pairs."""
    groups: list[set[int]] = []
    for a, b in pairs:
        joined = {a, b}
        apart = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups
