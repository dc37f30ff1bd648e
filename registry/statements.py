"""Pieces that many statements share."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Executable, Integer, any_, literal, text
from sqlmodel import col, func
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, Project

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition as one array: the statement is the same for any number of ids."""
    return col(column) == any_(literal(list(ids), ARRAY(Integer)))


def own_title() -> ColumnElement[str]:
    """Return a project's title in its own language, else in English, else its identifier."""
    titles = col(Project.titles)
    own, english = titles[Project.language].astext, titles["en"].astext
    return func.coalesce(own, english, Project.identifier)


def short_name() -> ColumnElement[str]:
    """Return an organisation's acronym if it has one, else its name."""
    return func.coalesce(Organisation.acronym, Organisation.name)


async def plain_rows(session: AsyncSession, statement: Executable) -> Sequence[Any]:
    """Return the rows of a statement about columns, past the ORM, which would go through each."""
    await session.flush()
    connection = await session.connection()
    return (await connection.execute(statement)).all()


async def one_at_a_time(session: AsyncSession, key: int) -> None:
    """Wait until no other transaction has passed here with this key; hold it until the end."""
    connection = await session.connection()
    await connection.execute(_LOCK, {"key": key})
