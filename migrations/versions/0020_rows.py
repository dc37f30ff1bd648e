"""What pairs are glanced at by is kept with the profile of a project

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both are empty where a profile is kept already: it is made anew when it is needed.
    numbers = sa.Column("numbers", sa.LargeBinary, nullable=False, server_default="")
    names = sa.Column("names", ARRAY(sa.Text), nullable=False, server_default="{}")
    for column in (numbers, names):
        op.add_column("project_profile", column)
        op.alter_column("project_profile", column.name, server_default=None)
    op.execute("UPDATE project_profile SET made_by = ''")
    # Numbers are read of all projects at once, the content of few: it is what goes elsewhere.
    op.execute("ALTER TABLE project_profile ALTER COLUMN numbers SET STORAGE MAIN")


def downgrade() -> None:
    op.drop_column("project_profile", "names")
    op.drop_column("project_profile", "numbers")
