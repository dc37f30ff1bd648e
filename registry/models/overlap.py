"""Overlaps that the detector found, and the cases in which people judge them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel, col

from registry.models.project import now

DECIDED = ("decided", "followed-up")
"""States of a case in which a decision holds."""


class OverlapCase(SQLModel, table=True):
    """A flagged overlap under review."""

    __tablename__ = "overlap_case"
    id: int | None = Field(default=None, primary_key=True)
    state: str = "open"
    """A state of `registry.coordination.case_states`."""
    round: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Begins anew when the case is reopened, or another project joins after proposals were made."""
    outcome: str | None = None
    lead_organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    reason: str | None = None
    decided_by: int | None = Field(default=None, foreign_key="account.id")
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    decided_how: str | None = None
    """quorum, secretariat; None before quorums were kept."""
    proposal_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("case_comment.id", use_alter=True))
    )
    """The proposal that was decided as it stood."""
    upheld_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When somebody last said that the decision stands though a project has changed."""
    follow_up: str | None = None
    """What came of the decision."""
    followed_up_by: int | None = Field(default=None, foreign_key="account.id")
    followed_up_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    assignee_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    """Who looks after the case."""
    gathered_into: int | None = Field(default=None, foreign_key="overlap_case.id")
    """The case that took over all its pairs, and what was said."""
    opened_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    version: int = 1


def is_decided() -> ColumnElement[bool]:
    """Return the condition on OverlapCase that a decision holds."""
    return col(OverlapCase.state).in_(DECIDED)


class OverlapPair(SQLModel, table=True):
    """Two projects that were compared closely, the evidence, and the probability."""

    __tablename__ = "overlap_pair"
    __table_args__ = (
        Index("overlap_pair_projects", "a_id", "b_id", unique=True),
        Index("overlap_pair_b", "b_id"),
        Index("overlap_pair_flagged", "flagged", "probability"),
        Index(
            "overlap_pair_countries",
            "countries",
            postgresql_using="gin",
            postgresql_where=text("case_id IS NOT NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    a_id: int = Field(foreign_key="project.id")
    b_id: int = Field(foreign_key="project.id")
    kind: str
    probability: float
    flagged: bool
    coordinated: bool = False
    """The projects declare that they belong together; never flagged."""
    evidence: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False)
    )
    model_version: str
    countries: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False)
    )
    months: int = 0
    """Calendar months that both projects run."""
    usd: Decimal | None = Field(default=None, sa_type=Numeric(18, 2))
    """The smaller budget of the two in the countries they share: what might be spent twice."""
    case_id: int | None = Field(default=None, foreign_key="overlap_case.id", index=True)
    judged_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class ProjectProfile(SQLModel, table=True):
    """What the detector needs of a project, made ready when the project was published.

    See `registry.overlap.kept`.
    """

    __tablename__ = "project_profile"
    project_id: int = Field(
        sa_column=Column(
            Integer,
            ForeignKey("project.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        )
    )
    made_by: str
    """The code and word lists that read the text: others make it anew."""
    changed: datetime = Field(sa_type=DateTime(timezone=True))
    """When the project last changed before this was made."""
    content: bytes
    numbers: bytes
    """The project as a row of numbers (see `registry.overlap.rows`)."""
    names: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """The organisations of that row."""
    others: list[int] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Integer), nullable=False, server_default="{}"),
    )
    """The projects that it was last compared with, by its own search for candidates."""


class OverlapRun(SQLModel, table=True):
    """A full run of the detector, shared out as jobs."""

    __tablename__ = "overlap_run"
    id: int | None = Field(default=None, primary_key=True)
    began: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    ended: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    model_version: str
    countries: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    """Empty: all."""


class OverlapJob(SQLModel, table=True):
    """The projects of one country, or a part of them, to be examined by one worker."""

    __tablename__ = "overlap_job"
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(
        sa_column=Column(
            Integer, ForeignKey("overlap_run.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    place: str
    """The first of the countries or regions of its projects."""
    part: int
    parts: int
    """Of how many parts this is one; the first is 0."""
    projects: int
    pairs: int | None = None
    flagged: int | None = None
    done: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
