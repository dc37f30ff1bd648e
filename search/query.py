"""What one can ask of a search engine, and what it answers, whichever engine it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.mechanisms import Mechanism
from registry.messages import message

FACETS = (
    "country",
    "region",
    "pillar",
    "measure",
    "mandate",
    "organisation",
    "organisation_type",
    "status",
    "year",
)
"""The facets, in the order of the page. Values: ISO 3166-1 alpha-2, UN M49, codes of the code
lists, an organisation's slug, and for `year` each year in which a project runs."""

FILTERS = (*FACETS, "reporting_organisation", "partner")
"""What a query can be narrowed by: the facets, and what is not counted. `organisation` has those
who take part in any role, `reporting_organisation` the one that registered the project, and
`partner` those who take part beside a chosen organisation."""

FIELDS = {name: name for name in FILTERS} | {"partner": "organisation"}
"""Filter -> the field of a document that has its values."""

FAMILIES = (("region", "country"), ("pillar", "measure"))
"""Facets of which one divides the values of the other: (wider, narrower). See `Query.filters`."""

SORTS = ("relevance", "start", "budget", "updated")
"""The orders of a result; all but relevance have the latest or largest first."""

MAX_SIZE = 1000
"""The most hits on one page."""

FEW = 10
"""Projects with all words; when there are fewer, those with most of the words are shown too."""

Parts = list[tuple[str, bool]]
"""A text in pieces: (piece, whether it matched and should be highlighted)."""


@dataclass(frozen=True)
class Query:
    """A question to the index.

    `text` has words, "quoted phrases" and -excluded words; without any, everything is found,
    last updated first.

    `filters` maps a name of FILTERS to values: one of them has to fit (OR), in every filter (AND).
    The two facets of a family are one list to choose from, so that one value of either has to fit:
    Kenya and Europe finds what is in Kenya or in Europe. Of chosen values that lie one in another
    the narrower says what is meant: Europe and Moldova is Moldova. The wider ones are left out of
    `filters`, whoever gave them.

    `mechanisms` keep projects in a State of one of them, as well as what `filters` ask for.

    `active_on` keeps projects that run on that day; `budget_from` and `budget_to` those whose
    budget is between these sums of USD, both included, cents dropped. A project whose budget is
    not known, or is nothing, is in no such range. `audiences` says what the reader may see:
    `registry.visibility.audiences_for(reader)`.

    Without `relax`, projects with only most of the words are left out even where few have all.
    Without `counted`, the facets of the answer have no counts, which take longer than the hits.

    Raises Invalid for an unknown facet or sort, a page out of range, or a range of budgets that is
    none.
    """

    text: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mechanisms: Sequence[Mechanism] = ()
    active_on: date | None = None
    budget_from: int | None = None
    budget_to: int | None = None
    sort: str = "relevance"
    page: int = 1
    size: int = 20
    audiences: Sequence[str] = ("public",)
    among: Sequence[int] | None = None
    """Only these projects; None for all."""
    relax: bool = True
    counted: bool = True

    def __post_init__(self) -> None:
        errors = [
            FieldError(name, message("There is no filter of this name."))
            for name in self.filters
            if name not in FILTERS
        ]
        if self.sort not in SORTS:
            errors.append(
                FieldError("sort", message("Sort by one of {sorts}.", sorts=", ".join(SORTS)))
            )
        if self.page < 1:
            errors.append(FieldError("page", message("Pages are counted from 1.")))
        if not 1 <= self.size <= MAX_SIZE:
            errors.append(
                FieldError("size", message("A page has 1 to {most} hits.", most=MAX_SIZE))
            )
        errors += _errors_of_range(self.budget_from, self.budget_to)
        given = [self.text, *(value for values in self.filters.values() for value in values)]
        if not all(_is_text(value) for value in given):
            errors.append(FieldError("text", message("This holds something that is not text.")))
        if errors:
            raise Invalid(errors)
        object.__setattr__(self, "filters", _narrowest(self.filters))

    @property
    def member_states(self) -> list[str]:
        """Return the countries of the mechanisms."""
        return sorted({code for one in self.mechanisms for code in one.members})


def families_of(filters: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[str, Sequence[str]]]]:
    """Return family -> its chosen filters with their values; one of all of them has to fit."""
    chosen: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for name, values in filters.items():
        if values:
            chosen.setdefault(family_of(name), []).append((name, values))
    return chosen


@cache
def family_of(name: str) -> str:
    """Return the name of a filter's family: its widest facet, or itself if it stands alone."""
    return next((family[0] for family in FAMILIES if name in family), name)


def facets_in(family: str) -> tuple[str, ...]:
    """Return the facets of a family; none where it is a filter whose values are not counted."""
    return tuple(facet for facet in FACETS if family_of(facet) == family)


@lru_cache(maxsize=4096)
def values_around(facet: str, value: str) -> tuple[tuple[str, str], ...]:
    """Return the (facet, value) that a value lies in, widest first; none for an unknown one."""
    if facet == "country" and value in codelists.countries():
        return tuple(("region", code) for code in codelists.regions_of(value))
    if facet == "measure" and value in codelists.scheme("measures"):
        return (("pillar", codelists.pillar_of(value)),)
    parent = None
    if facet == "region" and value in codelists.regions():
        parent = codelists.regions()[value].parent
    if parent is None or parent == codelists.WORLD:
        return ()
    return (*values_around("region", parent), ("region", parent))


def _narrowest(filters: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the filters without the values that another chosen value lies in."""
    wider = {
        around
        for facet, values in filters.items()
        for value in values
        for around in values_around(facet, value)
    }
    kept = {
        facet: [value for value in values if (facet, value) not in wider]
        for facet, values in filters.items()
    }
    return {facet: values for facet, values in kept.items() if values}


def _errors_of_range(least: int | None, most: int | None) -> list[FieldError]:
    negative = message("A budget is not negative.")
    errors = [
        FieldError(field, negative)
        for field, amount in (("budget_from", least), ("budget_to", most))
        if amount is not None and amount < 0
    ]
    if not errors and least is not None and most is not None and least > most:
        errors.append(
            FieldError(
                "budget_from",
                message("The lowest budget is above the highest one; exchange the two."),
            )
        )
    return errors


def _is_text(value: str) -> bool:
    """Say whether a string can be written down; half a character, from bytes, can't."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Hit:
    """A project that was found: enough of it to show it in a list.

    `title_parts` is `title`, and `snippet` the part of the description that fits the words best,
    both in pieces of (text, highlighted). `budget` is in `currency`, `budget_usd` in USD.
    """

    id: int
    identifier: str
    organisation_slug: str
    organisation_name: str
    title: str
    titles: dict[str, str]
    title_parts: Parts
    snippet: Parts
    countries: list[str]
    pillars: list[str]
    status: str | None
    start: date | None
    end: date | None
    budget: Decimal | None
    currency: str | None
    budget_usd: Decimal | None
    language: str
    score: float


@dataclass(frozen=True)
class Page:
    """One page of a result.

    `total` counts all hits. `facets` maps each facet to value -> number of projects that would be
    found if this value alone were chosen in its family: counted under the words, limits and filters
    of the query, but as if its own facet's filter, and that of the other facet of its family, were
    off. So one sees what else could be chosen: with Moldova chosen, Africa and Kenya still have
    their counts, and no country counts more than the region around it. `ms` is the time
    in the engine. `did_you_mean` is the text with misspelt words put right, when that may help.
    `relaxed` says that few or none had all the words, so that projects with most of them are shown
    too; `complete` is the number of those that have all.
    `stale` says that the answer may be minutes old.
    """

    total: int
    hits: list[Hit]
    facets: dict[str, dict[str, int]]
    engine: str
    ms: float
    page: int
    size: int
    did_you_mean: str | None = None
    relaxed: bool = False
    complete: int | None = None
    stale: bool = False

    @property
    def pages(self) -> int:
        """The number of pages."""
        return max(1, -(-self.total // self.size))
