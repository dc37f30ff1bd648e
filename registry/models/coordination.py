"""What the secretariat brings to coordination: assessed needs, and what makes a lead."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import json_object, now


class NeedImport(SQLModel, table=True):
    """A file of needs assessments that was taken in; the newest that says something holds."""

    __tablename__ = "need_import"
    id: int | None = Field(default=None, primary_key=True)
    filename: str
    checksum: str
    """SHA-256 of the file, hexadecimal."""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    taken_back_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When it was found to be wrong; from then on it says nothing."""
    taken_back_by: int | None = Field(default=None, foreign_key="account.id")


class AssessedNeed(SQLModel, table=True):
    """How much a country needs assistance under a measure, as somebody assessed it."""

    __tablename__ = "assessed_need"
    __table_args__ = (Index("assessed_need_place", "country", "measure"),)
    id: int | None = Field(default=None, primary_key=True)
    import_id: int = Field(foreign_key="need_import.id", index=True)
    country: str
    """ISO 3166-1 alpha-2."""
    measure: str
    level: str
    """A code of the scheme need_levels."""
    source: str
    """The assessment: its title, and whose it is."""
    assessed_on: date
    url: str | None = None
    note: str | None = None


class LeadWeights(SQLModel, table=True):
    """How much each reason counts for a lead, as somebody saved it; the newest holds."""

    __tablename__ = "lead_weights"
    id: int | None = Field(default=None, primary_key=True)
    content: dict[str, Any] = json_object()
    """Reason -> weight; see `registry.coordination.lead_weights`."""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """Who saved it; None for the command line."""
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
