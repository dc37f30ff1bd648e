"""Recommendations to governing bodies, the work plan and its reminders

Revision: 0018, after 0017
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def _time(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _words(*names: str) -> list[sa.Column]:
    return [sa.Column(name, _text(), nullable=False) for name in names]


def _reference(name: str, target: str, nullable: bool = True, **more: object) -> sa.Column:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(target), nullable=nullable, **more)


def upgrade() -> None:
    op.create_table(
        "recommendation",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("meeting_id", "meeting.id", nullable=False, index=True),
        _reference("agenda_item_id", "agenda_item.id", index=True),
        _reference("case_id", "overlap_case.id", index=True),
        sa.Column("in_minutes", sa.Boolean(), nullable=False),
        *_words("text", "language", "body", "body_name"),
        _reference("organisation_id", "organisation.id", index=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        *_words("state", "note"),
        _time("noted_at"),
        _time("created_at", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("recommendation_state", "recommendation", ["state", "due_on"])
    op.create_table(
        "work_action",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("title", "text", "language"),
        _reference("organisation_id", "organisation.id", nullable=False, index=True),
        _reference("account_id", "account.id"),
        sa.Column("due_on", sa.Date(), nullable=False),
        *_words("state", "reason"),
        _reference("case_id", "overlap_case.id", index=True),
        _reference("meeting_id", "meeting.id", index=True),
        _reference("programme_id", "joint_programme.id", index=True),
        sa.Column("country", _text(), index=True),
        *_words("note"),
        _time("noted_at"),
        sa.Column("finished_on", sa.Date()),
        _time("created_at", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("work_action_state", "work_action", ["state", "due_on"])
    op.create_table(
        "work_reminder",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("action_id", "work_action.id", nullable=False),
        _reference("account_id", "account.id", nullable=False, index=True),
        *_words("kind"),
        sa.Column("due_on", sa.Date(), nullable=False),
        _time("due_at"),
        _time("told_at"),
        sa.Column("failures", sa.Integer(), nullable=False),
    )
    once = ["action_id", "account_id", "kind", "due_on"]
    op.create_index("work_reminder_once", "work_reminder", once, unique=True)
    op.create_index(
        "work_reminder_due",
        "work_reminder",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.add_column(
        "case_mail",
        sa.Column("reminders", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.alter_column("case_mail", "reminders", server_default=None)


def downgrade() -> None:
    op.drop_column("case_mail", "reminders")
    for table in ("work_reminder", "work_action", "recommendation"):
        op.drop_table(table)
