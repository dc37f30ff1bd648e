"""The search for projects as addresses and pages have it: parameters in, filters out.

The parameters are those of the command (interface.md): q, country, region, pillar, measure,
mandate, organisation, organisation_type, status, year (also as a range: `web.search_ranges`),
reporting_organisation, partner, mechanism, active_on, budget_from, budget_to (USD), sort, page,
size. `year_from` and `year_to`, of the page's form, take the place of `year`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.exchange.dates import read_date
from registry.exchange.values import Unreadable
from registry.mechanisms import Mechanism, find_mechanism, list_mechanisms
from registry.messages import Message, message
from registry.models import Organisation
from registry.organisations import resolve_organisations
from registry.permissions import Actor
from registry.visibility import audiences_for
from search.query import FILTERS, MAX_SIZE, Query
from web import formats, i18n
from web.search_ranges import budget_label, read_usd, read_years, written_years, years_label

ORGANISATIONS = frozenset({"organisation", "reporting_organisation", "partner"})
"""Filters whose values are organisations."""
_MOST_VALUES = 100
_FURTHEST_HIT = 1_000_000
_LONGEST_TEXT = 500
SCHEMES = {
    "pillar": "pillars",
    "measure": "measures",
    "mandate": "mandates",
    "organisation_type": "organisation_types",
    "status": "statuses",
}
"""Facets whose values are codes -> their list."""
FILTER_NAMES: dict[str, Message] = {
    "country": message("Country"),
    "region": message("Region"),
    "pillar": message("Pillar"),
    "measure": message("Measure"),
    "mandate": message("Mandate"),
    "organisation": message("Organisation"),
    "organisation_type": message("Type of organisation"),
    "status": message("Status"),
    "year": message("Year"),
    "reporting_organisation": message("Registered by"),
    "partner": message("Partner"),
    "mechanism": message("Regional mechanism"),
    "active_on": message("Active on"),
    "budget": message("Budget"),
}
"""What the filters are called; a filter by budget has two parameters."""


@dataclass(frozen=True)
class Chip:
    """An active filter, to be shown with a link that removes it."""

    parameter: str
    """A name of FILTER_NAMES."""
    label: str
    without: dict[str, list[str]]
    """The parameters that change when it is removed, with the values that stay."""

    @property
    def name(self) -> Message:
        """What the filter is called."""
        return FILTER_NAMES[self.parameter]


async def query_of(
    session: AsyncSession,
    reader: Actor,
    parameters: Iterable[tuple[str, str]],
    largest: int = MAX_SIZE,
) -> Query:
    """Read a query from the parameters of an address. Raises Invalid for what can't be read.

    Codes may be written in lower case, countries and organisations by their names. Parameters of
    other names are left to others.
    """
    parameters = list(parameters)
    query = read_query(reader, parameters, largest, await mechanisms_for(session, parameters))
    if not organisations_in(query):
        return query
    named = ORGANISATIONS & query.filters.keys()
    slugs = {name: await _slugs(session, query.filters[name]) for name in named}
    return replace(query, filters={**query.filters, **slugs})


async def mechanisms_for(
    session: AsyncSession, parameters: Iterable[tuple[str, str]]
) -> Mapping[str, Mechanism]:
    """Return all mechanisms by slug, if these parameters name any."""
    named = any(name == "mechanism" for name, _ in parameters)
    return await list_mechanisms(session) if named else {}


def read_query(
    reader: Actor,
    parameters: Iterable[tuple[str, str]],
    largest: int = MAX_SIZE,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Query:
    """Do the same where organisations are named by their slugs, as `parameters_of` has them.

    `mechanisms` are those that the parameters may name.
    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if value.strip() and value.strip() not in given.setdefault(name, []):
            given[name].append(value.strip())
    errors: list[FieldError] = []
    page = _number(given, "page", 1, errors)
    size = _number(given, "size", 20, errors)
    if size > largest:
        errors.append(FieldError("size", message("A page has 1 to {most} hits.", most=largest)))
    if page * size > _FURTHEST_HIT:
        errors.append(FieldError("page", message("There are not so many pages.")))
    if any(len(values) > _MOST_VALUES for values in given.values()):
        errors.append(
            FieldError("", message("At most {most} values of a filter.", most=_MOST_VALUES))
        )
    chosen = _mechanisms(given, mechanisms or {}, errors)
    active_on = _day(given, errors)
    years = _years(given, errors)
    budget_from, budget_to = _usd(given, "budget_from", errors), _usd(given, "budget_to", errors)
    if errors:
        raise Invalid(errors)
    given["year"] = years
    filters = {name: [_code(name, v) for v in given[name]] for name in FILTERS if given.get(name)}
    return Query(
        text=_last(given, "q")[:_LONGEST_TEXT],
        filters=filters,
        mechanisms=chosen,
        active_on=active_on,
        budget_from=budget_from,
        budget_to=budget_to,
        sort=_last(given, "sort") or "relevance",
        page=page,
        size=size,
        audiences=tuple(audiences_for(reader)),
    )


def parameters_of(query: Query) -> list[tuple[str, str]]:
    """Return the shortest parameters that `query_of` reads as this query."""
    pairs = [("q", query.text)] if query.text else []
    for name in FILTERS:
        pairs += [(name, value) for value in _written(name, query)]
    pairs += [("mechanism", one.slug) for one in query.mechanisms]
    if query.active_on:
        pairs.append(("active_on", query.active_on.isoformat()))
    for name, amount in (("budget_from", query.budget_from), ("budget_to", query.budget_to)):
        if amount is not None:
            pairs.append((name, str(amount)))
    if query.sort != "relevance":
        pairs.append(("sort", query.sort))
    if query.size != 20:
        pairs.append(("size", str(query.size)))
    if query.page != 1:
        pairs.append(("page", str(query.page)))
    return pairs


def organisations_in(query: Query) -> set[str]:
    """Return the slugs of the organisations that a query is narrowed to."""
    return {slug for name in ORGANISATIONS for slug in query.filters.get(name, ())}


async def organisation_labels(session: AsyncSession, slugs: Iterable[str]) -> dict[str, str]:
    """Return slug -> acronym or name, for the organisations of a result."""
    wanted = list(slugs)
    if not wanted:
        return {}
    rows = await session.exec(
        select(Organisation.slug, Organisation.acronym, Organisation.name).where(
            col(Organisation.slug).in_(wanted)
        )
    )
    return {slug: acronym or name for slug, acronym, name in rows}


def chips_of(query: Query, organisations: Mapping[str, str], language: str) -> list[Chip]:
    """Return the active filters."""
    with i18n.speaking(language):
        chips = [
            Chip(name, label, {name: [other for other in values if other != value]})
            for name in FILTERS
            for values in (_written(name, query),)
            for value in values
            for label in (label_of(name, value, organisations, language),)
        ]
        for one in query.mechanisms:
            others = [other.slug for other in query.mechanisms if other is not one]
            chips.append(Chip("mechanism", one.short_name(language), {"mechanism": others}))
        if query.active_on:
            chips.append(Chip("active_on", formats.day(query.active_on), {"active_on": []}))
        if query.budget_from is not None or query.budget_to is not None:
            label = budget_label(query.budget_from, query.budget_to)
            chips.append(Chip("budget", label, {"budget_from": [], "budget_to": []}))
    return chips


def _written(name: str, query: Query) -> Sequence[str]:
    values = query.filters.get(name, ())
    return written_years(values) if name == "year" else values


def label_of(facet: str, value: str, organisations: Mapping[str, str], language: str) -> str:
    """Return what to show for a value of a filter; an unknown one is shown as it is."""
    if facet == "year":
        return years_label(value)
    if facet == "country":
        return codelists.country_name(value, language)
    if facet == "region":
        return codelists.region_name(value, language)
    if facet in ORGANISATIONS:
        return organisations.get(value, value)
    if facet in SCHEMES:
        return codelists.label(SCHEMES[facet], value, language)
    return value


def _code(facet: str, value: str) -> str:
    """Return the code that is meant: as the list writes it, for countries also by name."""
    if facet == "country":
        return codelists.find_country(value) or value
    if facet in SCHEMES:
        known = codelists.scheme(SCHEMES[facet])
        return next(
            (form for form in (value, value.upper(), value.lower()) if form in known), value
        )
    return value


async def _slugs(session: AsyncSession, names: Sequence[str]) -> list[str]:
    """Return slugs for names, acronyms or slugs; what is not known is kept, and finds nothing."""
    found = await resolve_organisations(session, names)
    slugs = (found[name].slug if name in found else name for name in names)
    return list(dict.fromkeys(slugs))


def _last(given: Mapping[str, list[str]], name: str) -> str:
    return given.get(name, [""])[-1]


def _number(
    given: Mapping[str, list[str]], name: str, otherwise: int, errors: list[FieldError]
) -> int:
    text = _last(given, name)
    if not text:
        return otherwise
    if text.isdecimal() and text.isascii() and 1 <= int(text[:10]) <= _FURTHEST_HIT:
        return int(text[:10])
    errors.append(FieldError(name, message("This has to be a number from 1 on.")))
    return otherwise


def _mechanisms(
    given: Mapping[str, list[str]], known: Mapping[str, Mechanism], errors: list[FieldError]
) -> tuple[Mechanism, ...]:
    found: dict[str, Mechanism] = {}
    for name in given.get("mechanism", ()):
        one = find_mechanism(known, name)
        if one is None:
            why = message("There is no regional mechanism '{name}'.", name=name[:60])
            errors.append(FieldError("mechanism", why))
        else:
            found[one.slug] = one
    return tuple(found.values())


def _years(given: Mapping[str, list[str]], errors: list[FieldError]) -> list[str]:
    """Return the years of all ranges, in order; `year_from` and `year_to` replace `year`."""
    ends = {name: _last(given, name) for name in ("year_from", "year_to")}
    wanted = [("year", text) for text in given.get("year", ())]
    if any(ends.values()):
        wanted = [("year_from", f"{ends['year_from']}-{ends['year_to']}")]
    years: set[str] = set()
    for field, text in wanted:
        try:
            years.update(read_years(text))
        except Unreadable as unreadable:
            errors.append(FieldError(field, unreadable.message))
    return sorted(years)


def _usd(given: Mapping[str, list[str]], name: str, errors: list[FieldError]) -> int | None:
    try:
        return read_usd(_last(given, name))
    except Unreadable as unreadable:
        errors.append(FieldError(name, unreadable.message))
        return None


def _day(given: Mapping[str, list[str]], errors: list[FieldError]) -> date | None:
    try:
        return read_date(_last(given, "active_on"))
    except Unreadable as unreadable:
        errors.append(FieldError("active_on", unreadable.message))
        return None
