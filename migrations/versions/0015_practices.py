"""Good-practice notes

Revision: 0015, after 0014
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "practice_note",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "organisation_id",
            sa.Integer(),
            sa.ForeignKey("organisation.id"),
            nullable=False,
            index=True,
        ),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("title", text(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("language", text(), nullable=False),
        sa.Column("measures", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("url", text()),
        sa.Column("state", text(), nullable=False),
        sa.Column("reasons", text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("published_at", moment),
    )
    op.create_index("practice_note_state", "practice_note", ["state", "updated_at"])
    op.create_table(
        "practice_project",
        sa.Column("note_id", sa.Integer(), sa.ForeignKey("practice_note.id"), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id"),
            primary_key=True,
            index=True,
        ),
    )


def downgrade() -> None:
    op.drop_table("practice_project")
    op.drop_table("practice_note")
