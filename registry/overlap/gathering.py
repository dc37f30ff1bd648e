"""Which pairs are one case: those of projects that overlap pairwise, three or more of them.

A case has one kind: whether records are one project and whether two projects do the same are two
questions with different answers. That two of its projects overlap may be known from elsewhere: from
a pair of the other kind, or from a decision that confirmed it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

Key = tuple[int, int]
"""Two projects by id, the smaller first."""


@dataclass
class Group:
    """Projects that overlap pairwise, and the pairs that come into their case."""

    kind: str
    projects: set[int]
    keys: list[Key] = field(default_factory=list)
    case_id: int | None = None
    """None: a case that is yet to be opened."""
    spoken: bool = False
    """People have said something about the case."""
    absorbed: list[int] = field(default_factory=list)
    """Cases whose projects are all among these: they become part of this one."""


@dataclass(frozen=True)
class LoosePair:
    """A flagged pair that has no case, or one that nobody has said anything about."""

    key: Key
    kind: str
    probability: float
    was_in: int | None = None


def gather(
    loose: Sequence[LoosePair], edges: Collection[Key], cases: Sequence[Group]
) -> list[Group]:
    """Put loose pairs into these undecided cases or new ones; return all cases as they become.

    `edges` are all pairs of these projects that overlap, the loose ones among them. The result
    depends on the pairs, not on the order in which they are given.
    """
    known = frozenset(edges)
    groups = list(cases)
    places = _Places()
    for place, group in enumerate(groups):
        places.add(place, group.projects)
    for pair in sorted(loose, key=lambda one: (-one.probability, one.key)):
        fitting = [place for place in places.of_any(pair.key) if _takes(groups[place], pair, known)]
        if fitting:
            place = max(fitting, key=lambda one: _closeness(groups[one], pair.key))
        else:
            place = len(groups)
            groups.append(Group(pair.kind, set()))
        group = groups[place]
        places.add(place, pair.key)
        group.projects |= set(pair.key)
        group.keys.append(pair.key)
    return _keep_numbers(_absorbed(groups), loose)


class _Places:
    """Where groups of projects stand in a list: a full run has thousands of them."""

    def __init__(self) -> None:
        self._of: dict[int, list[int]] = defaultdict(list)

    def add(self, place: int, projects: Iterable[int]) -> None:
        """Remember that the group at a place has these projects."""
        for project in projects:
            self._of[project].append(place)

    def of_any(self, projects: Iterable[int]) -> list[int]:
        """Return the places of groups with any of these projects, ascending."""
        return sorted({place for project in projects for place in self._of.get(project, ())})


def _takes(group: Group, pair: LoosePair, edges: frozenset[Key]) -> bool:
    """Tell whether a pair's projects overlap with all projects of a case."""
    if group.kind != pair.kind or group.projects.isdisjoint(pair.key):
        return False
    joining = set(pair.key) - group.projects
    return all(
        (min(new, old), max(new, old)) in edges
        for new, old in product(joining, group.projects | set(pair.key))
        if new != old
    )


def _closeness(group: Group, key: Key) -> tuple[int, bool, int, int]:
    """Return what makes a case the better one for a pair."""
    return (
        len(group.projects & set(key)),
        group.spoken,
        len(group.projects),
        -(group.case_id or 2**31),
    )


def _absorbed(groups: list[Group]) -> list[Group]:
    """Merge cases whose projects are all in another one of the same kind."""
    left = sorted(
        groups, key=lambda one: (-len(one.projects), not one.spoken, one.case_id or 2**31)
    )
    kept: list[Group] = []
    places = _Places()
    for group in left:
        near = (kept[place] for place in places.of_any(group.projects))
        larger = next(
            (one for one in near if one.kind == group.kind and one.projects >= group.projects),
            None,
        )
        if larger is None:
            places.add(len(kept), group.projects)
            kept.append(group)
            continue
        larger.keys += group.keys
        if group.case_id is None:
            continue
        if larger.case_id is None or (group.spoken and not larger.spoken):
            # Where people have said something, there the others come.
            larger.case_id, group.case_id = group.case_id, larger.case_id
            larger.spoken, group.spoken = group.spoken, larger.spoken
        if group.case_id is not None:
            larger.absorbed.append(group.case_id)
        larger.absorbed += group.absorbed
    return kept


def _keep_numbers(groups: list[Group], loose: Sequence[LoosePair]) -> list[Group]:
    """Let new cases have the numbers that their pairs had, so that addresses stay."""
    before: Mapping[Key, int] = {one.key: one.was_in for one in loose if one.was_in is not None}
    taken = {group.case_id for group in groups if group.case_id is not None}
    for group in groups:
        if group.case_id is not None:
            continue
        numbers = sorted({before[key] for key in group.keys if key in before} - taken)
        if numbers:
            group.case_id = numbers[0]
            taken.add(numbers[0])
    return groups
