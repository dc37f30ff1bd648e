"""Imports are planned and applied in pieces; sources can be kept

Plans made before are forgotten: none of them was applied in part, and a file can be uploaded again.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString()
_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.drop_table("import_plan")
    op.create_table(
        "kept_source",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("organisation_id", sa.Integer(), sa.ForeignKey("organisation.id")),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("overruled", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
    )
    op.create_index("ix_kept_source_organisation_id", "kept_source", ["organisation_id"])
    op.create_table(
        "import_run",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("applied_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("organisation_id", sa.Integer(), sa.ForeignKey("organisation.id")),
        sa.Column("source_id", sa.Integer(), sa.ForeignKey("kept_source.id")),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("filename", "format", "path")),
        sa.Column("checksum", _TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("all_activities", sa.Boolean(), nullable=False),
        sa.Column("as_drafts", sa.Boolean(), nullable=False),
        sa.Column("overruled", _JSON, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("in_background", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("replanned", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer()),
        *(sa.Column(name, _JSON, nullable=False) for name in ("counts", "new_organisations")),
        sa.Column("error", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("begun_at", _TIME),
        sa.Column("applied_at", _TIME),
    )
    for name in ("account_id", "organisation_id", "source_id", "state"):
        op.create_index(f"ix_import_run_{name}", "import_run", [name])
    op.create_table(
        "import_item",
        sa.Column(
            "import_id",
            _TEXT,
            sa.ForeignKey("import_run.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("index", sa.Integer(), primary_key=True, autoincrement=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("outcome", "kind")),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("identifier", _TEXT),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("title", "organisation")),
        *(sa.Column(name, sa.Integer()) for name in ("organisation_id", "project_id", "version")),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("draft", "publish", "remarks")
        ),
        *(sa.Column(name, sa.LargeBinary()) for name in ("key", "digest")),
        sa.Column("twins", postgresql.ARRAY(sa.Integer())),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.LargeBinary()),
    )
    op.create_index("import_item_outcome", "import_item", ["import_id", "outcome", "index"])
    op.create_index("import_item_project", "import_item", ["project_id"])


def downgrade() -> None:
    for table in ("import_item", "import_run", "kept_source"):
        op.drop_table(table)
    op.create_table(
        "import_plan",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("organisation_id", sa.Integer(), sa.ForeignKey("organisation.id")),
        sa.Column("filename", _TEXT, nullable=False),
        sa.Column("format", _TEXT, nullable=False),
        sa.Column("all_activities", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("plan", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("applied_at", _TIME),
    )
