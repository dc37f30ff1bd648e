"""What happened: the history that is never changed, and the outbox that others are fed from."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from registry.models.project import now


class Change(SQLModel, table=True):
    """Who changed what, when; the database refuses to change or delete rows of this table."""

    __table_args__ = (Index("change_subject", "subject", "subject_id", "id"),)
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    actor_id: int | None = Field(default=None, foreign_key="account.id")
    actor: str
    """The actor's name at that time, or 'command line', 'registry'."""
    subject: str
    """project, organisation, case, account."""
    subject_id: int
    action: str
    before: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    after: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


class Outbox(SQLModel, table=True):
    """A change that a consumer of `registry.outbox` has still to take up; deleted when it has."""

    __table_args__ = (Index("outbox_consumer", "consumer", "id"),)
    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    consumer: str
    project_id: int
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
