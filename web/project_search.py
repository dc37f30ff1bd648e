"""The search for projects as addresses and pages have it: parameters in, facets and filters out.

The parameters are those of the command (interface.md): q, country, region, pillar, measure,
mandate, organisation, organisation_type, status, year, reporting_organisation, active_on, sort,
page, size.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.exchange.dates import read_date
from registry.exchange.values import Unreadable
from registry.messages import message
from registry.models import Organisation
from registry.organisations import resolve_organisations
from registry.permissions import Actor
from registry.visibility import audiences_for
from search.query import FACETS, FILTERS, MAX_SIZE, Page, Query

SHOWN_VALUES = 8
"""Values of a facet that are shown at first; the others are folded away."""
OPEN_FACETS = ("country", "pillar")
"""Facets whose lists are open on a page without filters."""
ORGANISATIONS = frozenset({"organisation", "reporting_organisation"})
"""Filters whose values are organisations."""
_MOST_VALUES = 100
_FURTHEST_HIT = 1_000_000
_LONGEST_TEXT = 500
_SCHEMES = {
    "pillar": "pillars",
    "measure": "measures",
    "mandate": "mandates",
    "organisation_type": "organisation_types",
    "status": "statuses",
}
_IN_ORDER_OF_THE_LIST = ("pillar", "status")


@dataclass(frozen=True)
class FacetValue:
    """A value of a facet: what to show, how many projects have it, whether it is chosen."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A facet with its values, the chosen ones and those of most projects first."""

    name: str
    values: list[FacetValue]
    open: bool

    @property
    def first(self) -> list[FacetValue]:
        """The values that are shown at once; all chosen ones are among them."""
        return self.values[: self._fold]

    @property
    def others(self) -> list[FacetValue]:
        """The values that are folded away."""
        return self.values[self._fold :]

    @property
    def _fold(self) -> int:
        if len(self.values) <= SHOWN_VALUES + 2:  # nobody wants to unfold a list of two
            return len(self.values)
        return max(SHOWN_VALUES, sum(value.chosen for value in self.values))


@dataclass(frozen=True)
class Chip:
    """An active filter, to be shown with a link that removes it."""

    parameter: str
    label: str
    others: list[str]
    """The values of the parameter that stay when this one is removed."""


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
    active_on = _day(given, errors)
    if errors:
        raise Invalid(errors)
    filters = {name: [_code(name, v) for v in given[name]] for name in FILTERS if given.get(name)}
    for name in ORGANISATIONS & filters.keys():
        filters[name] = await _slugs(session, filters[name])
    return Query(
        text=_last(given, "q")[:_LONGEST_TEXT],
        filters=filters,
        active_on=active_on,
        sort=_last(given, "sort") or "relevance",
        page=page,
        size=size,
        audiences=tuple(audiences_for(reader)),
    )


def parameters_of(query: Query) -> list[tuple[str, str]]:
    """Return the shortest parameters that `query_of` reads as this query."""
    pairs = [("q", query.text)] if query.text else []
    pairs += [(name, value) for name in FILTERS for value in query.filters.get(name, ())]
    if query.active_on:
        pairs.append(("active_on", query.active_on.isoformat()))
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


def facets_of(
    page: Page, query: Query, organisations: Mapping[str, str], language: str
) -> list[Facet]:
    """Return the facets of a result in the order of the page; those without values are left out."""
    facets = []
    for name in FACETS:
        chosen = query.filters.get(name, ())
        counts = dict.fromkeys(chosen, 0) | page.facets.get(name, {})
        values = [
            FacetValue(
                value, label_of(name, value, organisations, language), count, value in chosen
            )
            for value, count in counts.items()
        ]
        values.sort(key=lambda value: _place(name, value))
        if values:
            facets.append(Facet(name, values, bool(chosen) or name in OPEN_FACETS))
    return facets


def chips_of(query: Query, organisations: Mapping[str, str], language: str) -> list[Chip]:
    """Return the active filters."""
    return [
        Chip(
            name, label_of(name, value, organisations, language), [v for v in values if v != value]
        )
        for name in FILTERS
        for values in (query.filters.get(name, ()),)
        for value in values
    ]


def label_of(facet: str, value: str, organisations: Mapping[str, str], language: str) -> str:
    """Return what to show for a value of a facet; an unknown one is shown as it is."""
    if facet == "country":
        return codelists.country_name(value, language)
    if facet == "region":
        return codelists.region_name(value, language)
    if facet in ORGANISATIONS:
        return organisations.get(value, value)
    if facet in _SCHEMES:
        return codelists.label(_SCHEMES[facet], value, language)
    return value


def _place(facet: str, value: FacetValue) -> tuple[object, ...]:
    if facet in _IN_ORDER_OF_THE_LIST:
        codes = list(codelists.scheme(_SCHEMES[facet]))
        return (codes.index(value.value) if value.value in codes else len(codes), value.value)
    if facet == "year":
        return (not value.chosen, -int(value.value[:9]) if value.value.isdecimal() else 0)
    return (not value.chosen, -value.count, value.label)


def _code(facet: str, value: str) -> str:
    """Return the code that is meant: as the list writes it, for countries also by name."""
    if facet == "country":
        return codelists.find_country(value) or value
    if facet in _SCHEMES:
        known = codelists.scheme(_SCHEMES[facet])
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


def _day(given: Mapping[str, list[str]], errors: list[FieldError]) -> date | None:
    try:
        return read_date(_last(given, "active_on"))
    except Unreadable as unreadable:
        errors.append(FieldError("active_on", unreadable.message))
        return None
