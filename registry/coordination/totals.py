"""Budgets added up without counting a project twice that was registered twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, case, union
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapCase, OverlapPair, Project, ProjectCountry, is_decided
from registry.permissions import Actor
from registry.visibility import readable_projects

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


def merged_projects(reader: Actor) -> Select[*tuple[Any, ...]]:
    """Return the query for `case_id` and `project_id` of all that was found to be one project.

    The projects of a case are one even where they were not compared directly, or where the record
    that ties two of them has ended. What the reader may not read ties nothing.
    """
    readable = select(Project.id).where(
        col(Project.state) == "published", readable_projects(reader)
    )
    pairs: Any = (
        select(OverlapPair.case_id, OverlapPair.a_id, OverlapPair.b_id)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(
            is_decided(),
            OverlapCase.outcome == MERGED,
            col(OverlapPair.a_id).in_(readable),
            col(OverlapPair.b_id).in_(readable),
        )
        .cte("merged_pair")
    )
    a: Any = select(pairs.c.case_id, pairs.c.a_id.label("project_id"))
    b: Any = select(pairs.c.case_id, pairs.c.b_id)
    both: Any = union(a, b).subquery("merged_both")
    query: Any = select(both.c.case_id, both.c.project_id)
    return query  # type: ignore[no-any-return]


async def merged_pairs(
    session: AsyncSession, reader: Actor, among: Select[*tuple[Any, ...]] | Sequence[int]
) -> Sequence[tuple[int, int]]:
    """Return the pairs among these projects (ids or a query) that the group decided to be one."""
    merged = merged_projects(reader).cte("merged_project")
    a, b = aliased(merged), aliased(merged)
    rows: Any = await session.exec(
        select(a.c.project_id, b.c.project_id)
        .join(b, a.c.case_id == b.c.case_id)
        .where(
            a.c.project_id < b.c.project_id,
            a.c.project_id.in_(among),
            b.c.project_id.in_(among),
        )
        .distinct()
        .order_by(a.c.project_id, b.c.project_id)
    )
    return [(one, other) for one, other in rows]


def counted_with(
    budgets: Mapping[int, Decimal | None], merged: Iterable[tuple[int, int]]
) -> dict[int, int]:
    """Return record -> the record that counts in its stead, for all that are one project.

    Of such records the one with the largest budget counts, of equals that with the lowest number.
    `budgets` (project id -> USD) has to know the merged projects; others change nothing.
    """

    def largest_first(id: int) -> tuple[bool, Decimal, int]:
        usd = budgets[id]
        return usd is None, -(usd or Decimal(0)), id

    stands_for: dict[int, int] = {}
    for group in _groups(merged):
        known = sorted((id for id in group if id in budgets), key=largest_first)
        stands_for |= dict.fromkeys(known[1:], known[0]) if known else {}
    return stands_for


def netted(
    budgets: Mapping[int, Decimal | None], merged: Iterable[tuple[int, int]]
) -> tuple[Netted, ...]:
    """Return what a total leaves out: the known budgets of records that count with another."""
    return tuple(
        Netted(id, other, usd)
        for id, other in counted_with(budgets, merged).items()
        if (usd := budgets[id]) is not None
    )


async def counted_elsewhere(
    session: AsyncSession,
    reader: Actor,
    among: Select[*tuple[Any, ...]],
    *,
    spread: bool = False,
) -> list[tuple[int, str]]:
    """Return project and country of each record, among these, that counts with another one there.

    Each country has its own largest record: a project may be registered for one country by one
    organisation and for two by another. Where the money is `spread` over the days of the project,
    only that of records with a start and an end is known.
    """
    merged = await merged_pairs(session, reader, among)
    if not merged:
        return []
    usd = col(ProjectCountry.usd)
    known = case((col(Project.start_date) <= col(Project.end_date), usd)) if spread else usd
    rows: Any = await session.exec(
        select(ProjectCountry.project_id, ProjectCountry.code, known)
        .join(Project, col(Project.id) == col(ProjectCountry.project_id))
        .where(col(ProjectCountry.project_id).in_({id for pair in merged for id in pair}))
    )
    shares: dict[str, dict[int, Decimal | None]] = {}
    for id, code, usd in rows:
        shares.setdefault(code, {})[id] = usd
    return [(id, code) for code, usd in shares.items() for id in counted_with(usd, merged)]


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
