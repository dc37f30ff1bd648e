"""Organisations: who gives, funds or coordinates technical assistance."""

from typing import Any

from sqlalchemy import ARRAY, Column, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NATIONAL_AUTHORITY = "national-authority"
"""The type of an organisation that speaks for its home country."""


class Organisation(SQLModel, table=True):
    """One organisation, under all its names."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    names: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """The name in other languages: language -> name."""
    acronym: str | None = None
    aliases: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    type: str | None = None
    """A code of the scheme organisation_types."""
    iati_identifier: str | None = Field(default=None, unique=True)
    home_country: str | None = None
    website: str | None = None
    icat_member: bool = False
    version: int = 1


class OrganisationName(SQLModel, table=True):
    """Every key by which an organisation is recognised in a file: folded names and identifiers."""

    __tablename__ = "organisation_name"
    key: str = Field(primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)


class Mandate(SQLModel, table=True):
    """A mandate of an organisation with its core competencies."""

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    mandate: str
    pillars: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    measures: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    regions: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    """UN M49 codes; empty means everywhere."""


class ContactPoint(SQLModel, table=True):
    """Whom to call in a country: an office or a function of an organisation."""

    __tablename__ = "contact_point"
    __table_args__ = (Index("contact_point_country", "country"),)
    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    country: str
    name: str
    email: str | None = None
    phone: str | None = None


def as_json(row: SQLModel, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the columns of a row as JSON values, for the history."""
    return row.model_dump(mode="json", exclude=set(without))
