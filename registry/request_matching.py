"""Who could answer a request: organisations with the mandate, the competency, or people there.

The reasons are those of the division of labour that the Framework for Action asks for ("based on
organizations' mandates and core competencies", Annex III, e.7):

- **competency**: a recorded mandate names the measure itself, for a region that has the country;
- **mandate**: it names the pillar of the measure;
- **presence**: a project of the organisation runs in the country, under the measure or another one;
- **contact**: it has a contact point in the country.

The order is: measures with a core competency, then with projects, then with a mandate, then any
presence. Nothing else is weighed: who decides is the State.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import true
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.division import covers
from registry.figures import running
from registry.models import AssistanceRequest, ContactPoint, Mandate, Organisation, Project
from registry.models import ProjectCountry as Recipient
from registry.models.organisation import NATIONAL_AUTHORITY
from registry.permissions import Actor
from registry.statements import among, short_name
from registry.visibility import readable_projects

MOST_MATCHES = 12
"""Organisations that a page names."""


@dataclass
class Match:
    """An organisation that could answer a request, and why. All lists are of measures."""

    organisation_id: int
    slug: str = ""
    name: str = ""
    """Its acronym if it has one."""
    competent: list[str] = field(default_factory=list)
    mandated: list[str] = field(default_factory=list)
    """By the pillar; those of `competent` are not repeated."""
    present: list[str] = field(default_factory=list)
    """With a project that runs in the country."""
    projects: int = 0
    """That run in the country, under whatever measure."""
    contact: str | None = None
    """Its contact point in the country."""

    @property
    def rank(self) -> tuple[int, ...]:
        """The higher, the nearer to what is asked for."""
        return (
            len(self.competent),
            len(self.present),
            len(self.mandated),
            min(self.projects, 1),
            self.contact is not None,
        )


async def matches_for(
    session: AsyncSession, reader: Actor, request: AssistanceRequest, today: date
) -> list[Match]:
    """Return who could answer, as this reader may know it: four statements, MOST_MATCHES at most.

    Presence alone is no reason: it takes a competency, a mandate, or a project under a measure.
    """
    found = await _mandated(session, request)
    for id, projects, measures in await _present(session, reader, request, today):
        here = set(measures) & set(request.measures)
        if not here and id not in found:
            continue
        match = found.setdefault(id, Match(id))
        match.projects, match.present = projects, _ordered(request, here)
    points = await session.exec(
        select(ContactPoint.organisation_id, ContactPoint.name)
        .where(ContactPoint.country == request.country, among(ContactPoint.organisation_id, found))
        .order_by(col(ContactPoint.id).desc())
    )
    for id, name in points:
        found[id].contact = name
    named = await session.exec(
        select(Organisation.id, Organisation.slug, short_name()).where(
            among(Organisation.id, found),
            func.coalesce(Organisation.type, "") != NATIONAL_AUTHORITY,
        )
    )
    matches = []
    for id, slug, name in named:
        match = found[id or 0]
        match.slug, match.name = slug, name
        matches.append(match)
    matches.sort(key=lambda one: (*(-part for part in one.rank), one.name))
    return matches[:MOST_MATCHES]


async def competent_organisations(session: AsyncSession, request: AssistanceRequest) -> list[int]:
    """Return the organisations with a core competency in a measure that is asked for."""
    found = await _mandated(session, request)
    return [id for id, match in found.items() if match.competent]


async def _mandated(session: AsyncSession, request: AssistanceRequest) -> dict[int, Match]:
    wanted = set(request.measures)
    pillars = {codelists.pillar_of(measure) for measure in wanted}
    rows = await session.exec(
        select(Mandate).where(
            or_(
                col(Mandate.measures).op("&&")(list(wanted)),
                col(Mandate.pillars).op("&&")(list(pillars)),
            )
        )
    )
    named: dict[int, set[str]] = {}
    covered: dict[int, set[str]] = {}
    for row in rows:
        for measure in wanted:
            found = covers(
                row.mandate, row.pillars, row.measures, row.regions, request.country, measure
            )
            if found is not None:
                group = named if found.names_measure else covered
                group.setdefault(row.organisation_id, set()).add(measure)
    return {
        id: Match(
            id,
            competent=_ordered(request, named.get(id, ())),
            mandated=_ordered(request, covered.get(id, set()) - named.get(id, set())),
        )
        for id in {**named, **covered}
    }


async def _present(
    session: AsyncSession, reader: Actor, request: AssistanceRequest, today: date
) -> Sequence[Any]:
    """Return organisation, projects that run in the country, and their measures."""
    named = func.unnest(Project.measures).table_valued("measure", name="named").render_derived()
    rows = await session.exec(
        select(
            Project.reporting_organisation_id,
            func.count(func.distinct(Project.id)),
            func.array_remove(func.array_agg(func.distinct(named.c.measure)), None),
        )
        .join(Recipient, col(Recipient.project_id) == col(Project.id))
        .outerjoin(named, true())  # a project may name pillars alone
        .where(Recipient.code == request.country, running(today), readable_projects(reader))
        .group_by(col(Project.reporting_organisation_id))
    )
    return rows.all()


def _ordered(request: AssistanceRequest, measures: Iterable[str]) -> list[str]:
    return [one for one in request.measures if one in set(measures)]
