"""What people say and decide about cases: comments, proposals, votes, notices, the quorum."""

from datetime import datetime

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Integer, text
from sqlmodel import Field, SQLModel

from registry.models.project import now


class CaseComment(SQLModel, table=True):
    """What somebody said about a case, or proposed for it."""

    __tablename__ = "case_comment"
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="overlap_case.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    text: str
    outcome: str | None = None
    """Set when the comment proposes an outcome."""
    lead_organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    round: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """The round of the case in which it was said: proposals of earlier rounds stand no more."""


class CaseVote(SQLModel, table=True):
    """What an organisation thinks of a proposal, and who said so for it."""

    __tablename__ = "case_vote"
    __table_args__ = (Index("case_vote_once", "proposal_id", "organisation_id", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    proposal_id: int = Field(foreign_key="case_comment.id")
    organisation_id: int = Field(foreign_key="organisation.id")
    account_id: int = Field(foreign_key="account.id")
    stance: str
    """support or object."""
    reason: str | None = None
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class QuorumRule(SQLModel, table=True):
    """What a decision needs; the newest rule holds, the others are kept."""

    __tablename__ = "quorum_rule"
    id: int | None = Field(default=None, primary_key=True)
    supporters: int
    """Organisations that have to support a proposal."""
    days: int
    """After the first proposal of a round; then the secretariat may decide what is left open."""
    account_id: int | None = Field(default=None, foreign_key="account.id")
    """Who set it; None for the command line."""
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class CaseNotice(SQLModel, table=True):
    """Something about a case that a person is to be told by e-mail, and when that was done."""

    __tablename__ = "case_notice"
    __table_args__ = (
        Index(
            "case_notice_untold",
            "account_id",
            "id",
            postgresql_where=text("told_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    case_id: int = Field(foreign_key="overlap_case.id", index=True)
    comment_id: int | None = Field(default=None, foreign_key="case_comment.id")
    event: str
    """commented, proposed, quorum, decided, reopened, followed-up, assigned, grown."""
    actor: str
    """The name of who did it."""
    mentioned: bool = Field(
        default=False,
        sa_column=Column(Boolean, nullable=False, server_default=text("false")),
    )
    at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    told_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class CaseMail(SQLModel, table=True):
    """How often a person is told about cases by e-mail, and when next."""

    __tablename__ = "case_mail"
    account_id: int = Field(
        sa_column=Column(Integer, ForeignKey("account.id"), primary_key=True, autoincrement=False)
    )
    frequency: str = "daily"
    """never, daily or weekly."""
    language: str = "en"
    """Of the messages: en, fr or es."""
    key: str
    """Random; what signs the links to unsubscribe is made with it."""
    told_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    due_at: datetime | None = Field(default=None, index=True, sa_type=DateTime(timezone=True))
    """When there is something to be told; None: nothing is."""
    failures: int = 0
    """How often in a row a message was not taken for this person."""
    reminders: bool = True
    """Whether the person is reminded of actions of the work plan."""
