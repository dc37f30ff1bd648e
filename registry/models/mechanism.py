"""Regional mechanisms, as the secretariat has written them."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import json_object, now


class MechanismVersion(SQLModel, table=True):
    """A mechanism as somebody saved it; of each the newest holds, the others are kept."""

    __tablename__ = "mechanism_version"
    __table_args__ = (Index("mechanism_version_newest", "slug", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    slug: str
    content: dict[str, Any] = json_object()
    """What `registry.mechanisms` reads and writes; empty when the mechanism was taken away."""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """Who saved it; None for the command line."""
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
