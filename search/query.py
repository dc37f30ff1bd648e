"""What one can ask of a search engine, and what it answers, whichever engine it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from registry.errors import FieldError, Invalid
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

FILTERS = (*FACETS, "reporting_organisation")
"""What a query can be narrowed by: the facets, and what is not counted. `organisation` has those
who take part in any role, `reporting_organisation` the one that registered the project."""

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
    last updated first. `filters` maps a name of FILTERS to values: one of them has to fit (OR), in
    every filter (AND). `active_on` keeps projects that run on that day. `audiences` says what the
    reader may see: `registry.visibility.audiences_for(reader)`.

    Raises Invalid for an unknown facet or sort, or a page out of range.
    """

    text: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    active_on: date | None = None
    sort: str = "relevance"
    page: int = 1
    size: int = 20
    audiences: Sequence[str] = ("public",)

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
        given = [self.text, *(value for values in self.filters.values() for value in values)]
        if not all(_is_text(value) for value in given):
            errors.append(FieldError("text", message("This holds something that is not text.")))
        if errors:
            raise Invalid(errors)


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

    `total` counts all hits. `facets` maps each facet to value -> number of projects, counted as if
    the facet's own filter were off, so that one sees what else could be chosen. `ms` is the time
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
