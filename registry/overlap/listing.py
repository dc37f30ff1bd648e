"""The pairs that the detector compared, as lists for people and programs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypedDict, Unpack

from sqlalchemy import ARRAY, ColumnElement, Double, Text, case, cast, func, literal
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, OverlapCase, OverlapPair, Project, is_decided
from registry.overlap.explaining import Explanation, explain
from registry.permissions import Actor
from registry.visibility import known_projects, readable_projects

Order = Literal["probability", "money", "likely-money", "newest"]
"""likely-money: probability times money in common, what is probably spent twice."""
State = Literal["open", "under-review", "decided", "followed-up"]
"""open: all that is not decided; decided: what is followed up too."""
A: Any = aliased(Project)
B: Any = aliased(Project)
"""The two projects of a pair, in the statements that ask for both. To name a table anew takes a
millisecond or two each time, since all its columns are."""
_PAIR: Any = aliased(OverlapPair)
_LEFT: Any = aliased(OverlapPair)
"""Of read_whole alone: the statement around may have pairs of its own."""
_OWNER_A: Any = aliased(Organisation)
_OWNER_B: Any = aliased(Organisation)
LARGEST_PAGE = 1_000


class Wanted(TypedDict, total=False):
    """What narrows a list of pairs or cases; what is left out or None does not."""

    country: str | None
    """Alpha-2; both projects are at work there."""
    measure: str | None
    """Both projects name it."""
    kind: str | None
    state: State | None
    min_probability: float | None
    """0 to 1."""


@dataclass(frozen=True)
class PairView:
    """A pair with its case, if it has one, its projects and who registered them."""

    pair: OverlapPair
    case: OverlapCase | None
    a: Project
    b: Project
    organisation_a: Organisation
    organisation_b: Organisation

    @property
    def explanation(self) -> Explanation | None:
        """Why it was flagged; None where the evidence was not kept."""
        return explain(self.pair.evidence, self.pair.probability)


@dataclass(frozen=True)
class PairPage:
    """One page of pairs, and how many there are in all."""

    total: int
    pairs: list[PairView]
    page: int
    size: int


async def flagged_pairs(
    session: AsyncSession,
    reader: Actor,
    *,
    order: Order = "probability",
    page: int = 1,
    size: int = 20,
    **wanted: Unpack[Wanted],
) -> PairPage:
    """Return flagged pairs of projects that the reader may read; what still runs comes first."""
    size = max(1, min(size, LARGEST_PAGE))
    page = max(page, 1)
    conditions = listed_pairs(reader, **wanted)
    counted = await session.exec(
        select(func.count())
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id), isouter=True)
        .where(*conditions)
    )
    rows: Any = await session.execute(
        _SELECTED.where(*conditions).order_by(*_order(order)).limit(size).offset((page - 1) * size)
    )
    return PairPage(counted.one(), [PairView(*row) for row in rows], page, size)


async def pairs_of_case(session: AsyncSession, reader: Actor, case_id: int) -> list[PairView]:
    """Return the pairs of one case, as far as the reader may read both projects, the likeliest
    first."""
    return await _views(session, OverlapPair.case_id == case_id, *_readable(reader))


async def pairs_of_cases(
    session: AsyncSession, reader: Actor, case_ids: Collection[int]
) -> dict[int, list[PairView]]:
    """Return the pairs of these cases as `pairs_of_case` does, by case."""
    found: dict[int, list[PairView]] = {}
    if case_ids:
        of_these = col(OverlapPair.case_id).in_(list(case_ids))
        for view in await _views(session, of_these, *_readable(reader)):
            found.setdefault(view.pair.case_id or 0, []).append(view)
    return found


async def pairs_in_other_cases(
    session: AsyncSession, reader: Actor, case_id: int, project_ids: Sequence[int]
) -> list[PairView]:
    """Return the pairs among the projects of a case of three or more that are in other cases."""
    if len(project_ids) < 3:
        return []
    return await _views(
        session,
        col(OverlapPair.a_id).in_(project_ids),
        col(OverlapPair.b_id).in_(project_ids),
        OverlapPair.case_id != case_id,
        *listed_pairs(reader),
    )


async def _views(session: AsyncSession, *conditions: ColumnElement[bool] | bool) -> list[PairView]:
    rows: Any = await session.execute(
        _SELECTED.where(*conditions).order_by(
            col(OverlapPair.probability).desc(), col(OverlapPair.id)
        )
    )
    return [PairView(*row) for row in rows]


_SELECTED: Any = (
    select(OverlapPair, OverlapCase, A, B, _OWNER_A, _OWNER_B)  # type: ignore[call-overload]
    .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id), isouter=True)
    .join(A, A.id == col(OverlapPair.a_id))
    .join(B, B.id == col(OverlapPair.b_id))
    .join(_OWNER_A, _OWNER_A.id == A.reporting_organisation_id)
    .join(_OWNER_B, _OWNER_B.id == B.reporting_organisation_id)
)
"""The columns of a PairView."""


async def is_whole(session: AsyncSession, reader: Actor, case_id: int) -> bool:
    """Tell whether no project of a case is hidden from the reader, as `read_whole` asks it."""
    found = await session.exec(
        select(OverlapCase.id).where(OverlapCase.id == case_id, *read_whole(reader))
    )
    return found.first() is not None


async def sides_of_case(session: AsyncSession, case_id: int) -> list[tuple[int, str]]:
    """Return organisation and state of each project of a case, whoever may read it."""
    either = or_(col(OverlapPair.a_id) == col(Project.id), col(OverlapPair.b_id) == col(Project.id))
    rows = await session.exec(
        select(Project.reporting_organisation_id, Project.state, Project.id)
        .join(OverlapPair, either)
        .where(OverlapPair.case_id == case_id)
        .distinct()
    )
    return [(organisation, state) for organisation, state, _ in rows]


def _readable(reader: Actor) -> Sequence[ColumnElement[bool]]:
    if reader.role == "secretariat":
        return ()
    readable = select(Project.id).where(readable_projects(reader))
    return (col(OverlapPair.a_id).in_(readable), col(OverlapPair.b_id).in_(readable))


def read_whole(reader: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions on OverlapCase that leave those none of whose projects is hidden from
    a reader: what is said, agreed or made there may be about any of them.

    One that was withdrawn is not hidden, so that a case goes on about the others; where no pair is
    left to be read, there is no case.
    """
    if reader.role == "secretariat":
        return []
    known = select(Project.id).where(known_projects(reader))
    readable = select(Project.id).where(readable_projects(reader))
    hidden = select(_PAIR.id).where(
        _PAIR.case_id == col(OverlapCase.id),
        or_(_PAIR.a_id.not_in(known), _PAIR.b_id.not_in(known)),
    )
    shown = select(_LEFT.id).where(
        _LEFT.case_id == col(OverlapCase.id), _LEFT.a_id.in_(readable), _LEFT.b_id.in_(readable)
    )
    return [~hidden.exists(), shown.exists()]


def listed_pairs(
    reader: Actor,
    *,
    country: str | None = None,
    measure: str | None = None,
    kind: str | None = None,
    state: State | None = None,
    min_probability: float | None = None,
) -> list[ColumnElement[bool]]:
    """Return the conditions on OverlapPair, joined with its case, of what `flagged_pairs` lists."""
    conditions = [
        *_readable(reader),
        or_(col(OverlapPair.flagged), is_decided()),
    ]
    if country:
        conditions.append(_holds(OverlapPair.countries, country.upper()))
    if measure:
        named = select(Project.id).where(_holds(Project.measures, measure))
        conditions += [col(OverlapPair.a_id).in_(named), col(OverlapPair.b_id).in_(named)]
    if kind:
        conditions.append(col(OverlapPair.kind) == kind)
    if state == "open":
        conditions.append(~is_decided())
    elif state == "decided":
        conditions.append(is_decided())
    elif state:
        conditions.append(col(OverlapCase.state) == state)
    if min_probability is not None:
        conditions.append(col(OverlapPair.probability) >= min_probability)
    return conditions


def _holds(codes: list[str], code: str) -> ColumnElement[bool]:
    return col(codes).bool_op("@>")(literal([code], ARRAY(Text)))


def _order(order: Order) -> list[Any]:
    decided = case((is_decided(), 1), else_=0)
    ends = func.least(A.end_date, B.end_date)
    over = case((ends < date.today(), 1), else_=0)
    probability = col(OverlapPair.probability).desc()
    money = col(OverlapPair.usd).desc().nulls_last()
    last = col(OverlapPair.id)
    if order == "newest":
        return [col(OverlapCase.opened_at).desc().nulls_last(), last.desc()]
    if order == "likely-money":
        spent_twice = col(OverlapPair.probability) * cast(func.coalesce(OverlapPair.usd, 0), Double)
        return [decided, over, spent_twice.desc(), probability, last]
    if order == "money":
        return [decided, over, money, probability, last]
    return [decided, over, probability, money, last]
