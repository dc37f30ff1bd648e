"""Countries with a similar mix of assistance, to learn from: what is done there, and not here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Text, cast, func, literal
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.figures import running
from registry.models import Project
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.visibility import readable_projects

LEAST = 0.1
"""Countries less alike than this have little to do with each other."""


@dataclass
class Mix:
    """What is done in a country."""

    projects: int = 0
    """Active ones."""
    measures: dict[str, int] = field(default_factory=dict)
    """Measure -> active projects that name it."""


@dataclass(frozen=True)
class SimilarCountry:
    """A country with a similar mix."""

    code: str
    similarity: float
    """The cosine of the two mixes: 1 where the measures have the same shares, 0 where none is
    shared."""
    shared: list[str]
    """Measures that both have, those first that make up most of the two mixes."""
    beyond: list[str]
    """Measures that it has and the other country has not, the most frequent first."""


async def mixes_of_assistance(session: AsyncSession, reader: Actor, today: date) -> dict[str, Mix]:
    """Return country -> mix of the projects that run and that the reader may read."""
    # Each project is counted once for itself (NULL) and once for each of its measures.
    named = func.unnest(func.array_append(Project.measures, cast(literal(None), Text)))
    measure = named.label("measure")
    rows: Any = await session.exec(
        select(Recipient.code, measure, func.count())
        .join(Project, col(Project.id) == col(Recipient.project_id))
        .where(running(today), readable_projects(reader))
        .group_by(col(Recipient.code), measure)
    )
    mixes: dict[str, Mix] = {}
    for code, name, number in rows:
        mix = mixes.setdefault(code, Mix())
        if name is None:
            mix.projects = number
        else:
            mix.measures[name] = number
    return mixes


def similar_countries(
    mixes: Mapping[str, Mix], code: str, most: int = 5, named: int = 3
) -> list[SimilarCountry]:
    """Return the countries most like this one; of equals those of its own region come first.

    Of the measures that are shared, and of those that it lacks, so many are `named`.
    """
    here = mixes.get(code, Mix()).measures
    found = []
    for other, mix in mixes.items():
        likeness = round(cosine(here, mix.measures), 2) if other != code else 0.0
        if likeness < LEAST:
            continue
        shared = sorted(
            here.keys() & mix.measures.keys(),
            key=lambda measure: (-here[measure] * mix.measures[measure], measure),
        )
        beyond = sorted(
            mix.measures.keys() - here.keys(), key=lambda measure: (-mix.measures[measure], measure)
        )
        found.append(SimilarCountry(other, likeness, shared[:named], beyond[:named]))
    found.sort(key=lambda one: (-one.similarity, -_nearness(code, one.code), one.code))
    return found[:most]


def cosine(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """Return how alike two mixes are, from 0 to 1, however many projects they have."""
    together = sum(number * b.get(measure, 0) for measure, number in a.items())
    lengths = math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))
    return together / lengths if lengths else 0.0


def _nearness(code: str, other: str) -> int:
    """Return how many regions of UN M49, one within the other, two countries share."""
    return len(set(codelists.regions_of(code)) & set(codelists.regions_of(other)))
