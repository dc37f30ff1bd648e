"""What the detector needs of a project is kept; full runs are shared out as jobs

Revision: 0010, after 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project_profile",
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("others", postgresql.ARRAY(sa.Integer()), nullable=False, server_default="{}"),
    )
    # Packed already: to compress it once more would cost more than it saves.
    op.execute("ALTER TABLE project_profile ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_table(
        "overlap_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("model_version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=False),
    )
    op.create_table(
        "overlap_job",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "run_id",
            sa.Integer(),
            sa.ForeignKey("overlap_run.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("projects", sa.Integer(), nullable=False),
        sa.Column("pairs", sa.Integer()),
        sa.Column("flagged", sa.Integer()),
        sa.Column("done", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    op.drop_table("overlap_job")
    op.drop_table("overlap_run")
    op.drop_table("project_profile")
