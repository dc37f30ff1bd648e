"""The words of planted registries: phrases, provinces, organisations, and the records made of them.

tests/data/planted/phrases.csv holds what projects are put together from. Each phrase stands there
in English, French and Spanish, each in two wordings that share few words, so that the same
assistance can be told in another language and in other words.
"""

import csv
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pycountry

from registry import codelists

PHRASES = Path(__file__).parents[1] / "data" / "planted" / "phrases.csv"
PREFIX = "PLANT-"
"""Of identifiers; the project's number follows."""
LANGUAGES = ("en", "fr", "es")
ACTIVITIES = ("training", "care", "prevention", "policy")
BENEFICIARIES = ("trained", "cared", "reached", "served")
"""Facets of which one activity and one of the beneficiaries at the same place go together."""
SCHEMES = ("measures", "activity_types", "target_groups", "exploitation_forms")
CURRENCIES = ("USD", "EUR", "GBP", "SEK", "CHF", "NOK")
COUNTRIES = 110
PROVINCES = 12, 30
"""A country of the registry has at least the first number, one of the busy ones the second."""
DAY_ONE = date(2005, 1, 1)
TODAY = (date(2026, 1, 1) - DAY_ONE).days
"""Decides which projects are still running."""

DONORS = tuple(
    "Sida|USAID|European Union|GIZ|AFD|AECID|FCDO|Norad|SDC|JICA|KOICA|DFAT|Global Affairs Canada|"
    "Danida|Netherlands MFA|Irish Aid|Luxembourg Cooperation|Austrian Development Agency|"
    "Italian Cooperation|Finland MFA|Belgian Cooperation|Czech Development Agency|Polish Aid|"
    "New Zealand Aid|US Department of State|US Department of Labor|Oak Foundation|"
    "Ford Foundation|Open Society Foundations|Comic Relief|Freedom Fund|Porticus|"
    "King Baudouin Foundation|Qatar Charity|Saudi Fund for Development|Asian Development Bank|"
    "World Bank|African Development Bank|Inter-American Development Bank|UN Trust Fund".split("|")
)
AGENCIES = tuple(
    "UNODC|IOM|ILO|UNICEF|UNHCR|UN Women|UNDP|UNFPA|OHCHR|OSCE|Council of Europe|INTERPOL|ICMPD|"
    "Save the Children|World Vision|Caritas|Terre des hommes|IJM|Plan International|ECPAT".split(
        "|"
    )
)
_FIRST = "Hope,Dignity,Sunrise,Open Door,Good Shepherd,Equality,Bridges,New Life,Justice,Safe Road"
_SECOND = "House,Network,Legal Aid,Association"
LOCAL = tuple(f"{a} {b}" for a in _FIRST.split(",") for b in _SECOND.split(","))
IN_A_COUNTRY = len(AGENCIES) + len(LOCAL)

TITLES = {
    "en": ("{0} for {1}", "{1}: {0}"),
    "fr": ("{0} pour {1}", "{1} : {0}"),
    "es": ("{0} para {1}", "{1}: {0}"),
}
BODIES = {
    "en": (
        "The project provides {0} for {1} in {2}. It responds to {3}. {4} Work is done with {5}.",
        "In {2}, {1} benefit from {0}. The problem there is {3}. {4} The partner is {5}.",
    ),
    "fr": (
        "Le projet apporte {0} pour {1} ({2}). Il répond au problème suivant : {3}. {4} "
        "Le travail est mené avec {5}.",
        "Lieu : {2}. Ici, {1} bénéficient de l'appui suivant : {0}. En cause : {3}. {4} "
        "Le partenaire est {5}.",
    ),
    "es": (
        "El proyecto ofrece {0} para {1} en {2}. Responde al problema siguiente: {3}. {4} "
        "Se trabaja con {5}.",
        "En {2}, {1} reciben este apoyo: {0}. Allí preocupa lo siguiente: {3}. {4} "
        "La contraparte es {5}.",
    ),
}
_PHASES = ("", " - phase I", " - phase II")


@dataclass(frozen=True)
class Phrase:
    """A phrase in three languages and two wordings, and the codes of what it speaks of."""

    wordings: tuple[tuple[str, str], ...]
    codes: dict[str, list[str]]


@dataclass(frozen=True)
class Words:
    """Everything that records are put together from; facets are numbered through."""

    activities: list[Phrase]
    beneficiaries: list[Phrase]
    contexts: list[Phrase]
    institutions: list[Phrase]
    approaches: list[Phrase]
    promises: list[Phrase]
    countries: list[str]
    provinces: list[list[str]]
    """Of each country."""
    organisations: list[str]
    """Donors first, then of each country its agencies and its local organisations."""


@cache
def words(seed: int) -> Words:
    """Return the words; the seed decides which countries there are, the busiest first."""
    facets = _facets()
    countries = _countries(seed)
    names = [codelists.country_name(code) for code in countries]
    return Words(
        [phrase for facet in ACTIVITIES for phrase in facets[facet]],
        [phrase for facet in BENEFICIARIES for phrase in facets[facet]],
        *(facets[name] for name in ("context", "institution", "approach", "promise")),
        countries,
        [_provinces(code) for code in countries],
        [*DONORS, *(f"{body} {name}" for name in names for body in (*AGENCIES, *LOCAL))],
    )


def _facets() -> dict[str, list[Phrase]]:
    facets: dict[str, list[Phrase]] = {}
    scheme_of = {code: name for name in SCHEMES for code in codelists.scheme(name)}
    with PHRASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="|"):
            codes: dict[str, list[str]] = {name: [] for name in SCHEMES}
            for code in row["codes"].split():
                codes[scheme_of[code]].append(code)
            wordings = tuple((row[la], row[f"{la} other"] or row[la]) for la in LANGUAGES)
            facets.setdefault(row["facet"], []).append(Phrase(wordings, codes))
    return facets


def _countries(seed: int) -> list[str]:
    few, many = PROVINCES
    codes = [code for code in sorted(codelists.countries()) if len(_provinces(code)) >= few]
    random.Random(seed).shuffle(codes)
    return sorted(codes, key=lambda code: len(_provinces(code)) < many)[:COUNTRIES]


@cache
def _provinces(country: str) -> list[str]:
    found = pycountry.subdivisions.get(country_code=country) or ()
    names = (re.split(r"[\[\]/,(]", place.name)[0].strip() for place in found)
    return sorted({name for name in names if len(name) > 2})


class Row(NamedTuple):
    """A project as the numbers of its facets; `planted.Columns` says what they mean."""

    number: int
    language: int
    wording: int
    activity: int
    beneficiaries: int
    context: int
    institution: int
    approach: int
    second_approach: int
    promise: int
    figure: int
    country: int
    province: int
    abroad: int
    reporter: int
    donor: int
    partner: int
    start: int
    days: int
    dollars: int
    currency: int
    phase: int
    titled: int
    tagged: int
    dated: int
    located: int


def record_of(row: Row, known: Words) -> dict[str, Any]:
    """Return a complete record with the keys of a JSON Lines file."""
    language = LANGUAGES[row.language]
    end = row.start + row.days
    countries = _where(row, known)
    province = known.provinces[row.country][row.province] if row.province >= 0 else ""
    title, description = _texts(row, known, language, countries, province)
    currency = CURRENCIES[row.currency]
    return {
        "identifier": f"{PREFIX}{row.number}",
        "reporting_org": known.organisations[row.reporter],
        "title": title,
        "description": description,
        "language": language,
        "status": _status(row.start, end),
        "start_date": _day(row.start) if row.dated else None,
        "end_date": _day(end) if row.dated else None,
        "countries": countries,
        "locations": [province] if province and row.located else [],
        **_tags(row, known),
        "budget": round(row.dollars / _dollars(currency, _day(row.start)[:4])),
        "currency": currency,
        "participating_orgs": [
            {"role": "funding", "name": known.organisations[row.donor]},
            {"role": "implementing", "name": known.organisations[row.partner]},
        ],
        "visibility": "public",
    }


def _where(row: Row, known: Words) -> list[str]:
    """Return the countries of a project: its own, and for a regional one the next busy ones."""
    number = len(known.countries)
    return [known.countries[(row.country + 7 * n) % number] for n in range(row.abroad + 1)]


def _texts(
    row: Row, known: Words, language: str, countries: Sequence[str], province: str
) -> tuple[str, str]:
    def said(phrases: list[Phrase], number: int) -> str:
        return phrases[number].wordings[row.language][row.wording]

    what = said(known.activities, row.activity)
    who = said(known.beneficiaries, row.beneficiaries)
    where = ", ".join(_name(code, language) for code in countries)
    how = [said(known.approaches, row.approach)]
    if row.second_approach >= 0:
        how.append(said(known.approaches, row.second_approach))
    text = BODIES[language][row.wording].format(
        what,
        who,
        f"{province}, {where}" if province else where,
        said(known.contexts, row.context),
        " ".join(how).replace("{n}", str(row.figure)),
        said(known.institutions, row.institution),
    )
    if row.promise >= 0:
        text = f"{said(known.promises, row.promise)} {text}"
    title = TITLES[language][row.wording].format(what, who)
    title = title[0].upper() + title[1:]
    if row.titled and province:
        title = f"{title} ({province})"
    return title + _PHASES[row.phase], text


def _tags(row: Row, known: Words) -> dict[str, list[str]]:
    """Return the tags: right, lazy (a pillar and no more) or wrong (`tagged` 0, 1, 2)."""
    activity = (row.activity + (7 if row.tagged == 2 else 0)) % len(known.activities)
    codes = known.activities[activity].codes
    pillars = [_pillar(measure) for measure in codes["measures"]]
    if row.tagged == 1:
        return {"pillars": pillars}
    return {
        "pillars": pillars,
        "measures": list(codes["measures"]),
        "activity_types": list(codes["activity_types"]),
        "target_groups": list(known.beneficiaries[row.beneficiaries].codes["target_groups"]),
        "exploitation_forms": list(known.contexts[row.context].codes["exploitation_forms"]),
    }


def _status(start: int, end: int) -> str:
    if end < TODAY:
        return "closed"
    return "implementation" if start <= TODAY else "pipeline"


_pillar = cache(codelists.pillar_of)
_name = cache(codelists.country_name)


@cache
def _day(number: int) -> str:
    return (DAY_ONE + timedelta(number)).isoformat()


@cache
def _dollars(currency: str, year: str) -> float:
    """Return US dollars for a unit of a currency."""
    return float(codelists.usd(Decimal(1000), currency, date(int(year), 1, 1)) or 1000) / 1000
