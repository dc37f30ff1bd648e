"""Needs assessments that the secretariat imports, and what makes an organisation the lead

Revision: 0012, after 0011
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "need_import",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("filename", _text(), nullable=False),
        sa.Column("checksum", _text(), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True)),
        sa.Column("taken_back_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_table(
        "assessed_need",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("import_id", sa.Integer(), sa.ForeignKey("need_import.id"), nullable=False),
        sa.Column("country", _text(), nullable=False),
        sa.Column("measure", _text(), nullable=False),
        sa.Column("level", _text(), nullable=False),
        sa.Column("source", _text(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("url", _text()),
        sa.Column("note", _text()),
    )
    op.create_index("ix_assessed_need_import_id", "assessed_need", ["import_id"])
    op.create_index("assessed_need_place", "assessed_need", ["country", "measure"])
    op.create_table(
        "lead_weights",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lead_weights")
    op.drop_table("assessed_need")
    op.drop_table("need_import")
