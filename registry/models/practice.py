"""Good-practice notes: what somebody learned that others may want to do likewise."""

from datetime import datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now, text_list


class PracticeNote(SQLModel, table=True):
    """A note, attached to measures and perhaps to projects; public once it has been reviewed."""

    __tablename__ = "practice_note"
    __table_args__ = (Index("practice_note_state", "state", "updated_at"),)
    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    """Whose experience it is."""
    author_id: int | None = Field(default=None, foreign_key="account.id")
    """Who wrote it last, and can't review it; None for the command line."""
    title: str
    text: str
    language: str = "en"
    """Of title and text: en, fr or es."""
    measures: list[str] = text_list()
    countries: list[str] = text_list()
    """ISO 3166-1; empty where it holds anywhere."""
    url: str | None = None
    """Where more can be read."""
    state: str = "draft"
    """A state of `registry.practice_states`."""
    reasons: str | None = None
    """Why it was sent back, until it is handed in again."""
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    published_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class PracticeProject(SQLModel, table=True):
    """A project that a note comes from."""

    __tablename__ = "practice_project"
    note_id: int = Field(foreign_key="practice_note.id", primary_key=True)
    project_id: int = Field(foreign_key="project.id", primary_key=True, index=True)
