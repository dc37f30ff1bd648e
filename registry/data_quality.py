"""What is missing or waiting in the registry: figures for the secretariat, and the lists behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, or_
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotFound
from registry.models import (
    Account,
    Mandate,
    Organisation,
    Outbox,
    OverlapCase,
    OverlapPair,
    Project,
    ProjectCountry,
    is_decided,
)
from registry.outbox import CONSUMERS
from registry.overlap.model import model_in_use
from registry.permissions import Actor, require

PAGE_SIZE = 50


@dataclass(frozen=True)
class QualityFigures:
    """The state of the registry's data."""

    states: Mapping[str, int]
    """draft, published, withdrawn -> projects."""
    issues: Mapping[str, int]
    """Name of an issue -> projects that have it."""
    waiting: Mapping[str, tuple[int, datetime | None]]
    """Consumer of the outbox -> changes it has still to take up, and since when."""
    pairs: int
    """Pairs of projects that were compared closely."""
    flagged: int
    undecided: int
    last_judged: datetime | None
    model_version: str
    """Of the model that judges overlaps now."""
    accounts: int
    """Accounts that are switched on."""
    organisations: int
    without_account: int
    """Organisations with a project but nobody who can sign in."""
    without_mandate: int
    """Member organisations of ICAT whose mandate is not recorded."""


def issue_conditions(today: date | None = None) -> dict[str, ColumnElement[bool]]:
    """Return the issues a project can have: name -> condition on Project."""
    today = today or date.today()
    draft, published = col(Project.state) == "draft", col(Project.state) == "published"
    has_country = (
        select(ProjectCountry.code)
        .where(col(ProjectCountry.project_id) == col(Project.id))
        .exists()
    )
    described = _holds(Project.descriptions, '$.* ? (@ like_regex "\\\\S")')
    no_region = func.cardinality(Project.regions) == 0
    return {
        "draft-without-description": and_(draft, ~described),
        "draft-without-status": and_(draft, func.coalesce(Project.status, "") == ""),
        "draft-without-country": and_(draft, ~has_country, no_region),
        "draft-without-pillar": and_(draft, func.cardinality(Project.pillars) == 0),
        "suggestions-unconfirmed": and_(
            col(Project.state) != "withdrawn",
            _holds(Project.suggestions, "$.*[*]"),
        ),
        "published-without-budget": and_(published, col(Project.budget).is_(None)),
        "published-without-rate": and_(
            published, col(Project.budget).is_not(None), col(Project.budget_usd).is_(None)
        ),
        "published-without-dates": and_(
            published, or_(col(Project.start_date).is_(None), col(Project.end_date).is_(None))
        ),
        "published-without-measure": and_(published, func.cardinality(Project.measures) == 0),
        "published-past-its-end": and_(
            published,
            col(Project.status) == "implementation",
            col(Project.end_date) < today,
        ),
    }


def _holds(values: Any, path: str) -> ColumnElement[bool]:
    """Tell whether a JSON path finds anything."""
    found: ColumnElement[bool] = func.jsonb_path_exists(values, cast(path, JSONPATH))
    return found


async def quality_figures(session: AsyncSession, actor: Actor) -> QualityFigures:
    """Return the figures, in six statements. Raises NotAllowed for all but the secretariat."""
    require(actor, "registry.administer")
    conditions = issue_conditions()
    states = dict(
        (await session.exec(select(Project.state, func.count()).group_by(Project.state))).all()
    )
    counted: Any = select(*(func.count().filter(condition) for condition in conditions.values()))
    issues = (await session.exec(counted.select_from(Project))).one()
    waiting = await session.exec(
        select(Outbox.consumer, func.count(), func.min(Outbox.at)).group_by(Outbox.consumer)
    )
    queues = {consumer: (number, since) for consumer, number, since in waiting}
    pairs, flagged, last_judged = (
        await session.exec(
            select(
                func.count(),
                func.count().filter(col(OverlapPair.flagged)),
                func.max(OverlapPair.judged_at),
            ).select_from(OverlapPair)
        )
    ).one()
    undecided = await session.exec(
        select(func.count())
        .select_from(OverlapCase)
        .where(~is_decided(), col(OverlapCase.gathered_into).is_(None))
    )
    accounts, organisations, without_account, without_mandate = await _organisation_figures(session)
    return QualityFigures(
        states={state: states.get(state, 0) for state in ("published", "draft", "withdrawn")},
        issues=dict(zip(conditions, issues, strict=True)),
        waiting={consumer: queues.get(consumer, (0, None)) for consumer in CONSUMERS},
        pairs=pairs,
        flagged=flagged,
        undecided=undecided.one(),
        last_judged=last_judged,
        model_version=model_in_use().version,
        accounts=accounts,
        organisations=organisations,
        without_account=without_account,
        without_mandate=without_mandate,
    )


@dataclass(frozen=True)
class ProjectWithIssue:
    """A line of the list behind a figure."""

    identifier: str
    title: str
    language: str
    state: str
    organisation: str
    """Its slug."""
    organisation_name: str
    budget: Decimal | None
    currency: str | None
    updated_at: datetime


async def projects_with_issue(
    session: AsyncSession, actor: Actor, issue: str, page: int = 1
) -> tuple[int, list[ProjectWithIssue]]:
    """Return how many projects have an issue, and one page of them, the longest untouched first.

    Raises NotFound for an issue that does not exist.
    """
    require(actor, "registry.administer")
    condition = issue_conditions().get(issue)
    if condition is None:
        raise NotFound("There is no such list.")
    total = await session.exec(select(func.count()).select_from(Project).where(condition))
    rows = await session.exec(
        select(Project, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(condition)
        .order_by(col(Project.updated_at), col(Project.id))
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return total.one(), [_line(project, organisation) for project, organisation in rows]


def _line(project: Project, organisation: Organisation) -> ProjectWithIssue:
    titles = project.titles
    return ProjectWithIssue(
        identifier=project.identifier,
        title=titles.get(project.language) or next(iter(titles.values()), project.identifier),
        language=project.language,
        state=project.state,
        organisation=organisation.slug,
        organisation_name=organisation.acronym or organisation.name,
        budget=project.budget,
        currency=project.currency,
        updated_at=project.updated_at,
    )


async def _organisation_figures(session: AsyncSession) -> Sequence[int]:
    """Return accounts, organisations, those without an account, ICAT's without a mandate."""
    account = (
        select(Account.id)
        .where(col(Account.organisation_id) == col(Organisation.id), col(Account.active))
        .exists()
    )
    project = (
        select(Project.id)
        .where(col(Project.reporting_organisation_id) == col(Organisation.id))
        .exists()
    )
    mandate = select(Mandate.id).where(col(Mandate.organisation_id) == col(Organisation.id))
    accounts = (
        select(func.count()).select_from(Account).where(col(Account.active)).scalar_subquery()
    )
    rows = await session.exec(
        select(
            accounts,
            func.count(),
            func.count().filter(project, ~account),
            func.count().filter(col(Organisation.icat_member), ~mandate.exists()),
        ).select_from(Organisation)
    )
    return rows.one()
