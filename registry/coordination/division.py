"""Division of labour: who has the mandate for a measure in a country, who is there, who could lead.

"Ensure division of labour based on organizations' mandates and core competencies" is measure e.7 of
the Framework for Action (Annex III, part IV B of "Improving the coordination of efforts against
trafficking in persons", background paper of the Secretary-General, 2009). Here:

- **Mandate**: one of the organisation's recorded mandates covers the pillar of the measure, in a
  region in which the country lies.
- **Core competency**: such a mandate names the measure itself.
- **Presence**: its projects in the country that name the measure: those that run today, the years
  since the first began, and its part of the money that runs, net of double registrations.
- **Elsewhere**: other countries in which it works on the measure.

Each reason has a value from 0 to 1 and a weight (`lead_weights`); their products add up to the
score. The suggestion is that of the highest score. It is a start for those who decide, no decision.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from registry import codelists

REASONS = ("mandate", "competency", "projects", "years", "money", "elsewhere", "contact", "icat")
ENOUGH_PROJECTS = 3
"""So many projects that run count in full; more are no better."""
ENOUGH_YEARS = 5
ENOUGH_COUNTRIES = 5
CLOSE = 0.9
"""Who reaches this share of the highest score is named beside the suggestion."""


@dataclass(frozen=True)
class MandateHere:
    """A mandate of an organisation that covers the pillar of the measure, in this country."""

    mandate: str
    names_measure: bool
    """Whether the measure is a core competency."""
    everywhere: bool
    """Whether it names no regions."""


@dataclass(frozen=True)
class Presence:
    """What an organisation does under a measure."""

    active: int = 0
    """Projects in the country that it registered and that run."""
    projects: int = 0
    """All of them, past ones too."""
    since: int | None = None
    """The year in which the first of them began."""
    gross: Decimal = Decimal(0)
    """USD: the country's share of the active ones, in equal parts for each measure they name."""
    net: Decimal = Decimal(0)
    takes_part: int = 0
    """Active projects of others there in which it is named."""
    countries_elsewhere: int = 0
    """Other countries in which its projects under the measure run."""


@dataclass(frozen=True)
class Candidate:
    """An organisation that has the mandate, or that is there."""

    slug: str
    name: str
    """Its acronym if it has one."""
    type: str | None
    icat_member: bool
    mandates: Sequence[MandateHere]
    presence: Presence
    contact: str | None
    """Its contact point in the country."""

    @property
    def is_competent(self) -> bool:
        """Whether the measure is among its core competencies here."""
        return any(one.names_measure for one in self.mandates)

    @property
    def is_present(self) -> bool:
        """Whether a project of its runs here, or one in which it takes part."""
        return bool(self.presence.active or self.presence.takes_part)

    @property
    def is_near(self) -> bool:
        """Whether more than a mandate for the pillar ties it to the measure or the country."""
        return self.is_competent or self.is_present or bool(self.presence.projects)


@dataclass(frozen=True)
class Reason:
    """What speaks for a candidate: a value of 0..1, its weight, and their product."""

    name: str
    value: float
    weight: float

    @property
    def points(self) -> float:
        """What it adds to the score."""
        return self.value * self.weight


@dataclass(frozen=True)
class Ranked:
    """A candidate with its score and the reasons that make it."""

    candidate: Candidate
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> float:
        """The sum of the points."""
        return sum(reason.points for reason in self.reasons)


@dataclass(frozen=True)
class Division:
    """The candidates of a country and measure, the highest score first."""

    ranked: list[Ranked]
    most: float
    """The score that somebody would have for whom everything speaks."""

    @property
    def suggested(self) -> Ranked | None:
        """Who could lead; None where nobody has the mandate or is there."""
        first = self.ranked[0] if self.ranked else None
        return first if first and first.score > 0 else None

    @property
    def close(self) -> list[Ranked]:
        """Others whose score is nearly as high."""
        first = self.suggested
        if first is None:
            return []
        return [one for one in self.ranked[1:] if one.score >= CLOSE * first.score]


def reasons_for(
    candidate: Candidate, weights: Mapping[str, float], money: Decimal, today: date
) -> tuple[Reason, ...]:
    """Return what speaks for a candidate; `money` is all that runs here, net, in USD."""
    presence = candidate.presence
    years = today.year - presence.since + 1 if presence.since is not None else 0
    values: dict[str, float] = {
        "mandate": bool(candidate.mandates),
        "competency": candidate.is_competent,
        # Who takes part in projects of others is there as well, though half as much.
        "projects": (presence.active + presence.takes_part / 2) / ENOUGH_PROJECTS,
        "years": years / ENOUGH_YEARS,
        "money": float(presence.net / money) if money > 0 else 0.0,
        "elsewhere": presence.countries_elsewhere / ENOUGH_COUNTRIES,
        "contact": candidate.contact is not None,
        "icat": candidate.icat_member,
    }
    return tuple(
        Reason(name, min(max(float(values[name]), 0.0), 1.0), weights.get(name, 0.0))
        for name in REASONS
    )


def divide(candidates: Iterable[Candidate], weights: Mapping[str, float], today: date) -> Division:
    """Rank the candidates; of equals those with a core competency come first, then by name."""
    candidates = list(candidates)
    money = sum((one.presence.net for one in candidates), Decimal(0))
    ranked = [Ranked(one, reasons_for(one, weights, money, today)) for one in candidates]
    ranked.sort(
        key=lambda one: (-round(one.score, 9), not one.candidate.is_competent, one.candidate.slug)
    )
    return Division(ranked, sum(weights.get(name, 0.0) for name in REASONS))


def covers(
    mandate: str, pillars: Sequence[str], measures: Sequence[str], regions: Sequence[str],
    country: str, measure: str,
) -> MandateHere | None:  # fmt: skip
    """Return what a recorded mandate says of a country and measure; None when it says nothing.

    A mandate that names a measure of a pillar covers it, whether it names the pillar or not.
    """
    in_place = not regions or bool(
        {*codelists.regions_of(country), codelists.WORLD, country} & {*regions}
    )
    named = measure in measures
    if not in_place or not (named or codelists.pillar_of(measure) in pillars):
        return None
    return MandateHere(mandate, named, not regions)
