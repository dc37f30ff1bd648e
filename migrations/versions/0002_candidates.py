"""An index by which a region's projects are found for the overlap detector

Revision: 0002, after 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("project_regions", "project", ["regions"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("project_regions", table_name="project", postgresql_using="gin")
