"""Budgets added up without counting a project twice that was registered twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlmodel import col, select
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
    netted: tuple[Netted, ...] = ()
    without_budget: int = 0
    """Projects that state no budget, or one in a currency without a rate."""

    @property
    def net(self) -> Decimal:
        """The sum without what is counted with another record."""
        return self.gross - sum((n.usd for n in self.netted), Decimal(0))


async def merged_pairs(
    session: AsyncSession, among: Select[*tuple[Any, ...]] | Sequence[int]
) -> Sequence[tuple[int, int]]:
    """Return the pairs among these projects (ids or a query) that the group decided to be one."""
    rows = await session.exec(
        select(OverlapPair.a_id, OverlapPair.b_id)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(
            OverlapCase.state == "decided",
            OverlapCase.outcome == MERGED,
            col(OverlapPair.a_id).in_(among),
            col(OverlapPair.b_id).in_(among),
        )
        .order_by(col(OverlapPair.a_id), col(OverlapPair.b_id))
    )
    return rows.all()


def netted(
    budgets: Mapping[int, Decimal | None], merged: Iterable[tuple[int, int]]
) -> tuple[Netted, ...]:
    """Return what a total leaves out: of records that are one project only the largest counts.

    `budgets` (project id -> USD) has to know the merged projects; others change nothing.
    """
    left_out: list[Netted] = []
    for group in _groups(merged):
        known = sorted(
            ((usd, id) for id in group if (usd := budgets.get(id)) is not None),
            key=lambda pair: (-pair[0], pair[1]),
        )
        left_out += [Netted(id, known[0][1], usd) for usd, id in known[1:]]
    return tuple(left_out)


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
