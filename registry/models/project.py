"""Projects, and the parts of a project that other tables or queries have to reach by themselves."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import ARRAY, Column, DateTime, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

DIMENSIONS = 512
"""Length of the vectors of the sentence encoder."""


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def text_list() -> Any:
    """Return the column of a list of codes."""
    return Field(default_factory=list, sa_type=ARRAY(Text), nullable=False)


def json_object() -> Any:
    """Return the column of a JSON object."""
    return Field(default_factory=dict, sa_type=JSONB, nullable=False)


FIGURES = (
    "visibility", "reporting_organisation_id", "status", "start_date", "end_date", "budget_usd",
    "regions", "pillars", "measures",
)  # fmt: skip
"""Columns of a project that figures are made of."""


class Project(SQLModel, table=True):
    """A project, as its reporting organisation registered it."""

    __table_args__ = (
        Index("project_key", "reporting_organisation_id", "identifier", unique=True),
        Index("project_state_updated", "state", "updated_at"),
        Index("project_regions", "regions", postgresql_using="gin"),
        # What counts projects by place and time reads this instead of the rows with their texts.
        Index("project_figures", "state", "id", postgresql_include=FIGURES),
        Index("project_budget", "state", "budget_usd", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    identifier: str = Field(index=True)
    iati_identifier: str | None = Field(default=None, index=True)
    reporting_organisation_id: int = Field(foreign_key="organisation.id")
    state: str = "draft"
    """draft, published or withdrawn."""
    visibility: str = "public"
    """public, members or restricted."""
    language: str = "en"
    titles: dict[str, str] = json_object()
    descriptions: dict[str, str] = json_object()
    status: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    regions: list[str] = text_list()
    locations: list[str] = text_list()
    pillars: list[str] = text_list()
    measures: list[str] = text_list()
    activity_types: list[str] = text_list()
    target_groups: list[str] = text_list()
    exploitation_forms: list[str] = text_list()
    mandates: list[str] = text_list()
    suggestions: dict[str, Any] = json_object()
    """Codes that the registry suggests and nobody has confirmed yet: scheme -> codes."""
    budget: Decimal | None = Field(default=None, sa_type=Numeric(18, 2))
    currency: str | None = None
    budget_usd: Decimal | None = Field(default=None, sa_type=Numeric(18, 2))
    url: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    partner_contacts: str | None = None
    """Restricted: contacts of local partners."""
    shelter_locations: str | None = None
    """Restricted: where shelters are."""
    provenance: dict[str, Any] = json_object()
    """Where the record came from: {"kind": "form"|"file"|"api", "file", "line", "checksum"}."""
    source: dict[str, Any] = json_object()
    """What the file said that a project has no place for."""
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    published_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ProjectCountry(SQLModel, table=True):
    """A recipient country of a project, with its share of the budget."""

    __tablename__ = "project_country"
    __table_args__ = (Index("project_country_code", "code", "project_id"),)
    project_id: int = Field(foreign_key="project.id", primary_key=True)
    code: str = Field(primary_key=True)
    position: int = 0
    percentage: Decimal | None = Field(default=None, sa_type=Numeric(7, 4))
    usd: Decimal | None = Field(default=None, sa_type=Numeric(18, 2))
    """The country's share of the budget, in USD."""


class Participation(SQLModel, table=True):
    """An organisation that takes part in a project, known to the registry or only by name."""

    __table_args__ = (Index("participation_organisation", "organisation_id"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    position: int = 0
    role: str
    name: str
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id")


class Relation(SQLModel, table=True):
    """A project's declaration that another one is its parent, child, sibling or joint programme."""

    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    position: int = 0
    type: str
    identifier: str = Field(index=True)


class ProjectVector(SQLModel, table=True):
    """The meaning of a project's title and description, from the sentence encoder."""

    __tablename__ = "project_vector"
    __table_args__ = (
        Index(
            "project_vector_nearest",
            "vector",
            postgresql_using="hnsw",
            postgresql_ops={"vector": "halfvec_cosine_ops"},
        ),
    )
    project_id: int = Field(foreign_key="project.id", primary_key=True)
    checksum: str
    """Of the text that was encoded, so that unchanged texts are not encoded again."""
    vector: Any = Field(sa_column=Column(HALFVEC(DIMENSIONS), nullable=False))
