"""The lists of values by which a result can be narrowed, as the search page shows them.

Region and country are one list, and pillar and measure: each value holds those that lie in it. The
figure beside a value is the number of projects that have it, on every level, whatever is chosen in
the same list (see `search.query.Page.facets`).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from registry import codelists
from registry.folding import fold
from registry.messages import Message, message
from search.query import FACETS, Page, Query, facets_in, family_of, values_around
from web.project_search import FILTER_NAMES, SCHEMES, label_of

SHOWN_VALUES = 8
"""Values of a plain list that are shown at first; the others are folded away."""
SEARCHED_FROM = 13
"""Values from which on a list can be searched in."""
_OPEN = frozenset({"region", "pillar"})
"""Lists that are open on a page without filters."""
_SMALL = 12
"""A hierarchy of so few values is shown unfolded."""
_NAMES: dict[str, Message] = FILTER_NAMES | {
    "region": message("Region and country"),
    "pillar": message("Pillar and measure"),
}
_BELOW: dict[str, Message] = {
    "region": message("Within {region}"),
    "pillar": message("Measures of {pillar}"),
}
_ELSEWHERE = frozenset({"year"})
"""Facets that have a chart of their own instead of a list."""

Value = tuple[str, str]
"""A facet and a value of it."""


@dataclass(slots=True)  # not frozen, which would take longer than all else: there are hundreds
class Choice:
    """A value that can be chosen, how many projects have it, and the values that lie in it."""

    facet: str
    value: str
    label: str
    count: int
    chosen: bool
    below: "tuple[Choice, ...]" = ()
    open: bool = False
    """Whether the values below are shown: one of them is chosen, or there are few."""

    @property
    def below_name(self) -> Message:
        """What the values below are called."""
        return Message(_BELOW[self.facet].template, {self.facet: self.label})


@dataclass(frozen=True)
class FacetList:
    """The values of a facet, or of a family of facets as a hierarchy."""

    name: str
    choices: tuple[Choice, ...]
    count: int
    """How many values there are on all levels."""
    open: bool

    @property
    def title(self) -> Message:
        """What the list is called."""
        return _NAMES[self.name]

    @property
    def searched(self) -> bool:
        """Whether it is so long that one searches in it."""
        return self.count >= SEARCHED_FROM

    @property
    def first(self) -> tuple[Choice, ...]:
        """The values that are shown at once; all chosen ones are among them."""
        return self.choices[: self._fold]

    @property
    def others(self) -> tuple[Choice, ...]:
        """The values that are folded away."""
        return self.choices[self._fold :]

    @property
    def _fold(self) -> int:
        # Nobody wants to unfold a list of two.
        if len(self.choices) <= SHOWN_VALUES + 2 or any(choice.below for choice in self.choices):
            return len(self.choices)
        return max(SHOWN_VALUES, sum(choice.chosen for choice in self.choices))


def facet_lists(
    page: Page, query: Query, organisations: Mapping[str, str], language: str
) -> list[FacetList]:
    """Return the lists of a result in the order of the page; those without values are left out."""
    lists = []
    for family in dict.fromkeys(family_of(facet) for facet in FACETS):
        if family in _ELSEWHERE:
            continue
        counts = {
            (facet, value): count
            for facet in facets_in(family)
            for value, count in _counted(facet, page, query).items()
        }
        for value in list(counts):
            counts |= {around: counts.get(around, 0) for around in values_around(*value)}
        if counts:
            tree = _Tree(counts, query, organisations, language)
            is_open = family in _OPEN or any(query.filters.get(f) for f in facets_in(family))
            lists.append(FacetList(family, tree.below(None), len(counts), is_open))
    return lists


def _counted(facet: str, page: Page, query: Query) -> dict[str, int]:
    return dict.fromkeys(query.filters.get(facet, ()), 0) | page.facets.get(facet, {})


class _Tree:
    """Makes choices of counted values, each with those that lie in it."""

    def __init__(
        self,
        counts: Mapping[Value, int],
        query: Query,
        organisations: Mapping[str, str],
        language: str,
    ) -> None:
        self._counts = counts
        self._chosen = {(name, value) for name, values in query.filters.items() for value in values}
        self._organisations = organisations
        self._language = language
        self._small = len(counts) <= _SMALL
        self._in: dict[Value | None, list[Value]] = defaultdict(list)
        for value in counts:
            around = values_around(*value)
            self._in[around[-1] if around else None].append(value)

    def below(self, around: Value | None) -> tuple[Choice, ...]:
        """Return the choices in a value, or of the whole list, in the order of the page."""
        return tuple(sorted([self._choice(value) for value in self._in[around]], key=_place))

    def _choice(self, value: Value) -> Choice:
        below = self.below(value) if value in self._in else ()
        return Choice(
            facet=value[0],
            value=value[1],
            label=label_of(*value, self._organisations, self._language),
            count=self._counts[value],
            chosen=value in self._chosen,
            below=below,
            open=self._small or any(choice.chosen or choice.open for choice in below),
        )


_folded = lru_cache(maxsize=4096)(fold)


def _place(choice: Choice) -> tuple[object, ...]:
    """Order codes as their list has them, places by name, all else by what most projects have."""
    if choice.facet in {"pillar", "measure", "status"}:
        codes = list(codelists.scheme(SCHEMES[choice.facet]))
        return (codes.index(choice.value) if choice.value in codes else len(codes), choice.value)
    if choice.facet in {"region", "country"}:
        return (choice.facet == "country", _folded(choice.label))
    return (not choice.chosen, -choice.count, choice.label)
