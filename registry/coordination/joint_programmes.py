"""Joint programmes: made by the decision on a case, with its projects and organisations.

A programme holds as long as that decision does; when its case is reopened it is shown no more, and
a new decision for a joint programme takes it up again. Only those who may read all of its projects
know of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import OpenCase, locked, open_case
from registry.catalogue import ProjectView, project_views
from registry.coordination.case_states import state_after
from registry.coordination.totals import Total, merged_pairs, netted
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.history import history_of, record_change
from registry.messages import message
from registry.models import (
    Change,
    JointProgramme,
    Organisation,
    OverlapCase,
    ProgrammeOrganisation,
    ProgrammeProject,
    Project,
    ProjectCountry,
    is_decided,
    now,
)
from registry.overlap.listing import read_whole
from registry.permissions import Actor
from registry.personal_data import suspicious_parts
from registry.statements import among
from registry.visibility import readable_projects

JOINT = "joint-programme"
LONGEST_TITLE = 200
LONGEST_TEXT = 5_000
"""Characters."""
PAGE_SIZE = 20


@dataclass(frozen=True)
class ListedProgramme:
    """A programme in a list."""

    programme: JointProgramme
    lead: Organisation | None
    projects: int
    """That the reader may read."""
    countries: list[str]
    """Where they are."""


@dataclass(frozen=True)
class ProgrammeView:
    """All that the page of a programme shows."""

    programme: JointProgramme
    case: OverlapCase
    lead: Organisation | None
    organisations: list[Organisation]
    """The lead first."""
    projects: list[ProjectView]
    budget: Total
    """Of all its projects, in USD."""
    history: Sequence[Change]
    may_edit: bool


async def make_programme(session: AsyncSession, actor: Actor, opened: OpenCase) -> JointProgramme:
    """Make the programme of a case that was just decided, or take up an earlier one again."""
    case = opened.case
    found = await session.exec(
        select(JointProgramme).where(JointProgramme.case_id == case.id).with_for_update()
    )
    programme = found.first()
    action = "made" if programme is None else "taken-up"
    if programme is None:
        programme = JointProgramme(
            case_id=opened.id, title=_title(opened), description=case.reason or ""
        )
    programme.lead_organisation_id = case.lead_organisation_id
    programme.version += action != "made"
    programme.updated_at = now()
    session.add(programme)
    await session.flush()
    projects, members = _published(opened), _carriers(opened)
    await _put_members(session, programme, projects, members)
    after = {"title": programme.title, "projects": projects, "members": sorted(members)}
    await record_change(session, actor, "programme", programme.id or 0, action, {}, after)
    return programme


async def revise_programme(
    session: AsyncSession,
    actor: Actor,
    programme_id: int,
    *,
    version: int,
    title: str,
    description: str,
    organisation_ids: Collection[int],
) -> JointProgramme:
    """Change what a programme says of itself, and which organisations carry it.

    The organisations of its projects and the lead stay members. Raises NotFound, NotAllowed,
    Invalid, and Conflict when somebody else was faster.
    """
    programme, case = await _readable(session, actor, programme_id)
    opened = await open_case(session, actor, case.id or 0)
    if not opened.may_divide(actor):
        raise NotAllowed(
            "The organisation that leads, reviewers and the secretariat change a joint programme."
        )
    title, description = title.strip(), description.strip()
    errors = []
    for name, text, longest in (
        ("title", title, LONGEST_TITLE),
        ("description", description, LONGEST_TEXT),
    ):
        if len(text) > longest:
            errors.append(
                FieldError(name, message("Use at most {limit} characters.", limit=longest))
            )
        errors += [FieldError(name, found) for found in suspicious_parts(text)]
    if not title:
        errors.append(FieldError("title", message("Give the programme a title.")))
    wanted = {*organisation_ids, *_carriers(opened)}
    known = await session.exec(select(Organisation.id).where(col(Organisation.id).in_(wanted)))
    if set(known) != wanted:
        errors.append(FieldError("organisations", message("There is no such organisation.")))
    if errors:
        raise Invalid(errors)
    state_after((await locked(session, case.id or 0)).state, "divide")
    await session.refresh(programme, with_for_update=True)
    if programme.version != version:
        raise Conflict(str(message("Somebody else changed this programme meanwhile.")))
    before = {"title": programme.title, "description": programme.description}
    programme.title, programme.description = title, description
    programme.version += 1
    programme.updated_at = now()
    session.add(programme)
    await _put_members(session, programme, _published(opened), wanted)
    after = {"title": title, "description": description, "members": sorted(wanted)}
    await record_change(session, actor, "programme", programme_id, "revised", before, after)
    return programme


async def get_programme(session: AsyncSession, reader: Actor, programme_id: int) -> ProgrammeView:
    """Return a programme with its projects and organisations. Raises NotFound."""
    programme, case = await _readable(session, reader, programme_id)
    opened = await open_case(session, reader, case.id or 0)
    ids = await session.exec(
        select(ProgrammeProject.project_id).where(ProgrammeProject.programme_id == programme_id)
    )
    projects = await project_views(session, reader, list(ids))
    members = await session.exec(
        select(Organisation)
        .join(
            ProgrammeOrganisation,
            col(ProgrammeOrganisation.organisation_id) == col(Organisation.id),
        )
        .where(ProgrammeOrganisation.programme_id == programme_id)
        .order_by(Organisation.name)
    )
    lead_id = programme.lead_organisation_id
    organisations = sorted(members, key=lambda one: one.id != lead_id)
    history = await history_of(session, "programme", programme_id) if reader.signed_in else []
    return ProgrammeView(
        programme=programme,
        case=case,
        lead=next((one for one in organisations if one.id == lead_id), None),
        organisations=organisations,
        projects=projects,
        budget=await _budget(session, reader, projects),
        history=history,
        may_edit=opened.may_divide(reader),
    )


async def list_programmes(
    session: AsyncSession,
    reader: Actor,
    *,
    project_id: int | None = None,
    page: int = 1,
    size: int = PAGE_SIZE,
) -> list[ListedProgramme]:
    """Return the programmes that hold and that the reader may know, of a project or all; the newest
    first. One more than `size` says that there is another page."""
    conditions: list[Any] = _shown(reader)
    if project_id is not None:
        of_project = select(ProgrammeProject.programme_id).where(
            ProgrammeProject.project_id == project_id
        )
        conditions.append(col(JointProgramme.id).in_(of_project))
    rows = await session.exec(
        select(JointProgramme, Organisation)
        .join(OverlapCase, col(OverlapCase.id) == col(JointProgramme.case_id))
        .outerjoin(Organisation, col(Organisation.id) == col(JointProgramme.lead_organisation_id))
        .where(*conditions)
        .order_by(col(JointProgramme.id).desc())
        .limit(size + 1)
        .offset((page - 1) * size)
    )
    found = list(rows)
    about = await _about(session, reader, [programme.id or 0 for programme, _ in found])
    return [
        ListedProgramme(programme, lead, *about.get(programme.id or 0, (0, [])))
        for programme, lead in found
    ]


async def programme_of_case(session: AsyncSession, case_id: int) -> JointProgramme | None:
    """Return the programme that the decision on a case made."""
    found = await session.exec(select(JointProgramme).where(JointProgramme.case_id == case_id))
    return found.first()


async def programmes_shown(
    session: AsyncSession, reader: Actor, ids: Collection[int]
) -> list[JointProgramme]:
    """Return those of these programmes that hold and that the reader may know."""
    if not ids:
        return []
    rows = await session.exec(
        select(JointProgramme)
        .join(OverlapCase, col(OverlapCase.id) == col(JointProgramme.case_id))
        .where(among(JointProgramme.id, ids), *_shown(reader))
    )
    return list(rows)


async def _about(
    session: AsyncSession, reader: Actor, ids: Sequence[int]
) -> dict[int, tuple[int, list[str]]]:
    """Return how many projects each of these programmes has, and their countries."""
    if not ids:
        return {}
    code = col(ProjectCountry.code)
    rows: Any = await session.exec(
        select(
            ProgrammeProject.programme_id,
            func.count(col(Project.id).distinct()),
            func.array_agg(code.distinct()).filter(code.is_not(None)),
        )
        .join(Project, col(Project.id) == col(ProgrammeProject.project_id))
        .outerjoin(ProjectCountry, col(ProjectCountry.project_id) == col(Project.id))
        .where(among(ProgrammeProject.programme_id, ids), readable_projects(reader))
        .group_by(col(ProgrammeProject.programme_id))
    )
    return {id: (projects, codes or []) for id, projects, codes in rows}


def _shown(reader: Actor) -> list[Any]:
    return [is_decided(), OverlapCase.outcome == JOINT, *read_whole(reader)]


async def _readable(
    session: AsyncSession, reader: Actor, programme_id: int
) -> tuple[JointProgramme, OverlapCase]:
    if programme_id < 2**31:
        rows = await session.exec(
            select(JointProgramme, OverlapCase)
            .join(OverlapCase, col(OverlapCase.id) == col(JointProgramme.case_id))
            .where(JointProgramme.id == programme_id, *_shown(reader))
        )
        if (found := rows.first()) is not None:
            return found[0], found[1]
    raise NotFound("There is no such programme, or its projects are not public.")


async def _put_members(
    session: AsyncSession,
    programme: JointProgramme,
    projects: Collection[int],
    organisations: Collection[int],
) -> None:
    for table in (ProgrammeProject, ProgrammeOrganisation):
        await session.execute(delete(table).where(col(table.programme_id) == programme.id))
    number = programme.id or 0
    session.add_all(
        [ProgrammeProject(programme_id=number, project_id=one) for one in projects]
        + [ProgrammeOrganisation(programme_id=number, organisation_id=one) for one in organisations]
    )
    await session.flush()


async def _budget(session: AsyncSession, reader: Actor, projects: Sequence[ProjectView]) -> Total:
    budgets = {one.project.id or 0: one.project.budget_usd for one in projects}
    merged = await merged_pairs(session, reader, list(budgets))
    return Total(
        gross=sum((usd for usd in budgets.values() if usd is not None), Decimal(0)),
        netted=netted(budgets, merged),
        without_budget=sum(usd is None for usd in budgets.values()),
    )


def _published(opened: OpenCase) -> list[int]:
    """Return the projects of a case without those that were withdrawn."""
    return [one.id or 0 for one in opened.projects if one.state == "published"]


def _carriers(opened: OpenCase) -> set[int]:
    """Return the organisations of these projects, and the one that leads."""
    owners = {one.reporting_organisation_id for one in opened.projects if one.state == "published"}
    lead = opened.case.lead_organisation_id
    return owners | ({lead} if lead else set())


def _title(opened: OpenCase) -> str:
    """Return the title of the lead's own project, else of the first one."""
    lead = opened.case.lead_organisation_id
    own = [one for one in opened.projects if one.reporting_organisation_id == lead]
    chosen = (own or opened.projects)[0]
    titles = chosen.titles
    title = titles.get(chosen.language) or next(iter(titles.values()), chosen.identifier)
    return title[:LONGEST_TITLE]
