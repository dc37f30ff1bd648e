"""Imports: a file, what would become of each of its records, and files that come again."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from registry.models.project import now


class KeptSource(SQLModel, table=True):
    """A file that an organisation brings again and again: 'our IATI file'."""

    __tablename__ = "kept_source"
    __table_args__ = (
        Index(
            "kept_source_name",
            "organisation_id",
            "name",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    """None for a source of the secretariat that is about many organisations."""
    name: str
    overruled: dict[str, bool] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False)
    )
    """Identifier -> whether a person said that it concerns trafficking; it holds next time too."""
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class Import(SQLModel, table=True):
    """A file on its way into the registry: planned record by record, looked at, applied once.

    `state` is planning, planned, applying, applied, cancelled or failed.
    """

    __tablename__ = "import_run"
    id: str = Field(primary_key=True)
    """Not to be guessed: it is the address that one shares with a colleague."""
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    """None for the command line."""
    applied_by: int | None = Field(default=None, foreign_key="account.id")
    """Who said that it is to be applied: it is written with that person's rights."""
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    source_id: int | None = Field(default=None, foreign_key="kept_source.id", index=True)
    filename: str
    format: str
    path: str
    """Where the bytes are."""
    checksum: str
    size: int = Field(default=0, sa_type=BigInteger)
    """Bytes."""
    all_activities: bool = False
    as_drafts: bool = False
    overruled: dict[str, bool] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False)
    )
    """Identifier -> whether a person said that it concerns trafficking."""
    state: str = Field(default="planning", index=True)
    in_background: bool = False
    """The server works on it; otherwise whoever began it does."""
    attempts: int = 0
    """How often work on it was begun and not finished."""
    replanned: bool = False
    """The registry changed before the plan was applied, so that it was made anew."""
    overtaken_by: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False)
    )
    """What it was that changed: messages as JSON."""
    done: int = 0
    """Records planned, or projects written, so far."""
    position: int = Field(default=0, sa_type=BigInteger)
    """Bytes of the file that are read, where the format tells; 0 otherwise."""
    compared: int = 0
    """New projects that were compared, with the registry and with each other, so far."""
    to_compare: int | None = None
    """How many are to be compared, once all is read; a person may set it lower."""
    total: int | None = None
    """How many there are to write, once that is known."""
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    new_organisations: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False)
    )
    """Folded name or identifier -> name, of organisations that the import registers."""
    error: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False)
    )
    """Why the file as a whole can't be imported: field and message."""
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    begun_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    """When this attempt at the planning, or the applying, was begun."""
    begun_done: int = 0
    """What was `done`, or `compared`, already when it was begun."""
    begun_position: int = Field(default=0, sa_type=BigInteger)
    """What was read already when it was begun."""
    applied_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ImportItem(SQLModel, table=True):
    """One record of a file, and the one thing that becomes of it."""

    __tablename__ = "import_item"
    __table_args__ = (
        Index("import_item_outcome", "import_id", "outcome", "index"),
        Index("import_item_project", "project_id"),
    )
    import_id: str = Field(foreign_key="import_run.id", primary_key=True, ondelete="CASCADE")
    index: int = Field(primary_key=True)
    """Which record of the file it is, from 1."""
    outcome: str
    kind: str
    number: int
    identifier: str | None = None
    title: str = ""
    organisation: str = ""
    organisation_id: int | None = None
    project_id: int | None = None
    version: int | None = None
    draft: bool = False
    publish: bool = False
    remarks: bool = False
    """It has warnings."""
    may_overlap: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """It looks like a project of the registry, or like another one of the file."""
    key: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Digest of organisation and identifier: records with one key claim to be one project."""
    digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Digest of what the file says of it."""
    twins: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer)))
    """Rows or lines of other records with its key."""
    detail: bytes = Field(default=b"{}", sa_type=LargeBinary)
    """JSON: messages, differences, cells. Bytes, because JSONB can't hold all that files hold."""
    record: bytes | None = Field(default=None, sa_type=LargeBinary)
    """JSON of the record as it will be written."""
