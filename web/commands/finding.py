"""`convene search`, and the filters that it shares with `convene export`."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.database import Database
from registry.errors import FieldError, Invalid
from registry.exchange.values import Unreadable
from registry.mechanisms import Mechanism, find_mechanism, list_mechanisms
from registry.messages import Message, message
from registry.organisations import find_organisation
from registry.permissions import COMMAND_LINE
from registry.visibility import audiences_for
from search import sync
from search.engine import SearchEngine, open_engine
from search.query import SORTS, Page, Query
from web.commands.console import Console, open_database, table
from web.project_search import ORGANISATIONS, SCHEMES
from web.search_ranges import read_usd, read_years

IN_STEP = 3
"""Seconds to wait for a running server to take up the last changes."""

_FILTERS = {
    "country": ("COUNTRY", "ISO 3166-1 code or name"),
    "region": ("REGION", "UN M49 code"),
    "pillar": ("PILLAR", "code of a pillar"),
    "measure": ("MEASURE", "code of a measure, such as PROT-4"),
    "mandate": ("MANDATE", "code of a mandate"),
    "organisation": ("NAME", "name, acronym or identifier"),
    "organisation_type": ("TYPE", "code of a type of organisation"),
    "status": ("STATUS", "code of a status"),
    "year": ("YEAR", "runs in this year, or in one of a range: 2023-2026, 2023-, -2026"),
    "reporting_organisation": ("NAME", "who registered it: name, acronym or identifier"),
    "partner": ("NAME", "who takes part as well: name, acronym or identifier"),
}


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the command and its arguments."""
    search = commands.add_parser("search", parents=[shared], help="find projects")
    add_filters(search)
    search.add_argument("--page", type=int, default=1, metavar="N", help="counted from 1")
    search.add_argument("--size", type=int, default=20, metavar="N", help="hits on a page")
    search.set_defaults(run=run_search)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the words and filters of a query; each filter may be given several times."""
    parser.add_argument("query", nargs="*", metavar="QUERY", help='words, "phrases", -not')
    for facet, (metavar, what) in _FILTERS.items():
        parser.add_argument(
            f"--{facet.replace('_', '-')}",
            action="append",
            default=[],
            metavar=metavar,
            help=what,
        )
    parser.add_argument(
        "--mechanism",
        action="append",
        default=[],
        metavar="NAME",
        help="in a State of a regional mechanism: COMMIT, osce",
    )
    parser.add_argument("--active-on", type=_day, metavar="DATE", help="runs on this day")
    for name, what in (("--budget-from", "at least"), ("--budget-to", "at most")):
        parser.add_argument(
            name, metavar="USD", help=f"its budget is known, and {what} so many US dollars"
        )
    parser.add_argument("--sort", choices=SORTS, default="relevance")


async def query_of(
    options: argparse.Namespace, session: AsyncSession, page: int, size: int
) -> Query:
    """Return the query of these arguments. Raises Invalid for a name or code nobody knows."""
    errors: list[FieldError] = []
    filters: dict[str, list[str]] = {}
    for facet in _FILTERS:
        for value in getattr(options, facet):
            try:
                filters.setdefault(facet, []).extend(await _values(session, facet, value))
            except Unreadable as unreadable:
                errors.append(FieldError(facet.replace("_", "-"), unreadable.message))
    budget_from, budget_to = (_usd(options, name, errors) for name in ("budget_from", "budget_to"))
    mechanisms: list[Mechanism] = []
    held = await list_mechanisms(session) if options.mechanism else {}
    for name in options.mechanism:
        if found := find_mechanism(held, name):
            mechanisms.append(found)
        else:
            errors.append(FieldError("mechanism", _unknown(name)))
    if errors:
        raise Invalid(errors)
    return Query(
        text=" ".join(options.query),
        filters=filters,
        mechanisms=mechanisms,
        active_on=options.active_on,
        budget_from=budget_from,
        budget_to=budget_to,
        sort=options.sort,
        page=page,
        size=size,
        audiences=tuple(audiences_for(COMMAND_LINE)),
    )


async def _values(session: AsyncSession, facet: str, given: str) -> list[str]:
    """Return the values that the index knows, for what a person writes. Raises Unreadable."""
    if facet == "year":
        return read_years(given)
    value = await _value(session, facet, given.strip())
    if value is None:
        raise Unreadable(_unknown(given))
    return [value]


def _unknown(given: str) -> Message:
    return message("'{value}' is not known.", value=given)


async def _value(session: AsyncSession, facet: str, given: str) -> str | None:
    if facet == "country":
        return codelists.find_country(given)
    if facet == "region":
        return given if given in codelists.regions() else None
    if facet in ORGANISATIONS:
        organisation = await find_organisation(session, given)
        return organisation.slug if organisation else None
    codes = {code.casefold(): code for code in codelists.scheme(SCHEMES[facet])}
    return codes.get(given.casefold())


def _usd(options: argparse.Namespace, name: str, errors: list[FieldError]) -> int | None:
    try:
        return read_usd(getattr(options, name) or "")
    except Unreadable as unreadable:
        errors.append(FieldError(name.replace("_", "-"), unreadable.message))
        return None


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{given}' is not a date such as 2026-12-31") from None


async def run_search(options: argparse.Namespace, console: Console) -> int:
    """Find projects, with what was changed up to now."""
    async with open_database() as database:
        async with database.session() as session:
            query = await query_of(options, session, options.page, options.size)
        async with open_index(database) as engine:
            page = await engine.search(query)
    console.result(_as_data(page), _as_lines(page))
    return 0


@asynccontextmanager
async def open_index(database: Database) -> AsyncIterator[SearchEngine]:
    """Give the search engine, in step with the registry: a server sees to that, or else this."""
    engine = await open_engine()
    try:
        await sync.catch_up(database, engine)
        await sync.in_step(database, IN_STEP)
        yield engine
    finally:
        await engine.close()


def _as_data(page: Page) -> dict[str, Any]:
    return {
        "total": page.total,
        "hits": [
            {
                "id": hit.id,
                "identifier": hit.identifier,
                "title": hit.title,
                "reporting_organisation": hit.organisation_name,
                "countries": hit.countries,
                "score": hit.score,
            }
            for hit in page.hits
        ],
        "facets": page.facets,
        "engine": page.engine,
        "ms": round(page.ms, 3),
        "page": page.page,
        "pages": page.pages,
        "did_you_mean": page.did_you_mean,
    }


def _as_lines(page: Page) -> list[str]:
    plural = "project" if page.total == 1 else "projects"
    lines = [f"{page.total:,} {plural}, page {page.page} of {page.pages}"]
    if page.did_you_mean:
        lines.append(f"Did you mean: {page.did_you_mean}")
    rows = [
        (hit.identifier, hit.organisation_name, " ".join(hit.countries), hit.title)
        for hit in page.hits
    ]
    return lines + (["", *table(rows)] if rows else [])
