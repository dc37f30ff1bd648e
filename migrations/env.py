"""Alembic's entry: migrations run on the connection that registry.database hands over."""

from alembic import context
from sqlmodel import SQLModel

import registry.models  # noqa: F401  (makes the tables known)


def run() -> None:
    """Run the migrations on the given connection."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
