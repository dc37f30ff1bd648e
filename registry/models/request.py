"""Requests for technical assistance: what a State asks for, and what it is offered."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import Column, DateTime, Index, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from registry.models.project import DIMENSIONS, now, text_list


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
    """A state of request_states."""
    outcome: str | None = None
    """What became of it, said when it was closed."""
    filed_by: int | None = Field(default=None, foreign_key="account.id")
    filed_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1
    """Of what is asked for."""
    offers_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Counts every change of its offers, so that nobody offers without knowing the others'."""


class AssistanceOffer(SQLModel, table=True):
    """What an organisation offers for a request: for members, the State and the secretariat."""

    __tablename__ = "assistance_offer"
    __table_args__ = (
        Index(
            "assistance_offer_once",
            "request_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("state IN ('made', 'accepted')"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="assistance_request.id", index=True)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    text: str
    language: str = "en"
    measures: list[str] = text_list()
    places: list[str] = text_list()
    """Provinces or towns; none means the whole country."""
    starts_on: date
    ends_on: date
    amount: Decimal | None = Field(default=None, sa_type=Numeric(18, 2))
    currency: str | None = None
    reason: str | None = None
    """Why it stands beside the offer of somebody else for the same."""
    state: str = "made"
    """A state of request_states."""
    answer: str | None = None
    """What the State said to it, or why it was taken back."""
    made_by: int | None = Field(default=None, foreign_key="account.id")
    made_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1


class OfferPartner(SQLModel, table=True):
    """An organisation that has joined the offer of another one."""

    __tablename__ = "assistance_offer_partner"
    __table_args__ = (Index("offer_partner_once", "offer_id", "organisation_id", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    offer_id: int = Field(foreign_key="assistance_offer.id")
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    text: str
    """What it brings."""
    joined_by: int | None = Field(default=None, foreign_key="account.id")
    joined_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class RequestVector(SQLModel, table=True):
    """The meaning of a request's title and text, from the sentence encoder."""

    __tablename__ = "assistance_request_vector"
    request_id: int = Field(foreign_key="assistance_request.id", primary_key=True)
    checksum: str
    """Of the text that was encoded, so that unchanged texts are not encoded again."""
    vector: Any = Field(sa_column=Column(HALFVEC(DIMENSIONS), nullable=False))


class RequestNotice(SQLModel, table=True):
    """Something about a request that a person is to be told by e-mail."""

    __tablename__ = "assistance_request_notice"
    __table_args__ = (
        Index("request_notice_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    request_id: int = Field(foreign_key="assistance_request.id", index=True)
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """The sentence, as a stored message."""
    language: str = "en"
    """Of the message."""
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    due_at: datetime | None = Field(default_factory=now, sa_type=DateTime(timezone=True))
    """When it may be sent; None: it is done with."""
    told_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    failures: int = 0
    """How often in a row the message was not taken for this person."""
