"""Meetings of the group: their agenda, who is present, and what was said and decided."""

from datetime import date, datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now


class Meeting(SQLModel, table=True):
    """A meeting that the secretariat convenes."""

    __tablename__ = "meeting"
    id: int | None = Field(default=None, primary_key=True)
    title: str
    day: date = Field(index=True)
    place: str = ""
    state: str = "planned"
    """A state of `registry.coordination.meeting_states`."""
    begun_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    version: int = 1


class MeetingPresence(SQLModel, table=True):
    """An organisation that was present."""

    __tablename__ = "meeting_presence"
    meeting_id: int = Field(foreign_key="meeting.id", primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", primary_key=True)


class AgendaItem(SQLModel, table=True):
    """A case on the agenda of a meeting, its minutes, and what was decided there.

    The decision is kept here as it was made: when the case is reopened, the minutes still tell it.
    """

    __tablename__ = "agenda_item"
    __table_args__ = (Index("agenda_item_once", "meeting_id", "case_id", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meeting.id")
    case_id: int = Field(foreign_key="overlap_case.id", index=True)
    position: int
    minutes: str = ""
    noted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1
    """Of the minutes."""
    outcome: str | None = None
    """What was decided while the meeting was in session; None: nothing."""
    reason: str | None = None
    lead_organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    decided_how: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    supporters: int | None = None
    """Organisations that supported the proposal when it was decided."""
    objectors: int | None = None
