"""A source has its name once; imports note how far they are compared and what overtook them

Sources that two people kept under one name at the same moment become one: the oldest stays, has
the imports of all of them, and what was decided by hand (the newest decision counts).

Needs PostgreSQL 15 for NULLS NOT DISTINCT: the sources of the secretariat have no organisation.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SAME = "SELECT id, min(id) OVER (PARTITION BY organisation_id, name) AS kept FROM kept_source"
_MERGE = (
    f"""
    UPDATE import_run SET source_id = same.kept FROM ({_SAME}) same
    WHERE import_run.source_id = same.id AND same.id <> same.kept
    """,
    f"""
    UPDATE kept_source SET overruled = merged.overruled
    FROM (
        SELECT kept, jsonb_object_agg(said.key, said.value ORDER BY source.id) AS overruled
        FROM ({_SAME}) same JOIN kept_source source ON source.id = same.id,
             jsonb_each(source.overruled) said
        GROUP BY kept
    ) merged
    WHERE kept_source.id = merged.kept
    """,
    f"DELETE FROM kept_source USING ({_SAME}) same "
    "WHERE kept_source.id = same.id AND same.id <> same.kept",
)
_NEW = (
    ("begun_done", sa.Integer(), "0"),
    ("begun_position", sa.BigInteger(), "0"),
    ("overtaken_by", postgresql.JSONB(astext_type=sa.Text()), "[]"),
    ("compared", sa.Integer(), "0"),
)


def upgrade() -> None:
    for statement in _MERGE:
        op.execute(statement)
    op.create_index(
        "kept_source_name",
        "kept_source",
        ["organisation_id", "name"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    for name, kind, default in _NEW:
        op.add_column("import_run", sa.Column(name, kind, nullable=False, server_default=default))
        op.alter_column("import_run", name, server_default=None)
    op.add_column("import_run", sa.Column("to_compare", sa.Integer()))
    op.add_column(
        "import_item",
        sa.Column("may_overlap", sa.Boolean(), nullable=False, server_default="false"),
    )


def downgrade() -> None:
    op.drop_column("import_item", "may_overlap")
    for name in ("to_compare", *(name for name, _, _ in _NEW)):
        op.drop_column("import_run", name)
    op.drop_index("kept_source_name", "kept_source")
