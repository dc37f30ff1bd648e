"""What came of decisions: joint programmes, and who does what where."""

from datetime import date, datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now, text_list


class JointProgramme(SQLModel, table=True):
    """Projects of several organisations that were decided to be carried on together."""

    __tablename__ = "joint_programme"
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="overlap_case.id", unique=True)
    """The case whose decision made it; it holds as long as that decision does."""
    title: str
    description: str = ""
    lead_organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    version: int = 1


class ProgrammeProject(SQLModel, table=True):
    """A project of a joint programme."""

    __tablename__ = "programme_project"
    programme_id: int = Field(foreign_key="joint_programme.id", primary_key=True)
    project_id: int = Field(foreign_key="project.id", primary_key=True, index=True)


class ProgrammeOrganisation(SQLModel, table=True):
    """An organisation that carries a joint programme."""

    __tablename__ = "programme_organisation"
    programme_id: int = Field(foreign_key="joint_programme.id", primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", primary_key=True, index=True)


class DivisionShare(SQLModel, table=True):
    """A line of a division of labour: what one organisation does, where, for whom and when."""

    __tablename__ = "division_share"
    __table_args__ = (Index("division_share_country", "country"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="overlap_case.id", index=True)
    organisation_id: int = Field(foreign_key="organisation.id")
    country: str
    """ISO 3166-1 alpha-2."""
    measures: list[str] = text_list()
    provinces: list[str] = text_list()
    """As they are written in the country; empty: all of it."""
    target_groups: list[str] = text_list()
    """Empty: all that the measures are for."""
    start: date | None = None
    end: date | None = None
    note: str = ""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
