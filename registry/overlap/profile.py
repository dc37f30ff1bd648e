"""A project made ready to be compared: everything that the evidence looks at, worked out once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from registry import codelists
from registry.exchange.record import ProjectRecord
from registry.folding import fold
from registry.meaning import text_of
from registry.overlap.contributions import percentages_in, speaks_of_contribution
from registry.overlap.leanings import leanings_of, settings_of
from registry.overlap.names import KnownOrganisation, OrganisationKeys, organisation_keys
from registry.overlap.origins import origins_in
from registry.overlap.places import Places, places_of
from registry.overlap.topics import topics_in

STEM = 6
"""Words are compared by their first letters: endings differ, and cognates meet across languages."""
_SENTENCE = re.compile(r"(?<=[.!?;؛:])\s+|\n+")
_NUMBER = re.compile(r"\d{1,3}(?:[  ,.'’]\d{3})+(?!\d)|\d+")
_PHASE = re.compile(
    r"\b(?:phase|fase|этап|фаза|مرحلة|stage)\s*(?:no\.?\s*)?([ivx]+|\d{1,2})\b|\b([ivx]+|\d)\s*$",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9][\w./-]{4,}\b")
_DENIED = re.compile(
    r"\b(?:(?:does|do|is|are|will|shall)(?: not|n't) (?:\w+ )?(?:for|at|to|target|cover|include|"
    r"address|reach|concern|train)|not (?:intended|meant|designed) for|excluding|"
    r"ne (?:s'adresse|s’adresse|vise|concerne|couvre|comprend)\w* pas|à l['’]exclusion d\w+|"
    r"no (?:se dirige|está dirigid[oa]|se destina|incluye|cubre|abarca|atiende)n?|"
    r"não (?:se destina|se dirige|inclui|abrange|atende)m?|"
    r"не (?:предназначен\w*|охватыва\w+|включа\w+|касает\w+)|لا (?:يشمل|تشمل|يستهدف|تستهدف))"
    r"\b[^.;:!?()]*",
    re.IGNORECASE,
)
"""What a text says that the project is not or for whom it is not."""
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7}
EARLIEST, LATEST = 1990, 2060
"""Years between which a date makes sense."""
ABSURD_YEARS = 20
"""A project is not longer."""
LEAST_USD = 1_000
"""A smaller budget is a slip: given in thousands or in millions."""
_PERIOD = re.compile(
    r"\b(20[0-4]\d) ?(?:[-–—/]|to|until|till|à|a|au|hasta|al|até|по|до|إلى|bis) ?(20[0-4]\d|\d\d)\b"
)
"""'2023-2025', '2024/26': years that a text names."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What is compared of a project. `id` is None for one that nobody has stored yet."""

    id: int | None
    record: ProjectRecord
    vector: NDArray[np.float32] | None
    organisation: OrganisationKeys
    participants: tuple[tuple[str, OrganisationKeys], ...]
    """Role and organisation of each participant."""
    signs: frozenset[str]
    """Of all these organisations; see OrganisationKeys."""
    folded: str
    title_stems: frozenset[str]
    sentences: tuple[frozenset[str], ...]
    """The stems of each sentence of title and description."""
    cores: tuple[frozenset[str], ...]
    """The same without names and figures: what stays of a sentence that is used again and again."""
    figures: frozenset[str]
    activities: Mapping[str, float] = field(default_factory=dict)
    beneficiaries: Mapping[str, float] = field(default_factory=dict)
    approach: Mapping[str, float] = field(default_factory=dict)
    """How it works: help to people, capacity of practitioners, prevention, …"""
    work_told: float = 1.0
    """How far its text, and not its tags alone, says what is done: from 0 to 1."""
    people_told: float = 1.0
    """The same of whom it is for."""
    minors: float | None = None
    """The share of children among those whose age or sex it names; None where it names none."""
    origins: frozenset[str] = frozenset()
    """The countries from which its people come, as far as the text says so."""
    subjects: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, float] = field(default_factory=dict)
    """Where the people are exploited: on boats, in private homes, in the street."""
    countries: Mapping[str, float] = field(default_factory=dict)
    """Country -> share of the project, adding up to at most 1."""
    places: Places = field(default_factory=Places)
    start: date | None = None
    end: date | None = None
    period_told: bool = False
    """A date is missing or absurd, and these are of the years that the text names."""
    usd: Decimal | None = None
    phase: int | None = None
    identifiers: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    contributes: bool = False
    """The text says that the record is of a contribution to a project, or of a share of it."""
    percentages: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    """What looks like a grant or project number in the text: letters and digits together."""

    @property
    def words(self) -> int:
        """How many words the text has."""
        return len(self.folded.split())

    @property
    def number_of_countries(self) -> int:
        """In how many countries it is at work: a region whose States get nothing adds none."""
        return sum(share > 0 for share in self.countries.values())

    @property
    def stems(self) -> frozenset[str]:
        """All stems of the text."""
        return frozenset().union(*self.sentences)


def profile_of(
    record: ProjectRecord,
    vector: NDArray[np.float32] | None = None,
    id: int | None = None,
    known: Mapping[str, KnownOrganisation] | None = None,
) -> Profile:
    """Make a project ready for comparison.

    `known` maps names of organisations to what the registry knows of them.
    """
    known = known or {}
    text = text_of(record)
    sentences = _SENTENCE.split(text)
    title, description = fold(record.title), fold(record.description)
    words = f"{title} {fold(_DENIED.sub(' ', record.description))}".split()
    start, end = sensible_dates(record)
    told = _period_told(text) if start is None or end is None else None
    subjects = topics_in("subjects", words)
    leanings = leanings_of(title, words, record.activity_types, record.target_groups, subjects)
    organisation = organisation_keys(record.reporting_org, known)
    participants = tuple(
        (p.role, organisation_keys(p.name, known)) for p in record.participating_orgs
    )
    return Profile(
        id=id,
        record=record,
        vector=vector,
        organisation=organisation,
        participants=participants,
        signs=organisation.signs.union(*(keys.signs for _, keys in participants)),
        folded=f" {title} {description} ",
        title_stems=_stems(title),
        sentences=tuple(_stems(fold(sentence)) for sentence in sentences),
        cores=tuple(_stems(fold(_without_names(sentence))) for sentence in sentences),
        figures=_figures(text),
        activities=leanings.activities,
        beneficiaries=leanings.beneficiaries,
        approach=leanings.approach,
        work_told=leanings.work_told,
        people_told=leanings.people_told,
        minors=leanings.minors,
        origins=origins_in(words),
        subjects=subjects,
        settings=settings_of(subjects),
        countries=_shares(record),
        places=places_of(record),
        start=start or (told[0] if told else None),
        end=end or (told[1] if told else None),
        period_told=told is not None,
        usd=usd_of(record),
        phase=_phase(record.title),
        identifiers=frozenset(
            fold(i) for i in (record.identifier, record.iati_identifier) if i and fold(i)
        ),
        related=frozenset(fold(r.identifier) for r in record.related),
        contributes=speaks_of_contribution(f"{title} . {description}"),
        percentages=percentages_in(text),
        codes=frozenset(
            code.casefold() for code in _CODE.findall(f"{record.title} {record.description}")
        ),
    )


def _stems(folded: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in folded.split() if len(word) > 2 and not word.isdigit())


def _without_names(sentence: str) -> str:
    """Leave out figures and words with a capital, but for one that begins the sentence."""
    first, *others = sentence.split() or [""]
    kept = (word for word in others if not word[:1].isupper() and not word[:1].isdigit())
    return " ".join(("" if first.isupper() else first, *kept))


def _figures(text: str) -> frozenset[str]:
    """Return the numbers of a text that say something: no years, nothing below ten."""
    found = {re.sub(r"\D", "", number) for number in _NUMBER.findall(text)}
    return frozenset(n for n in found if int(n[:18]) >= 10 and not 1990 <= int(n[:18]) <= 2060)


def telling_figure(number: str) -> bool:
    """Tell whether a figure is no round number that texts have in common by chance."""
    return len(number.rstrip("0")) > 1 or len(number) > 4


def _period_told(text: str) -> tuple[date, date] | None:
    found = _PERIOD.search(text)
    if not found:
        return None
    first, last = int(found[1]), int(found[2])
    last += 2000 if last < 100 else 0
    if not first <= last <= first + ABSURD_YEARS:
        return None
    return date(first, 1, 1), date(last, 12, 31)


def sensible_dates(record: ProjectRecord) -> tuple[date | None, date | None]:
    """Leave out dates that can't be: they are as good as missing."""
    start, end = (d if d and EARLIEST <= d.year <= LATEST else None for d in _dates(record))
    if start and end and (end < start or end.year - start.year > ABSURD_YEARS):
        return None, None
    return start, end


def _dates(record: ProjectRecord) -> tuple[date | None, date | None]:
    return record.start_date, record.end_date


def usd_of(record: ProjectRecord) -> Decimal | None:
    """Return a project's budget in US dollars, None where it can't be known or is absurd."""
    if record.budget is None or record.budget <= 0 or not record.currency:
        return None
    usd = codelists.usd(record.budget, record.currency, record.start_date)
    return usd if usd is None or usd >= LEAST_USD else None


def _shares(record: ProjectRecord) -> dict[str, float]:
    """Return country -> share; what has no percentage divides the rest evenly."""
    given = {c.code: float(c.percentage) / 100 for c in record.countries if c.percentage}
    without = [c.code for c in record.countries if not c.percentage]
    for region in record.regions:
        members = codelists.regions().get(region)
        without += [c for c in (members.countries if members else ()) if c not in given]
    without = list(dict.fromkeys(c for c in without if c not in given))
    total = sum(given.values())
    if total > 1:
        given = {code: share / total for code, share in given.items()}
    rest = max(1.0 - total, 0.0)
    return given | {code: rest / len(without) for code in without}


def _phase(title: str) -> int | None:
    found = _PHASE.search(title.strip())
    if not found:
        return None
    number = (found[1] or found[2]).lower()
    return _ROMAN.get(number) or (int(number) if number.isdigit() else None)
