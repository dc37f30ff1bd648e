"""What meetings set going: recommendations to governing bodies, and actions of the work plan."""

from datetime import date, datetime

from sqlalchemy import DateTime, Index, text
from sqlmodel import Field, SQLModel

from registry.models.project import now


class Recommendation(SQLModel, table=True):
    """What the group recommends to a governing body, and what has come of it."""

    __tablename__ = "recommendation"
    __table_args__ = (Index("recommendation_state", "state", "due_on"),)
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meeting.id", index=True)
    """The meeting that recommended it."""
    agenda_item_id: int | None = Field(default=None, foreign_key="agenda_item.id", index=True)
    """None: of the meeting as a whole."""
    case_id: int | None = Field(default=None, foreign_key="overlap_case.id", index=True)
    """The case of the item, or the one that it has become part of."""
    in_minutes: bool
    """Written down while the meeting was in session, and then as fixed as its minutes; else it
    was entered afterwards."""
    text: str
    language: str = "en"
    """Of the text: en, fr or es."""
    body: str
    """A code of the scheme governing_bodies."""
    body_name: str = ""
    """The name of a body that has no code of its own."""
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    """Whose governing body it is; None for intergovernmental bodies."""
    due_on: date
    """When the body should have taken it up."""
    state: str = "open"
    """A state of `registry.coordination.recommendation_states`."""
    note: str = ""
    """What was said last about what came of it; the history has all."""
    noted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    version: int = 1


class WorkAction(SQLModel, table=True):
    """Something that an organisation has agreed to do by a day."""

    __tablename__ = "work_action"
    __table_args__ = (Index("work_action_state", "state", "due_on"),)
    id: int | None = Field(default=None, primary_key=True)
    title: str
    text: str = ""
    """In full."""
    language: str = "en"
    """Of title and text: en, fr or es."""
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    """The owner."""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """Who does it, of the owner's people; None: nobody is named."""
    due_on: date
    state: str = "planned"
    """A state of `registry.coordination.action_states`."""
    reason: str = ""
    """Why it was dropped."""
    case_id: int | None = Field(default=None, foreign_key="overlap_case.id", index=True)
    meeting_id: int | None = Field(default=None, foreign_key="meeting.id", index=True)
    programme_id: int | None = Field(default=None, foreign_key="joint_programme.id", index=True)
    country: str | None = Field(default=None, index=True)
    """ISO 3166-1 alpha-2."""
    note: str = ""
    """What was said last about its progress; the history has all."""
    noted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    finished_on: date | None = None
    """The day on which it was said to be done (UTC)."""
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    version: int = 1


class WorkReminder(SQLModel, table=True):
    """That a person is to be reminded of an action, once of each kind and day."""

    __tablename__ = "work_reminder"
    __table_args__ = (
        Index("work_reminder_once", "action_id", "account_id", "kind", "due_on", unique=True),
        Index("work_reminder_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    action_id: int = Field(foreign_key="work_action.id")
    account_id: int = Field(foreign_key="account.id", index=True)
    kind: str
    """soon: before the day; overdue: after it."""
    due_on: date
    """The day of the action then: one that is put off is reminded of anew."""
    due_at: datetime | None = Field(default_factory=now, sa_type=DateTime(timezone=True))
    """When it may be sent; None: it is done with."""
    told_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    failures: int = 0
    """How often in a row the message was not taken for this person."""
