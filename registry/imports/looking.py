"""Looking through what becomes of the records of a file: page by page, and by words."""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, case, func, literal, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotFound
from registry.imports.items import item_from
from registry.imports.plan import OUTCOMES, Item
from registry.models import Import, ImportItem

PAGE = 200
"""Records that a page shows of one outcome."""
_ORDER = ("refused", *(outcome for outcome in OUTCOMES if outcome != "refused"))
"""In which a page shows what becomes of records: what needs attention first."""


@dataclass(frozen=True)
class Group:
    """The records of a file with one outcome, as far as a page shows them."""

    outcome: str
    number: int
    """How many the file has."""
    found: int
    """How many of them are what somebody looks for."""
    page: int = 1
    words: str = ""
    """What is looked for in title, identifier and organisation."""
    overlapping: bool = False
    """Only what may overlap is looked for."""
    items: list[Item] = field(default_factory=list)

    @property
    def shown(self) -> int:
        """How many are on the pages up to this one."""
        return min(self.page * PAGE, self.found)

    @property
    def following(self) -> int:
        """How many are on the next page."""
        return min(self.found - self.shown, PAGE)


async def groups(session: AsyncSession, run: Import) -> list[Group]:
    """Return the first page of each outcome that a file has, what needs attention first."""
    return [await group(session, run, name) for name in _ORDER if run.counts.get(name)]


async def group(
    session: AsyncSession,
    run: Import,
    outcome: str,
    *,
    words: str = "",
    overlapping: bool = False,
    page: int = 1,
) -> Group:
    """Return a page of the records with one outcome.

    Each of the `words` has to stand somewhere in title, identifier or organisation; case and
    accents make no difference. Raises NotFound when there is no such outcome.
    """
    if outcome not in OUTCOMES:
        raise NotFound("There is no such part of a plan.")
    table = ImportItem.__table__  # type: ignore[attr-defined]
    sought = words.split()
    wanted = select(table.c.index).where(table.c.import_id == run.id, table.c.outcome == outcome)
    if overlapping:
        wanted = wanted.where(table.c.may_overlap)
    if sought:
        said = func.concat_ws(" ", table.c.title, table.c.identifier, table.c.organisation)
        # OFFSET 0 keeps PostgreSQL from working this out anew for each of the words.
        told = wanted.add_columns(_bare(said).label("told")).offset(0).subquery()
        wanted = select(told.c.index).where(
            *(func.strpos(told.c.told, _bare(literal(word))) > 0 for word in sought)
        )
    connection = await session.connection()
    number = found = run.counts.get(outcome, 0)
    if overlapping or sought:
        indexes = list(await connection.scalars(wanted.order_by(wanted.selected_columns[0])))
        found = len(indexes)
        on_page = table.c.index.in_(indexes[(page - 1) * PAGE : page * PAGE])
        rows = select(table).where(table.c.import_id == run.id, on_page)
    else:
        rows = select(table).where(table.c.import_id == run.id, table.c.outcome == outcome)
        rows = rows.limit(PAGE).offset((page - 1) * PAGE)
    items = [item_from(row) for row in await connection.execute(rows.order_by(table.c.index))]
    return Group(outcome, number, found, page, " ".join(sought), overlapping, items)


def _bare(said: ColumnElement[str]) -> ColumnElement[str]:
    """Return the expression of a text without case and accents; most texts have none."""
    decomposed = func.normalize(func.lower(said), text("NFKD"))
    return case(
        (func.octet_length(said) == func.length(said), func.lower(said)),
        else_=func.regexp_replace(decomposed, "[\u0300-\u036f]", "", "g"),
    )
