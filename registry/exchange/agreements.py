"""What reviewers decided about projects and others, for those who may read both."""

from collections.abc import Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.iati.codes import identifier_in_file
from registry.exchange.iati.decisions import AGREED, Agreement
from registry.models import Organisation, OverlapCase, OverlapPair, Project, is_decided
from registry.permissions import Actor
from registry.visibility import readable_projects


async def agreements_on(
    session: AsyncSession, reader: Actor, projects: Mapping[int, int]
) -> dict[int, list[Agreement]]:
    """Return project -> what was agreed about it and projects that this reader may read.

    `projects` maps projects to the organisations that report them. Two statements, however many.
    """
    a, b = col(OverlapPair.a_id), col(OverlapPair.b_id)
    found: dict[int, dict[tuple[int, int], Agreement]] = {}
    for mine, theirs in ((a, b), (b, a)) if projects else ():
        rows = await session.exec(
            select(mine, OverlapCase, Project, Organisation)
            .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
            .join(Project, col(Project.id) == theirs)
            .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
            .where(
                mine.in_(projects),
                is_decided(),
                col(OverlapCase.outcome).in_(AGREED),
                readable_projects(reader),
            )
        )
        for project_id, case, other, organisation in rows:
            agreement = Agreement(
                case.outcome or "",
                identifier_in_file(other.iati_identifier, organisation.slug, other.identifier),
                other.reporting_organisation_id == projects[project_id],
            )
            found.setdefault(project_id, {})[case.id or 0, other.id or 0] = agreement
    return {
        project_id: [agreement for _, agreement in sorted(agreed.items())]
        for project_id, agreed in found.items()
    }
