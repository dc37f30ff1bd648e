"""Searches that people save, and the order in which projects became news

Revision: 0006, after 0005

What is published at this moment is old news, in the order of its last change.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("parameters", text(), nullable=False),
        sa.Column("fingerprint", text(), nullable=False),
        sa.Column("language", text(), nullable=False),
        sa.Column("frequency", text(), nullable=False),
        sa.Column("key", text(), nullable=False),
        sa.Column("feed_key", text()),
        sa.Column("seen_number", sa.BigInteger(), nullable=False),
        sa.Column("told_number", sa.BigInteger(), nullable=False),
        sa.Column("told_at", moment),
        sa.Column("due_at", moment),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("saved_search_once", "saved_search", ["account_id", "fingerprint"], unique=True)
    op.create_index("ix_saved_search_due_at", "saved_search", ["due_at"])
    op.create_table(
        "project_news",
        sa.Column("project_id", sa.Integer(), sa.ForeignKey("project.id"), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("published_number", sa.BigInteger()),
        sa.Column("published", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_project_news_number", "project_news", ["number"], unique=True)
    op.execute(
        "INSERT INTO project_news (project_id, number, published_number, published) "
        "SELECT id, place, place, true FROM (SELECT id, row_number() OVER "
        "(ORDER BY updated_at, id) AS place FROM project WHERE state = 'published') AS present"
    )


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE consumer = 'news'")
    op.drop_table("project_news")
    op.drop_table("saved_search")
