"""The network of national contact points

Revision: 0017, after 0016
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "network_contact",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("country", text(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), sa.ForeignKey("organisation.id"), index=True),
        sa.Column("office", text(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("role", text(), nullable=False),
        sa.Column("email", text(), nullable=False),
        sa.Column("phone", text(), nullable=False),
        sa.Column("pillars", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("measures", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("language", text(), nullable=False),
        sa.Column("consent_on", sa.Date(), nullable=False),
        sa.Column("verified_at", moment, nullable=False),
        sa.Column("verified_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("key", text(), nullable=False),
        sa.Column("due_at", moment, index=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_index("network_contact_country", "network_contact", ["country", "id"])


def downgrade() -> None:
    op.drop_table("network_contact")
