"""Searches that people save, and the order in which projects became news."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now


class SavedSearch(SQLModel, table=True):
    """A search that somebody saved, and up to which news they know its result.

    Numbers are those of `ProjectNews`: what has a larger one is new.
    """

    __tablename__ = "saved_search"
    __table_args__ = (Index("saved_search_once", "account_id", "fingerprint", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    name: str
    parameters: str
    """The search as the query string of its address, without page and size."""
    fingerprint: str
    """Of what is searched for, whatever the order of the result: nobody saves it twice."""
    language: str
    """Of the messages: en, fr or es."""
    frequency: str = "never"
    """How often a message is sent: never, daily or weekly."""
    key: str
    """Random; what signs the links to unsubscribe is made with it."""
    feed_key: str | None = None
    """Random; the secret address of the feed is made with it. None: there is no feed."""
    seen_number: int = Field(default=0, sa_type=BigInteger)
    """Up to here the person has seen what is new, on the page."""
    told_number: int = Field(default=0, sa_type=BigInteger)
    """Up to here the person was told by e-mail."""
    told_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When the last message was sent, or messages were asked for after the search was saved."""
    due_at: datetime | None = Field(default=None, index=True, sa_type=DateTime(timezone=True))
    """When it is to be looked for news, to be sent; None: never."""
    failures: int = 0
    """How often in a row a message was not taken for this person."""
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class ProjectNews(SQLModel, table=True):
    """The number under which the last change of a project became known.

    Numbers are given one after the other, when a change is committed and the search finds it:
    what gets a number later has a larger one, however long its transaction took.
    """

    __tablename__ = "project_news"
    project_id: int = Field(foreign_key="project.id", primary_key=True)
    number: int = Field(unique=True, index=True, sa_type=BigInteger)
    published_number: int | None = Field(default=None, sa_type=BigInteger)
    """The number of the change that published it, the last time that it was published."""
    published: bool = False
    """Whether it was published with its last number."""
