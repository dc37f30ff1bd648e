"""Offers for requests, their partners, the meanings of requests, and what people are told

A request that was answered is met.

Revision: 0014, after 0013
"""

import pgvector.sqlalchemy
import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def _moment(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column(
        "assistance_request",
        sa.Column("offers_version", sa.Integer(), nullable=False, server_default="0"),
    )
    op.execute("UPDATE assistance_request SET state = 'met' WHERE state = 'answered'")
    op.create_table(
        "assistance_offer",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("request_id", "assistance_request.id", index=True),
        _reference("organisation_id", "organisation.id", index=True),
        sa.Column("text", _text(), nullable=False),
        sa.Column("language", _text(), nullable=False),
        sa.Column("measures", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 2)),
        sa.Column("currency", _text()),
        sa.Column("reason", _text()),
        sa.Column("state", _text(), nullable=False),
        sa.Column("answer", _text()),
        sa.Column("made_by", sa.Integer(), sa.ForeignKey("account.id")),
        _moment("made_at"),
        _moment("updated_at"),
        _moment("decided_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index(
        "assistance_offer_once",
        "assistance_offer",
        ["request_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('made', 'accepted')"),
    )
    op.create_table(
        "assistance_offer_partner",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("offer_id", "assistance_offer.id"),
        _reference("organisation_id", "organisation.id", index=True),
        sa.Column("text", _text(), nullable=False),
        sa.Column("joined_by", sa.Integer(), sa.ForeignKey("account.id")),
        _moment("joined_at"),
    )
    op.create_index(
        "offer_partner_once",
        "assistance_offer_partner",
        ["offer_id", "organisation_id"],
        unique=True,
    )
    op.create_table(
        "assistance_request_vector",
        sa.Column(
            "request_id",
            sa.Integer(),
            sa.ForeignKey("assistance_request.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("checksum", _text(), nullable=False),
        sa.Column("vector", pgvector.sqlalchemy.HALFVEC(dim=512), nullable=False),
    )
    op.create_table(
        "assistance_request_notice",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("account_id", "account.id"),
        _reference("request_id", "assistance_request.id", index=True),
        sa.Column("said", postgresql.JSONB(), nullable=False),
        sa.Column("language", _text(), nullable=False),
        _moment("at"),
        _moment("due_at", nullable=True),
        _moment("told_at", nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
    )
    op.create_index(
        "request_notice_due",
        "assistance_request_notice",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def _reference(name: str, to: str, index: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(to), nullable=False, index=index)


def downgrade() -> None:
    op.drop_table("assistance_request_notice")
    op.drop_table("assistance_request_vector")
    op.drop_table("assistance_offer_partner")
    op.drop_table("assistance_offer")
    op.execute("UPDATE assistance_request SET state = 'answered' WHERE state = 'met'")
    op.execute(
        "UPDATE assistance_request SET state = 'open' WHERE state IN ('offered', 'accepted')"
    )
    op.drop_column("assistance_request", "offers_version")
