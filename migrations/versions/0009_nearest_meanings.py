"""The nearest meanings are found without looking at all of them

Revision: 0009, after 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX project_vector_nearest ON project_vector "
        "USING hnsw (vector halfvec_cosine_ops)"
    )


def downgrade() -> None:
    op.drop_index("project_vector_nearest")
