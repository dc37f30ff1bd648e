"""What the index knows of a project. Each field is declared once, with the part it plays.

Both engines make their schema and settings from these declarations, so a new facet is one line in
`Document`, one in `query.FACETS` and one in `document_of`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, get_type_hints

from registry import codelists
from registry.figures import NOT_RUNNING
from registry.models import Organisation, Project
from registry.visibility import audiences_of


@dataclass(frozen=True)
class Searchable:
    """Words are found here. `boost` weighs a match against one in a description (1.0).

    `by_language` fields are dicts of language -> text, and are stemmed by language. Typos and
    unfinished words are looked for where `forgiving`.
    """

    boost: float
    by_language: bool = False
    forgiving: bool = True


@dataclass(frozen=True)
class Facet:
    """A list of codes that can be filtered by and counted."""


@dataclass(frozen=True)
class Filter:
    """Can be filtered by, but is not counted or shown."""


@dataclass(frozen=True)
class Sorted:
    """A whole number that orders results under this name, largest first; 0 when not known.

    `ranged`: results can be kept to those between two numbers, too.
    """

    name: str
    ranged: bool = False


Role = Searchable | Facet | Filter | Sorted

_DAY_ZERO = date(1900, 1, 1)
_LARGEST = 2**39 - 1
"""The largest number that orders results."""
OPEN_END = 2**31
"""The day number of an end that nobody has set."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A published project as the index holds it. Restricted fields have no place here."""

    id: int
    # A person who types a title wants that project, so a word there weighs four of a description:
    # 'shelter' should show 'Shelter for women in Chisinau' before a project that mentions one.
    titles: Annotated[dict[str, str], Searchable(4.0, by_language=True)]
    descriptions: Annotated[dict[str, str], Searchable(1.0, by_language=True)]
    # 'XM-DAC-41128-77' is looked for by those who have it before them, letter by letter.
    identifiers: Annotated[list[str], Searchable(6.0, forgiving=False)]
    # 'unodc moldova': names say more than a passing mention of them in a text.
    organisations: Annotated[list[str], Searchable(2.0)]
    places: Annotated[list[str], Searchable(2.0)]
    # Labels of the codes, so that 'shelter' finds what is tagged so in any language, but below
    # the projects that speak of it themselves.
    labels: Annotated[list[str], Searchable(0.4, forgiving=False)]

    country: Annotated[list[str], Facet()]
    region: Annotated[list[str], Facet()]
    pillar: Annotated[list[str], Facet()]
    measure: Annotated[list[str], Facet()]
    mandate: Annotated[list[str], Facet()]
    organisation: Annotated[list[str], Facet()]
    organisation_type: Annotated[list[str], Facet()]
    status: Annotated[list[str], Facet()]
    year: Annotated[list[str], Facet()]

    # A country's page counts by who registered a project; partners would count it several times.
    reporting_organisation: Annotated[list[str], Filter()]
    audience: Annotated[list[str], Filter()]
    runs_from: Annotated[int, Filter()]
    runs_to: Annotated[int, Filter()]

    by_start: Annotated[int, Sorted("start")]
    by_budget: Annotated[int, Sorted("budget", ranged=True)]
    by_updated: Annotated[int, Sorted("updated")]

    shown: dict[str, Any]
    """What a Hit shows beside the fields above, as JSON values."""


def _declared() -> dict[str, Role]:
    hints = get_type_hints(Document, include_extras=True)
    return {
        field.name: role
        for field in fields(Document)
        for role in getattr(hints[field.name], "__metadata__", ())
    }


ROLES: dict[str, Role] = _declared()
"""Field -> its role, as declared in Document."""

SEARCHABLE = {name: role for name, role in ROLES.items() if isinstance(role, Searchable)}
FACET_FIELDS = tuple(name for name, role in ROLES.items() if isinstance(role, Facet))
FILTER_FIELDS = tuple(
    name
    for name, role in ROLES.items()
    if isinstance(role, Filter) or (isinstance(role, Sorted) and role.ranged)
)
SORT_FIELDS = {role.name: name for name, role in ROLES.items() if isinstance(role, Sorted)}

VERSION = 3
"""Raise it when `document_of` fills a field differently: indexes are then rebuilt."""


def fingerprint() -> str:
    """Return a name for this shape of documents; an index of another name is of no use."""
    shape = [
        (name, type(role).__name__, isinstance(role, Searchable) and role.by_language)
        for name, role in ROLES.items()
    ]
    return hashlib.sha256(repr((VERSION, shape)).encode()).hexdigest()[:12]


def shown_of(document: Document) -> dict[str, Any]:
    """Return what a Hit needs, as JSON values."""
    return document.shown | {
        "id": document.id,
        "titles": document.titles,
        "descriptions": document.descriptions,
        "countries": document.country,
        "pillars": document.pillar,
        "status": document.status[0] if document.status else None,
    }


def day_number(day: date) -> int:
    """Return the days since 1900, as the index compares them; at least 1."""
    return max(1, (day - _DAY_ZERO).days + 1)


def budgets_between(least: int | None, most: int | None) -> tuple[int, int] | None:
    """Return the lowest and highest `by_budget` in a range of USD; None where all are wanted.

    What is not known, 0, lies outside of every range.
    """
    if least is None and most is None:
        return None
    return (
        min(max(least or 0, 1), _LARGEST),
        _LARGEST if most is None else min(most, _LARGEST),
    )


def years_between(start: date | None, end: date | None, today: date) -> list[str]:
    """Return each year in which a project runs; one without an end runs until this year."""
    if start is None and end is None:
        return []
    first = (start or end or today).year
    last = max(first, (end or today).year)
    return list(_years(first, min(last, first + 60)))


@lru_cache(maxsize=4096)
def _years(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(year) for year in range(first, last + 1))


def document_of(
    project: Project,
    organisation: Organisation,
    countries: Sequence[str],
    participants: Sequence[tuple[str, Organisation | None]] = (),
    today: date | None = None,
) -> Document:
    """Make the document of a published project from its rows."""
    known = {organisation.id: organisation}
    known.update({found.id: found for _, found in participants if found is not None})
    identifiers = dict.fromkeys(filter(None, (project.identifier, project.iati_identifier)))
    regions = tuple(_regions_of(tuple(countries), tuple(project.regions)))
    return Document(
        id=project.id or 0,
        titles=dict(project.titles),
        descriptions=dict(project.descriptions),
        identifiers=list(identifiers),
        organisations=_names(known.values(), (name for name, _ in participants)),
        places=[name for code in countries for name in _country_names(code)] + project.locations,
        labels=_labels(project, regions),
        country=list(dict.fromkeys(countries)),
        region=list(regions),
        pillar=list(dict.fromkeys(project.pillars)),
        measure=list(dict.fromkeys(project.measures)),
        mandate=list(dict.fromkeys(project.mandates)),
        organisation=[found.slug for found in known.values()],
        organisation_type=[organisation.type] if organisation.type else [],
        status=[project.status] if project.status else [],
        year=years_between(project.start_date, project.end_date, today or date.today()),
        reporting_organisation=[organisation.slug],
        audience=audiences_of(project),
        runs_from=_runs_from(project),
        runs_to=_runs_to(project),
        by_start=day_number(project.start_date) if project.start_date else 0,
        by_budget=min(int(project.budget_usd or 0), _LARGEST),
        by_updated=_seconds(project.updated_at),
        shown={
            "identifier": project.identifier,
            "organisation_slug": organisation.slug,
            "organisation_name": organisation.name,
            "language": project.language,
            "start": project.start_date.isoformat() if project.start_date else None,
            "end": project.end_date.isoformat() if project.end_date else None,
            "budget": _plain(project.budget),
            "currency": project.currency,
            "budget_usd": _plain(project.budget_usd),
        },
    )


def _names(organisations: Iterable[Organisation], others: Iterable[str]) -> list[str]:
    names: dict[str | None, None] = {}
    for found in organisations:
        names |= dict.fromkeys([found.name, found.acronym, *found.names.values(), *found.aliases])
    names |= dict.fromkeys(others)
    return [name for name in names if name]


def _runs_from(project: Project) -> int:
    """A project runs from its start, or always did; if nothing tells that it runs, it never does.

    With the status this is what `registry.figures.running` says.
    """
    if project.start_date is None:
        return 0 if project.end_date or _is_under_way(project) else OPEN_END
    return day_number(project.start_date)


def _runs_to(project: Project) -> int:
    if project.end_date is None:
        return OPEN_END if project.start_date or _is_under_way(project) else 0
    return day_number(project.end_date)


def _is_under_way(project: Project) -> bool:
    return bool(project.status) and project.status not in NOT_RUNNING


def _seconds(moment: datetime) -> int:
    return max(0, min(int(moment.timestamp()), _LARGEST))


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


@lru_cache(maxsize=4096)
def _regions_of(countries: tuple[str, ...], regions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the regions of the countries, and the project's own with those that hold them."""
    found = dict.fromkeys(code for country in countries for code in codelists.regions_of(country))
    known = codelists.regions()
    for region in regions:
        found[region] = None
        around = known[region].parent if region in known else None
        while around is not None and around != codelists.WORLD:
            found[around] = None
            around = known[around].parent
    return tuple(found)


@lru_cache(maxsize=512)
def _country_names(code: str) -> tuple[str, ...]:
    country = codelists.countries().get(code)
    return tuple(dict.fromkeys((*country.names.values(), *country.aliases))) if country else (code,)


@lru_cache(maxsize=4096)
def _label(scheme: str, code: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(codelists.label(scheme, code, language) for language in codelists.LANGUAGES)
    )


@lru_cache(maxsize=512)
def _region_names(code: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(codelists.region_name(code, language) for language in codelists.LANGUAGES)
    )


_LABELLED = ("pillars", "measures", "activity_types", "target_groups", "exploitation_forms")
"""Fields whose codes are also found by what they are called."""


def _labels(project: Project, regions: Iterable[str]) -> list[str]:
    labels = [
        label
        for scheme in _LABELLED
        for code in getattr(project, scheme)
        for label in _label(scheme, code)
    ]
    labels += [name for code in regions for name in _region_names(code)]
    return labels
