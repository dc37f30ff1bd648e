"""How the projects of a country stand to the five principles of the Paris Declaration.

The Declaration (2005, part III) measures progress by country; so does this scorecard. It counts
what organisations say of their own projects, and says how many have said nothing: a share of those
that answered would look the better the fewer answer, so shares are of all active projects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.country_figures import projects_here
from registry.errors import NotFound
from registry.figures import running
from registry.models import Organisation, ParisAnswers, Project
from registry.models import ProjectCountry as Recipient
from registry.paris_declaration import NOT_SAID, Answer, read_answers
from registry.permissions import Actor
from registry.statements import own_title, short_name
from registry.visibility import readable_projects


@dataclass(frozen=True)
class Score:
    """What the active projects of a country say about one principle."""

    principle: str
    yes: int
    partly: int
    no: int
    not_said: int

    @property
    def counts(self) -> dict[str, int]:
        """Answer -> projects, in the order of the scheme paris_answers."""
        return {"yes": self.yes, "partly": self.partly, "no": self.no, NOT_SAID: self.not_said}

    @property
    def share(self) -> float | None:
        """The share, 0..1, of all active projects that say yes or partly; None where none runs."""
        active = sum(self.counts.values())
        return (self.yes + self.partly) / active if active else None


@dataclass(frozen=True)
class AnsweringProject:
    """An active project with its answers."""

    identifier: str
    title: str
    language: str
    organisation: str
    """The reporting organisation's slug."""
    organisation_name: str
    answers: dict[str, Answer]


async def country_scorecard(
    session: AsyncSession, reader: Actor, code: str, today: date | None = None
) -> list[Score]:
    """Return a score for each principle, of the active projects that the reader may read.

    One statement. Raises NotFound for a country that does not exist.
    """
    _require_country(code)
    today = today or datetime.now(UTC).date()
    principles, told = list(codelists.scheme("paris_principles")), ("yes", "partly", "no")
    here = projects_here(reader, code, today).subquery()
    counted = [
        func.count().filter(_answer(principle) == answer)
        for principle in principles
        for answer in told
    ]
    statement: Any = (
        select(func.count(), *counted)
        .select_from(here)
        .outerjoin(ParisAnswers, col(ParisAnswers.project_id) == here.c.id)
        .where(here.c.phase == "running")
    )
    active, *counts = (await session.exec(statement)).one()
    scores = []
    for place, principle in enumerate(principles):
        yes, partly, no = counts[place * len(told) : (place + 1) * len(told)]
        scores.append(Score(principle, yes, partly, no, active - yes - partly - no))
    return scores


async def projects_by_answer(
    session: AsyncSession,
    reader: Actor,
    code: str,
    today: date,
    *,
    principle: str | None = None,
    answer: str | None = None,
    page: int = 1,
    size: int = 50,
) -> tuple[int, list[AnsweringProject]]:
    """Return how many active projects of a country answer so, and one page of them by title.

    Without `principle` and `answer` it is all active projects. Raises NotFound.
    """
    _require_country(code)
    conditions: list[ColumnElement[bool]] = [
        col(Recipient.code) == code,
        running(today),
        readable_projects(reader),
    ]
    if principle and answer:
        conditions.append(func.coalesce(_answer(principle), NOT_SAID) == answer)
    columns: Mapping[str, Any] = {
        "identifier": col(Project.identifier),
        "title": own_title(),
        "language": col(Project.language),
        "organisation": col(Organisation.slug),
        "organisation_name": short_name(),
        "answers": col(ParisAnswers.answers),
    }
    found: Any = (
        select(*(column.label(name) for name, column in columns.items()))
        .select_from(Project)
        .join(Recipient, col(Recipient.project_id) == col(Project.id))
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .outerjoin(ParisAnswers, col(ParisAnswers.project_id) == col(Project.id))
        .where(*conditions)
    )
    total = await session.exec(select(func.count()).select_from(found.subquery()))
    rows = await session.exec(
        found.order_by(own_title(), col(Project.id)).limit(size).offset((page - 1) * size)
    )
    return total.one(), [
        AnsweringProject(**{**row._mapping, "answers": read_answers(row.answers or {})})
        for row in rows
    ]


def _answer(principle: str) -> Any:
    return col(ParisAnswers.answers)[principle]["answer"].astext


def _require_country(code: str) -> None:
    if code not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
