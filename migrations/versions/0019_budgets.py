"""Projects of a budget are found without looking at all

Revision: 0019, after 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("project_budget", "project", ["state", "budget_usd", "id"])


def downgrade() -> None:
    op.drop_index("project_budget", "project")
