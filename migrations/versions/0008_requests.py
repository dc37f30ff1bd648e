"""Requests for assistance, and the overlaps of a country found without visiting all of them

Revision: 0008, after 0007
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "assistance_request",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("country", _text(), nullable=False),
        sa.Column("title", _text(), nullable=False),
        sa.Column("text", _text(), nullable=False),
        sa.Column("language", _text(), nullable=False),
        sa.Column("measures", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("urgency", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("outcome", _text()),
        sa.Column("filed_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("assistance_request_country", "assistance_request", ["country", "state"])
    op.create_index(
        "overlap_pair_countries",
        "overlap_pair",
        ["countries"],
        postgresql_using="gin",
        postgresql_where=sa.text("case_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("overlap_pair_countries", "overlap_pair")
    op.drop_table("assistance_request")
