"""Cases are decided by a quorum of organisations, and decisions do something

What reviewers decided before stays decided; proposals on cases that are not decided yet count as
supported by the organisation of who made them, the last one of each.

Revision: 0011, after 0010
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def _time(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _list(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False)


def _reference(name: str, target: str, nullable: bool = True, **more: object) -> sa.Column:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(target), nullable=nullable, **more)


def upgrade() -> None:
    _cases()
    _votes()
    _notices()
    _outcomes()
    op.execute("""
        INSERT INTO case_vote (proposal_id, organisation_id, account_id, stance, at)
        SELECT DISTINCT ON (said.case_id, account.organisation_id)
          said.id, account.organisation_id, account.id, 'support', said.at
        FROM case_comment said
        JOIN overlap_case review ON review.id = said.case_id AND review.state <> 'decided'
        JOIN account ON account.id = said.account_id
        WHERE said.outcome IS NOT NULL AND account.organisation_id IS NOT NULL
        ORDER BY said.case_id, account.organisation_id, said.id DESC
    """)


def _cases() -> None:
    one = {"nullable": False, "server_default": "1"}
    op.add_column("case_comment", sa.Column("round", sa.Integer(), **one))
    op.add_column("overlap_case", sa.Column("round", sa.Integer(), **one))
    for column in (
        sa.Column("decided_how", _text()),
        _reference("proposal_id", "case_comment.id"),
        _time("upheld_at"),
        sa.Column("follow_up", _text()),
        _reference("followed_up_by", "account.id"),
        _time("followed_up_at"),
        _reference("assignee_id", "account.id", index=True),
        _reference("gathered_into", "overlap_case.id"),
    ):
        op.add_column("overlap_case", column)


def _votes() -> None:
    op.create_table(
        "case_vote",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("proposal_id", "case_comment.id", nullable=False),
        _reference("organisation_id", "organisation.id", nullable=False),
        _reference("account_id", "account.id", nullable=False),
        sa.Column("stance", _text(), nullable=False),
        sa.Column("reason", _text()),
        _time("at", nullable=False),
    )
    op.create_index("case_vote_once", "case_vote", ["proposal_id", "organisation_id"], unique=True)
    op.create_table(
        "quorum_rule",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("supporters", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        _reference("account_id", "account.id"),
        _time("at", nullable=False),
    )


def _notices() -> None:
    op.create_table(
        "case_notice",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("account_id", "account.id", nullable=False),
        _reference("case_id", "overlap_case.id", nullable=False, index=True),
        _reference("comment_id", "case_comment.id"),
        sa.Column("event", _text(), nullable=False),
        sa.Column("actor", _text(), nullable=False),
        sa.Column("mentioned", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        _time("at", nullable=False),
        _time("told_at"),
    )
    op.create_index(
        "case_notice_untold",
        "case_notice",
        ["account_id", "id"],
        postgresql_where=sa.text("told_at IS NULL"),
    )
    op.create_table(
        "case_mail",
        sa.Column(
            "account_id",
            sa.Integer(),
            sa.ForeignKey("account.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("frequency", _text(), nullable=False),
        sa.Column("language", _text(), nullable=False),
        sa.Column("key", _text(), nullable=False),
        _time("told_at"),
        sa.Column("due_at", sa.DateTime(timezone=True), index=True),
        sa.Column("failures", sa.Integer(), nullable=False),
    )


def _outcomes() -> None:
    op.create_table(
        "joint_programme",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("case_id", "overlap_case.id", nullable=False, unique=True),
        sa.Column("title", _text(), nullable=False),
        sa.Column("description", _text(), nullable=False),
        _reference("lead_organisation_id", "organisation.id"),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    for table, member in (
        ("programme_project", "project"),
        ("programme_organisation", "organisation"),
    ):
        op.create_table(
            table,
            _reference("programme_id", "joint_programme.id", nullable=False, primary_key=True),
            _reference(
                f"{member}_id", f"{member}.id", nullable=False, primary_key=True, index=True
            ),
        )
    op.create_table(
        "division_share",
        sa.Column("id", sa.Integer(), primary_key=True),
        _reference("case_id", "overlap_case.id", nullable=False, index=True),
        _reference("organisation_id", "organisation.id", nullable=False),
        sa.Column("country", _text(), nullable=False),
        _list("measures"),
        _list("provinces"),
        _list("target_groups"),
        sa.Column("start", sa.Date()),
        sa.Column("end", sa.Date()),
        sa.Column("note", _text(), nullable=False),
        _reference("account_id", "account.id"),
        _time("at", nullable=False),
    )
    op.create_index("division_share_country", "division_share", ["country"])


def downgrade() -> None:
    for table in (
        "division_share",
        "programme_organisation",
        "programme_project",
        "joint_programme",
        "case_mail",
        "case_notice",
        "quorum_rule",
        "case_vote",
    ):
        op.drop_table(table)
    for column in (
        "gathered_into",
        "assignee_id",
        "followed_up_at",
        "followed_up_by",
        "follow_up",
        "upheld_at",
        "proposal_id",
        "decided_how",
        "round",
    ):
        op.drop_column("overlap_case", column)
    op.drop_column("case_comment", "round")
