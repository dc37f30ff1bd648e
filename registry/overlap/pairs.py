"""Storing judged pairs, without losing what people said about them. Their cases: `cases.py`."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_notices import tell_of_growth
from registry.copying import copy_rows
from registry.models import OverlapCase, OverlapPair, Project, now
from registry.overlap.cases import assign_cases
from registry.overlap.gathering import Key
from registry.overlap.judging import JudgedPair
from registry.overlap.model import model_in_use
from registry.overlap.touching import StoredPair, touching
from registry.statements import among

KEPT_FROM = 0.2
"""Pairs that coordinate are kept from this probability on, which they would have if they did not.
Of other pairs that are not flagged only that they were compared is kept: nobody will ask why, and
in a large registry they are nearly all pairs."""
STORING = 0x4F564C50  # 'OVLP'
"""Key under which one transaction at a time stores pairs and cases."""


async def compared_before(
    session: AsyncSession, project_ids: Collection[int]
) -> dict[Key, int | None]:
    """Return pair -> case of the stored pairs of these projects whose both sides are published."""
    stored = await touching(session, project_ids)
    sides = {id for pair in stored for id in (pair.a, pair.b)}
    published = set(
        await session.exec(
            select(Project.id).where(among(Project.id, sides), Project.state == "published")
        )
    )
    return {(p.a, p.b): p.case for p in stored if p.a in published and p.b in published}


async def store_pairs(
    session: AsyncSession,
    project_ids: Collection[int],
    judged: Sequence[JudgedPair],
    settled: Collection[Key] = frozenset(),
) -> int:
    """Bring the pairs of these projects up to date; return how many of `judged` are flagged.

    Stored pairs that are neither judged nor `settled` are compared no longer and go, unless
    people have said something about them.
    """
    stored = {(pair.a, pair.b): pair for pair in await touching(session, project_ids)}
    existing = {key: pair for key, pair in stored.items() if key not in settled}
    found = {key_of(pair): pair for pair in judged if pair.countries}
    assigned = await assign_cases(session, {key: one.case for key, one in existing.items()}, found)
    cases, disposable = assigned.cases, assigned.empty
    kept = {key: pair for key, pair in found.items() if key in cases or _is_kept(pair)}
    written = {key: _row(pair, cases.get(key)) for key, pair in kept.items()}
    await _write(session, [row for key, row in written.items() if key in existing])
    await copy_rows(session, OverlapPair, [r for key, r in written.items() if key not in existing])
    await _withdraw(session, {k: p for k, p in existing.items() if k not in kept}, cases)
    if disposable:
        await session.execute(delete(OverlapCase).where(col(OverlapCase.id).in_(list(disposable))))
    await tell_of_growth(session, assigned.grown)
    for known in list(session.identity_map.values()):
        if isinstance(known, OverlapPair):
            session.expunge(known)  # written past the identity map
    return sum(pair.flagged for pair in found.values())


def _is_kept(pair: JudgedPair) -> bool:
    return pair.coordinated or pair.flagged


def key_of(pair: JudgedPair) -> Key:
    """Return the ids of both projects, the smaller first."""
    assert pair.a.id is not None and pair.b.id is not None  # stored projects  # noqa: S101
    return pair.a.id, pair.b.id


def pair_of(pair: JudgedPair) -> OverlapPair:
    """Return what would be stored of a pair that has no case."""
    return OverlapPair(**_row(pair, None) | {"evidence": pair.judgement.as_json()})


def _row(pair: JudgedPair, case_id: int | None) -> dict[str, Any]:
    judgement = pair.judgement
    a_id, b_id = key_of(pair)
    return {
        "a_id": a_id,
        "b_id": b_id,
        "kind": judgement.kind,
        "probability": round(judgement.probability, 6),
        "flagged": pair.flagged,
        "coordinated": pair.coordinated,
        "evidence": judgement.as_json() if pair.explained or case_id else [],
        "model_version": model_in_use().version,
        "countries": pair.countries,
        "months": pair.months,
        "usd": pair.usd,
        "case_id": case_id,
        "judged_at": now(),
    }


async def _write(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert(OverlapPair)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in {"a_id", "b_id"}}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["a_id", "b_id"], set_=changed), rows
    )


async def _withdraw(
    session: AsyncSession, gone: dict[Key, StoredPair], cases: dict[Key, int]
) -> None:
    """Remove pairs that are compared no longer; those with a case stay, but are not flagged."""
    kept = [pair.id for key, pair in gone.items() if key in cases]
    dropped = [pair.id for key, pair in gone.items() if key not in cases]
    if kept:
        await session.execute(
            update(OverlapPair).where(col(OverlapPair.id).in_(kept)).values(flagged=False)
        )
    if dropped:
        await session.execute(delete(OverlapPair).where(col(OverlapPair.id).in_(dropped)))
