"""The cases of stored pairs: opened, gathered, and closed again while nobody has said anything.

What people said is never lost: a case that becomes part of a larger one leaves its comments there,
and its address leads there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import history
from registry.copying import copy_rows, next_ids
from registry.models import (
    DECIDED,
    AgendaItem,
    CaseComment,
    CaseNotice,
    OverlapCase,
    OverlapPair,
    Project,
    WorkAction,
    now,
)
from registry.overlap.absorbing import absorb
from registry.overlap.gathering import Group, Key, LoosePair, gather
from registry.overlap.judging import JudgedPair
from registry.overlap.model import model_in_use
from registry.overlap.touching import touching
from registry.permissions import REGISTRY
from registry.statements import among, plain_rows

OVERLAPPING = ("joint-programme", "division-of-labour", "merged-double-registration")
"""Outcomes that say that two projects do overlap: whoever overlaps with both is in one case with
both. What is none, or needs nothing, keeps them apart."""


@dataclass(frozen=True)
class Assigned:
    """Where pairs belong."""

    cases: dict[Key, int]
    """Pair -> case, of those that were given and have one."""
    empty: frozenset[int]
    """Cases that have no pair any more and nobody spoke about: to be deleted once their pairs are
    written."""
    grown: frozenset[int] = frozenset()
    """Cases with more projects than before that people spoke about: they are to be told."""


async def assign_cases(
    session: AsyncSession,
    existing: Mapping[Key, int | None],
    found: Mapping[Key, JudgedPair],
) -> Assigned:
    """Decide which case each pair belongs to, and open those that are missing.

    `existing` are the stored pairs of the projects that were examined, with their cases; `found`
    are all their pairs as they are judged now. Pairs of untouched cases are gathered anew; they may
    be pairs of other projects too, which are moved here. Nobody else may store pairs meanwhile.
    """
    cases = {key: case for key, case in existing.items() if case is not None}
    free = await _untouched(session, set(cases.values()))
    before: dict[int, set[int]] = {}
    for key, case in cases.items():
        before.setdefault(case, set()).update(key)
    cases = {key: case for key, case in cases.items() if case not in free}
    loose = {
        key: LoosePair(key, pair.judgement.kind, pair.judgement.probability, existing.get(key))
        for key, pair in found.items()
        if pair.flagged and key not in cases
    }
    outside = [pair for pair in await _pairs_of(session, free) if pair.key not in existing]
    for pair in outside:
        before[pair.case_id].update(pair.key)
        if pair.flagged:
            loose[pair.key] = LoosePair(pair.key, pair.kind, pair.probability, pair.case_id)
    if not loose:
        await _move(session, outside, {})
        return Assigned(cases, frozenset(free))
    edges, near = await _neighbourhood(session, existing, found, loose, free)
    before |= {group.case_id: set(group.projects) for group in near if group.case_id}
    groups = gather(list(loose.values()), edges, near)
    await _open(session, [one for one in groups if one.case_id is None], found, loose)
    grown = [one for one in groups if one.absorbed or _has_grown(one, before)]
    became = {case: group.case_id or 0 for group in grown for case in group.absorbed}
    await absorb(session, became)
    spoken = await _note_growth(session, grown)
    where = {key: group.case_id or 0 for group in groups for key in group.keys}
    await _move(session, outside, where)
    cases = {key: became.get(case, case) for key, case in cases.items()}
    kept = {key: case for key, case in where.items() if key in found}
    return Assigned(cases | kept, frozenset(free - set(where.values())), spoken)


@dataclass(frozen=True)
class _Stored:
    """A stored pair with a case."""

    id: int
    key: Key
    kind: str
    probability: float
    flagged: bool
    case_id: int
    state: str
    outcome: str | None

    @property
    def overlapping(self) -> bool:
        """Whether its projects count as overlapping: flagged, or confirmed by a decision."""
        if self.state in DECIDED:
            return self.outcome in OVERLAPPING
        return self.flagged


def _has_grown(group: Group, before: Mapping[int, set[int]]) -> bool:
    known = before.get(group.case_id or 0)
    return known is not None and not group.projects <= known


async def _untouched(session: AsyncSession, case_ids: Collection[int]) -> set[int]:
    """Return those of these cases that nobody has said or decided anything about, or taken, or put
    on an agenda or into the work plan, and that no other has become part of: its address leads
    there."""
    if not case_ids:
        return set()
    commented, told = select(CaseComment.case_id), select(CaseNotice.case_id)
    on_agenda = select(AgendaItem.case_id)
    in_plan = select(WorkAction.case_id).where(col(WorkAction.case_id).is_not(None))
    part: Any = aliased(OverlapCase)
    gathered = select(part.gathered_into).where(part.gathered_into.is_not(None))
    rows = await session.exec(
        select(OverlapCase.id)
        .where(
            among(OverlapCase.id, case_ids),
            OverlapCase.state == "open",
            col(OverlapCase.assignee_id).is_(None),
            col(OverlapCase.id).not_in(commented),
            col(OverlapCase.id).not_in(told),
            col(OverlapCase.id).not_in(on_agenda),
            col(OverlapCase.id).not_in(in_plan),
            col(OverlapCase.id).not_in(gathered),
        )
        .order_by(col(OverlapCase.id))
        .with_for_update()
    )
    return {id for id in rows if id is not None}


async def _stored(session: AsyncSession, condition: ColumnElement[bool]) -> list[_Stored]:
    """Read stored pairs with a case."""
    rows = await plain_rows(
        session,
        select(  # type: ignore[call-overload]
            OverlapPair.id,
            OverlapPair.a_id,
            OverlapPair.b_id,
            OverlapPair.kind,
            OverlapPair.probability,
            OverlapPair.flagged,
            OverlapPair.case_id,
            OverlapCase.state,
            OverlapCase.outcome,
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(condition),
    )
    return [_Stored(id, (a, b), *rest) for id, a, b, *rest in rows]


async def _pairs_of(session: AsyncSession, case_ids: Collection[int]) -> list[_Stored]:
    if not case_ids:
        return []
    return await _stored(session, among(OverlapPair.case_id, case_ids))


async def _neighbourhood(
    session: AsyncSession,
    existing: Collection[Key],
    found: Mapping[Key, JudgedPair],
    loose: Collection[Key],
    free: Collection[int],
) -> tuple[set[Key], list[Group]]:
    """Return the pairs that overlap around the loose ones, and the undecided cases there."""
    projects = {id for key in loose for id in key}
    with_case = [pair.id for pair in await touching(session, projects) if pair.case is not None]
    around = await _stored(session, among(OverlapPair.id, with_case)) if with_case else []
    edges = set(loose)
    for pair in around:
        if pair.key in existing and pair.state not in DECIDED:
            overlapping = pair.key in found and found[pair.key].flagged
        else:
            overlapping = pair.overlapping
        if overlapping:
            edges.add(pair.key)
    wanted = {one.case_id for one in around if one.state not in DECIDED} - set(free)
    if not wanted:
        return edges, []
    # Under their lock, since people may be voting on what is about to grow.
    await session.exec(
        select(OverlapCase.id)
        .where(among(OverlapCase.id, wanted))
        .order_by(col(OverlapCase.id))
        .with_for_update()
    )
    groups: dict[int, Group] = {}
    likeliest = sorted(await _pairs_of(session, wanted), key=lambda one: -one.probability)
    for pair in likeliest:
        if pair.state in DECIDED:  # meanwhile
            continue
        group = groups.setdefault(
            pair.case_id, Group(pair.kind, set(), case_id=pair.case_id, spoken=True)
        )
        group.projects |= set(pair.key)
    return edges, list(groups.values())


async def _open(
    session: AsyncSession,
    groups: Sequence[Group],
    found: Mapping[Key, JudgedPair],
    loose: Mapping[Key, LoosePair],
) -> None:
    """Open a case for each of these groups."""
    if not groups:
        return
    ids = await next_ids(session, OverlapCase, len(groups))
    for group, id in zip(groups, ids, strict=True):
        group.case_id = id
    opened = {"state": "open", "opened_at": now(), "version": 1}
    await copy_rows(session, OverlapCase, [{"id": id, **opened} for id in ids])
    names = {
        id: side.record.identifier or ""
        for pair in found.values()
        for id, side in ((pair.a.id or 0, pair.a), (pair.b.id or 0, pair.b))
    }
    missing = {id for group in groups for id in group.projects} - names.keys()
    names |= await _identifiers(session, missing)
    await history.record_changes(
        session,
        REGISTRY,
        "case",
        [
            history.Entry(
                group.case_id or 0,
                "opened",
                {},
                {
                    "state": "open",
                    "kind": group.kind,
                    "probability": round(max(loose[key].probability for key in group.keys), 3),
                    "projects": [names[id] for id in sorted(group.projects)],
                    "model_version": model_in_use().version,
                },
            )
            for group in groups
        ],
    )


async def _identifiers(session: AsyncSession, ids: Collection[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = await session.exec(select(Project.id, Project.identifier).where(among(Project.id, ids)))
    return {id: identifier for id, identifier in rows if id is not None}


async def _note_growth(session: AsyncSession, groups: Sequence[Group]) -> frozenset[int]:
    """Write down that cases have more projects than before; what was proposed stands no more.

    Return the cases that people spoke about.
    """
    if not groups:
        return frozenset()
    names = await _identifiers(session, {id for group in groups for id in group.projects})
    cases = await session.exec(
        select(OverlapCase)
        .where(among(OverlapCase.id, [group.case_id or 0 for group in groups]))
        .execution_options(populate_existing=True)
    )
    by_id = {case.id: case for case in cases}
    spoken = set(
        await session.exec(
            select(CaseComment.case_id).where(among(CaseComment.case_id, list(by_id)))  # type: ignore[arg-type]
        )
    )
    entries = []
    for group in groups:
        case = by_id[group.case_id]
        before = {"round": case.round}
        if case.id in spoken:
            case.round += 1
            case.state = "under-review"
        case.version += 1
        session.add(case)
        after = {
            "round": case.round,
            "projects": [names[id] for id in sorted(group.projects)],
            "absorbed": sorted(group.absorbed),
        }
        entries.append(history.Entry(case.id or 0, "grown", before, after))
    await session.flush()
    await history.record_changes(session, REGISTRY, "case", entries)
    return frozenset(spoken)


async def _move(session: AsyncSession, pairs: Sequence[_Stored], where: Mapping[Key, int]) -> None:
    """Put pairs of other projects where they belong now; None where they overlap no more."""
    for pair in pairs:
        case_id = where.get(pair.key)
        if case_id != pair.case_id:
            await session.execute(
                update(OverlapPair).where(col(OverlapPair.id) == pair.id).values(case_id=case_id)
            )
