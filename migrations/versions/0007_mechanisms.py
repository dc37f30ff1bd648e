"""Regional mechanisms, as the secretariat has them, and an index that figures are counted from

Revision: 0007, after 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mechanism_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("mechanism_version_newest", "mechanism_version", ["slug", "id"])
    op.create_index(
        "project_figures",
        "project",
        ["state", "id"],
        postgresql_include=[
            "visibility",
            "reporting_organisation_id",
            "status",
            "start_date",
            "end_date",
            "budget_usd",
            "regions",
            "pillars",
            "measures",
        ],
    )


def downgrade() -> None:
    op.drop_index("project_figures", "project")
    op.drop_table("mechanism_version")
