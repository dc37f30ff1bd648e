"""The network of national contact points: people, with their consent."""

from datetime import date, datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now, text_list


class NetworkContact(SQLModel, table=True):
    """A person to call about a country; for members only, and never in the history by name."""

    __tablename__ = "network_contact"
    __table_args__ = (Index("network_contact_country", "country", "id"),)
    id: int | None = Field(default=None, primary_key=True)
    country: str
    """ISO 3166-1 alpha-2."""
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    """Whose contact point it is; None: of the State itself."""
    office: str
    """Where the person works: a ministry, a unit."""
    name: str
    role: str = ""
    email: str
    phone: str = ""
    pillars: list[str] = text_list()
    measures: list[str] = text_list()
    """For what; neither pillars nor measures: for everything."""
    language: str = "en"
    """In which the person is written to: en, fr or es."""
    consent_on: date
    """When the person agreed to stand here."""
    verified_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    verified_by: int | None = Field(default=None, foreign_key="account.id")
    """Who said last that it is right; None: the person, by the link in a message."""
    key: str
    """Random; what signs the link in messages is made with it."""
    due_at: datetime | None = Field(default=None, index=True, sa_type=DateTime(timezone=True))
    """When the person is to be asked whether it is still right."""
    failures: int = 0
    """How often in a row the message was not taken."""
    version: int = 1
