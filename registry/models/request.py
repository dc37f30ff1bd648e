"""Requests for technical assistance: what a State asks for."""

from datetime import datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now, text_list


class AssistanceRequest(SQLModel, table=True):
    """A request for assistance in a country; everybody may read it."""

    __tablename__ = "assistance_request"
    __table_args__ = (Index("assistance_request_country", "country", "state"),)
    id: int | None = Field(default=None, primary_key=True)
    country: str
    """ISO 3166-1 alpha-2."""
    title: str
    text: str
    language: str = "en"
    """In which title and text are written."""
    measures: list[str] = text_list()
    urgency: str
    """A code of the scheme request_urgencies."""
    state: str = "open"
    """open, answered or withdrawn."""
    outcome: str | None = None
    """What became of it, said when it was closed."""
    filed_by: int | None = Field(default=None, foreign_key="account.id")
    filed_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1
