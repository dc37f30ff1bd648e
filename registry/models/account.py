"""Accounts, sign-ins and the guard against guessing passwords."""

from datetime import datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from registry.models.project import now


class Account(SQLModel, table=True):
    """A person who may sign in."""

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    password_hash: str
    role: str
    """A role of permissions.py."""
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    active: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class SignIn(SQLModel, table=True):
    """A session on the server; the browser holds only a token, the database only its hash."""

    __tablename__ = "sign_in"
    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))


class SignInFailure(SQLModel, table=True):
    """A failed sign-in, by e-mail and by address; only recent ones are kept."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("sign_in_failure_key", "key", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    key: str
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
