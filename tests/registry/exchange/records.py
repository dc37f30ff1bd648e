"""Project records of every kind, as hypothesis makes them: what the registry itself may hold."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from registry import codelists
from registry.exchange.record import (
    CODED_LISTS,
    CountryShare,
    Participant,
    ProjectRecord,
    Related,
)
from registry.exchange.values import LONGEST_NAME

CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
LINES = (
    st.text(CHARACTERS, min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: 0 < len(text) <= LONGEST_NAME)
)
NAMES = LINES.filter(lambda text: text[0].isalnum())
TEXTS = st.lists(LINES, min_size=1, max_size=3).map("\n".join)
LANGUAGES = ("en", "fr", "es", "ar", "pt-br", "ru")
LANGUAGE = st.sampled_from(LANGUAGES)


def codes(scheme: str) -> st.SearchStrategy[list[str]]:
    """Some codes of a scheme."""
    return st.lists(st.sampled_from(list(codelists.scheme(scheme))), unique=True, max_size=4)


def maybe(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """A value or none."""
    return st.none() | values


@st.composite
def countries(draw: st.DrawFn) -> list[CountryShare]:
    """Countries with shares that do not exceed 100 together, or without."""
    known = st.sampled_from(list(codelists.countries()))
    named = draw(st.lists(known, unique=True, max_size=5))
    shares = st.none() | st.decimals(Decimal("0.0001"), Decimal(20), places=4)
    return [CountryShare(code, draw(shares)) for code in named]


@st.composite
def records(draw: st.DrawFn, source: bool = True) -> ProjectRecord:
    """A record; with `source` also with what only JSON Lines and IATI can hold."""
    language = draw(LANGUAGE)
    titles = draw(st.dictionaries(LANGUAGE, LINES, max_size=3))
    descriptions = draw(st.dictionaries(LANGUAGE, TEXTS, max_size=3))
    start, end = sorted(draw(st.tuples(*[st.dates(date(1850, 1, 1), date(2150, 1, 1))] * 2)))
    coded = {scheme: draw(codes(scheme)) for scheme in CODED_LISTS}
    if not coded["pillars"]:
        coded["measures"] = []  # pillars would be taken from them
    budget = draw(st.none() | st.decimals(0, Decimal("999999999999999"), places=2))
    participants = st.builds(
        Participant, st.sampled_from(list(codelists.scheme("participation_roles"))), LINES
    )
    relations = st.builds(Related, st.sampled_from(list(codelists.scheme("relation_types"))), LINES)
    json = st.dictionaries(
        NAMES, st.integers(-9, 9) | LINES | st.lists(LINES, max_size=2), max_size=3
    )
    return ProjectRecord(
        reporting_org=draw(st.sampled_from(["UNODC", "Sida", "La Strada; Moldova"])),
        titles=_own_first(titles | {language: draw(LINES)}, language),
        identifier=draw(st.uuids().map(str)),
        iati_identifier=draw(maybe(st.uuids().map(lambda id: f"XM-{id}"))),
        reporting_org_type="un-agency",
        descriptions={
            k: descriptions[k] for k in sorted(descriptions, key=lambda k: k != language)
        },
        language=language,
        status=draw(maybe(st.sampled_from(list(codelists.scheme("statuses"))))),
        start_date=draw(st.sampled_from([None, start])),
        end_date=draw(st.sampled_from([None, end])),
        countries=draw(countries()),
        regions=draw(st.lists(st.sampled_from(list(codelists.regions())), unique=True, max_size=2)),
        locations=draw(st.lists(LINES, unique=True, max_size=3)),
        budget=budget,
        currency=draw(st.sampled_from([None, "USD", "EUR"])) if budget is None else "CHF",
        participating_orgs=draw(st.lists(participants, unique=True, max_size=3)),
        related=draw(st.lists(relations, unique=True, max_size=2)),
        url=draw(maybe(st.sampled_from(["https://example.org/a?b=;c", "http://x.org/é"]))),
        contact_name=draw(maybe(LINES)),
        contact_email=draw(maybe(st.just("unit@example.org"))),
        visibility=draw(st.sampled_from(list(codelists.scheme("visibilities")))),
        partner_contacts=draw(maybe(TEXTS)),
        shelter_locations=draw(maybe(TEXTS)),
        suggestions={"measures": draw(codes("measures"))} if source else {},
        source={"made up": draw(json)} if source else {},
        **coded,
    )


def _own_first(texts: dict[str, str], language: str) -> dict[str, str]:
    """Texts by language, the record's own language before the others."""
    return {code: texts[code] for code in sorted(texts, key=lambda code: code != language)}
