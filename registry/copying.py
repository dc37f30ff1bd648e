"""Many rows into a table at once, by PostgreSQL's COPY: several times faster than INSERT."""

from collections.abc import Mapping, Sequence
from typing import Any

from asyncpg import IntegrityConstraintViolationError  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession


async def copy_rows(
    session: AsyncSession, model: type[Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows, all with the same columns, in the transaction of the session.

    Columns that are left out take the database's defaults, such as the next id. Raises
    IntegrityError as an INSERT would; then nothing of `rows` is there.
    """
    if not rows:
        return
    table = model.__table__
    connection = await session.connection()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    if not raw.is_in_transaction():  # SQLAlchemy begins one with its first statement
        await connection.execute(text("SELECT 1"))
    columns = list(rows[0])
    dialect = connection.dialect
    processors = [table.c[n].type.dialect_impl(dialect).bind_processor(dialect) for n in columns]
    values = ([row[name] for row in rows] for name in columns)
    bound = (
        column if process is None else map(process, column)
        for column, process in zip(values, processors, strict=True)
    )
    records = zip(*bound, strict=True)
    try:
        await raw.copy_records_to_table(table.name, records=records, columns=columns)
    except IntegrityConstraintViolationError as error:
        raise IntegrityError(f"COPY {table.name}", None, error) from error


async def next_ids(session: AsyncSession, model: type[Any], number: int) -> Sequence[int]:
    """Return so many new ids of a table, ascending."""
    connection = await session.connection()
    rows = await connection.execute(
        text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :n)"),
        {"table": model.__table__.name, "n": number},
    )
    return [id for (id,) in rows]
