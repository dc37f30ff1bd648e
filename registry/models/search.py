"""What the secretariat decides about searching."""

from datetime import datetime

from sqlalchemy import DateTime
from sqlmodel import Field, SQLModel

from registry.models.project import now


class SynonymList(SQLModel, table=True):
    """Words that mean the same when one searches; the newest list holds, the others are kept."""

    __tablename__ = "synonym_list"
    id: int | None = Field(default=None, primary_key=True)
    text: str
    """One group a line, as in search/synonyms.txt."""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """Who saved it; None for the command line."""
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
