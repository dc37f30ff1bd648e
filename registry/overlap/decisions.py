"""What reviewers decided, as a labelled set that a model can learn from (labelled.py)."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict
from registry.exchange.record import ProjectRecord, as_json
from registry.models import DECIDED, Change, Organisation, OverlapCase, OverlapPair, Project
from registry.overlap.changed_since import material
from registry.overlap.labelled import NOT_AN_OVERLAP, UNDECIDED
from registry.overlap.listing import listed_pairs
from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE
from registry.permissions import Actor
from registry.project_rows import load_records
from registry.statements import among
from registry.visibility import RESTRICTED_FIELDS

LABEL_OF_OUTCOME: Mapping[str, str] = {
    "joint-programme": DUPLICATED_ASSISTANCE,
    "division-of-labour": DUPLICATED_ASSISTANCE,
    "merged-double-registration": DOUBLE_REGISTRATION,
    "complementary-no-action": NOT_AN_OVERLAP,
    "not-an-overlap": NOT_AN_OVERLAP,
}
"""What an outcome says of the pair. Whoever has to join forces or to divide the labour gave the
same assistance; projects that complete each other did not."""
WITHHELD = frozenset(
    {"url", "contact_name", "contact_email", "suggestions", "source", *RESTRICTED_FIELDS}
)
"""What a labelled set does without: people, places of shelters, and what is no evidence."""


@dataclass(frozen=True)
class DecidedSet:
    """Labels and the projects that they are about, in the form of a labelled set."""

    labels: list[dict[str, Any]]
    projects: list[dict[str, Any]]


@dataclass(frozen=True)
class _Side:
    """What a label needs to know of one of its projects."""

    name: str
    """Its identifier; where two have the same, with the slug of the organisation before it."""
    changed: datetime | None
    """When something that is compared last changed."""


async def decided_set(
    session: AsyncSession, reader: Actor, country: str | None = None
) -> DecidedSet:
    """Return the decisions on projects that the reader may read, the oldest first.

    With `country` (alpha-2) those on pairs at work there, and on other pairs of their projects.
    Pairs of these projects that are flagged but not decided are there too, as undecided: else
    whoever reads the set would presume that they are unrelated. What was decided on records that
    have changed since says when they `changed`. Restricted fields and contacts are left out.
    """
    decided = await session.exec(
        select(OverlapPair.a_id, OverlapPair.b_id)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(*listed_pairs(reader, state="decided", country=country))
    )
    ids = sorted({id for pair in decided for id in pair})
    sides = await _sides(session, ids)
    rows = await session.exec(
        select(OverlapPair, OverlapCase)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(among(OverlapPair.a_id, ids), among(OverlapPair.b_id, ids))
        .order_by(col(OverlapCase.decided_at).nulls_last(), col(OverlapPair.id))
    )
    records = await load_records(session, ids)
    return DecidedSet(
        [_label(pair, case, sides[pair.a_id], sides[pair.b_id]) for pair, case in rows],
        [_project(records[id], sides[id].name) for id in ids],
    )


def write_set(folder: Path, found: DecidedSet) -> None:
    """Write a labelled set. Raises Conflict if there is one in the folder already."""
    files = {"projects.jsonl": found.projects, "labels.jsonl": found.labels}
    if any((folder / name).exists() for name in files):
        raise Conflict(f"{folder} holds a labelled set already; name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.writelines(as_line(line) + "\n" for line in lines)


def as_line(given: dict[str, Any]) -> str:
    """Return a line of a labelled set."""
    return json.dumps(given, ensure_ascii=False)


def _label(pair: OverlapPair, case: OverlapCase, a: _Side, b: _Side) -> dict[str, Any]:
    judged = {
        "kind": pair.kind,
        "probability": round(pair.probability, 4),
        "model_version": pair.model_version,
    }
    named = {"a": a.name, "b": b.name}
    if case.state not in DECIDED or case.outcome is None or case.decided_at is None:
        return {**named, "label": UNDECIDED, "why": "", **judged}
    changed = max((at for at in (a.changed, b.changed) if at), default=None)
    return {
        **named,
        "label": LABEL_OF_OUTCOME[case.outcome],
        "why": case.reason or "",
        "outcome": case.outcome,
        "decided": case.decided_at.isoformat(),
        **({"changed": changed.isoformat()} if changed and changed > case.decided_at else {}),
        **judged,
    }


def _project(record: ProjectRecord, name: str) -> dict[str, Any]:
    kept = {key: value for key, value in as_json(record).items() if key not in WITHHELD}
    del kept["identifier"]
    return {"id": name, **kept}


async def _sides(session: AsyncSession, ids: Sequence[int]) -> dict[int, _Side]:
    changes = await session.exec(
        select(Change.subject_id, func.max(Change.at))
        .where(material(), among(Change.subject_id, ids))
        .group_by(col(Change.subject_id))
    )
    changed = dict(changes.all())
    named = await session.exec(
        select(Project.id, Project.identifier, Organisation.slug)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(among(Project.id, ids))
    )
    projects = {id: (identifier, slug) for id, identifier, slug in named if id is not None}
    times = Counter(identifier for identifier, _ in projects.values())
    return {
        id: _Side(identifier if times[identifier] == 1 else f"{slug}:{identifier}", changed.get(id))
        for id, (identifier, slug) in projects.items()
    }
