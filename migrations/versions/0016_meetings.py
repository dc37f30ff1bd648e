"""Meetings: an agenda made from cases, who is present, minutes, what was decided

Revision: 0016, after 0015
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def _time(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _reference(name: str, target: str, nullable: bool = True, **more: object) -> sa.Column:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(target), nullable=nullable, **more)


def upgrade() -> None:
    op.create_table(
        "meeting",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", _text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, index=True),
        sa.Column("place", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        _time("begun_at"),
        _time("closed_at"),
        _time("created_at", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "meeting_presence",
        _reference("meeting_id", "meeting.id", nullable=False, primary_key=True),
        _reference("organisation_id", "organisation.id", nullable=False, primary_key=True),
    )
    op.create_table(
        "agenda_item",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("meeting_id", "meeting.id", nullable=False),
        _reference("case_id", "overlap_case.id", nullable=False, index=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("minutes", _text(), nullable=False),
        _time("noted_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outcome", _text()),
        sa.Column("reason", _text()),
        _reference("lead_organisation_id", "organisation.id"),
        sa.Column("decided_how", _text()),
        _time("decided_at"),
        sa.Column("supporters", sa.Integer()),
        sa.Column("objectors", sa.Integer()),
    )
    op.create_index("agenda_item_once", "agenda_item", ["meeting_id", "case_id"], unique=True)


def downgrade() -> None:
    for table in ("agenda_item", "meeting_presence", "meeting"):
        op.drop_table(table)
