"""How the reasons of an overlap read, in each language."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry import wording
from registry.codelists import LANGUAGES, scheme
from registry.exchange.record import CountryShare, Participant
from registry.messages import Message
from registry.overlap import topics
from registry.overlap.background import Background
from registry.overlap.evidence import Kind, assistance, place_and_time, text
from registry.overlap.evidence import organisations_and_money as who
from registry.overlap.names import KnownOrganisation
from registry.overlap.profile import Profile, profile_of
from tests.builders import a_record


def of(**values: Any) -> Profile:
    return profile_of(a_record(**values))


def sentence(kind: Kind, a: Profile, b: Profile) -> str:
    """The English sentence of an evidence, after it was stored and read again."""
    found = kind(a, b, Background())
    assert found is not None
    stored = json.loads(json.dumps(found.sentence.as_json()))
    said = str(Message(stored["template"], stored["params"])).replace("\xa0", " ")
    assert said == str(found.sentence).replace("\xa0", " ")
    return said


def test_places_are_named_as_the_record_writes_them() -> None:
    a = of(locations=["Chișinău"], description="Courses in the capital.")
    b = of(locations=["Chisinau", "Cahul"])
    assert sentence(place_and_time.locations, a, b) == "Both name Chișinău."
    c, d = of(description="Courts of Cahul."), of(description="A shelter in Cahul.")
    assert sentence(place_and_time.locations, c, d) == "Both speak of Cahul."
    a, b = of(locations=["Cahul"]), of(locations=["Bălți", "Ungheni"])
    assert (
        sentence(place_and_time.locations, a, b)
        == "Different provinces: Cahul in one, Bălți and Ungheni in the other."
    )  # fmt: skip


def test_words_are_shown_whole_and_as_written() -> None:
    a = of(
        title="The principle of non-punishment, for ICAT",
        description="Judges of Chișinău apply it when they hear survivors with their lawyers.",
    )
    b = of(title="Non-punishment: ICAT and the courts", description=a.record.description)
    assert sentence(text.titles, a, b) == "Both titles have “ICAT” and “non-punishment”."
    words = sentence(text.words, a, b)
    assert "“Chișinău”" in words or "“apply”" in words
    for fragment in ("“non”", "“punishment”", "“they”", "“with”", "“their”", "“chisinau”"):
        assert fragment not in words


def test_titles_that_share_only_everyday_words() -> None:
    a, b = of(title="Help for them with boats"), of(title="Courses for them with pay")
    assert sentence(text.titles, a, b) == "The titles share only everyday words."


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (
            (2025, 1, 1),
            (2026, 12, 31),
            "They begin and end on the same days, 1 Jan 2025 and 31 Dec 2026.",
        ),
        (
            (2025, 1, 9),
            (2026, 12, 20),
            "They begin and end within a month of each other: 1 Jan 2025 to 31 Dec 2026, "
            "9 Jan 2025 to 20 Dec 2026.",
        ),
        (
            (2025, 3, 1),
            (2027, 2, 28),
            "Their beginnings and ends are 2 months apart on average: 1 Jan 2025 to 31 Dec 2026, "
            "1 Mar 2025 to 28 Feb 2027.",
        ),
        (
            (2025, 1, 1),
            (2027, 3, 5),
            "Their beginnings and ends are 1 month apart on average: 1 Jan 2025 to 31 Dec 2026, "
            "1 Jan 2025 to 5 Mar 2027.",
        ),
    ],
)
def test_dates(start: tuple[int, int, int], end: tuple[int, int, int], said: str) -> None:
    assert (
        sentence(place_and_time.dates, of(), of(start_date=date(*start), end_date=date(*end)))
        == said
    )


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        (
            {"start_date": date(2025, 1, 1), "end_date": None},
            {"start_date": date(2025, 1, 9)},
            "They begin within a month of each other: 1 Jan 2025 and 9 Jan 2025.",
        ),
        (
            {"start_date": date(2025, 1, 1), "end_date": None},
            {"start_date": date(2025, 6, 1)},
            "They begin months apart: 1 Jan 2025 and 1 Jun 2025.",
        ),
        (
            {"start_date": None, "end_date": date(2026, 5, 31)},
            {"end_date": date(2026, 6, 10)},
            "They end within a month of each other: 31 May 2026 and 10 Jun 2026.",
        ),
        (
            {"start_date": None, "end_date": date(2026, 5, 31)},
            {"end_date": date(2026, 12, 31)},
            "They end months apart: 31 May 2026 and 31 Dec 2026.",
        ),
    ],
)
def test_one_date_alone(own: dict[str, Any], other: dict[str, Any], said: str) -> None:
    assert sentence(place_and_time.dates, of(**own), of(**other)) == said


def test_what_differs_is_told_with_what_each_has() -> None:
    a, b = of(measures=["PROS-2"]), of(measures=["PROT-4"], pillars=["protection"])
    assert sentence(assistance.measures, a, b) == (
        "Measures of different pillars: prosecution in one, protection in the other."
    )
    bare = of(measures=[], pillars=["prevention"])
    assert sentence(assistance.measures, bare, of(measures=[], pillars=["protection"])) == (
        "Different pillars: prevention in one, protection in the other."
    )
    fields, homes = of(exploitation_forms=["forced-labour"]), of(exploitation_forms=["begging"])
    assert " in one, " in sentence(assistance.exploitation, fields, homes)
    some = of(title="A", description="They help 120 people.")
    others = of(title="B", description="They help 85 people.")
    assert sentence(text.figures, some, others) == (
        "None of the figures in the two texts agree: 120 in one, 85 in the other."
    )
    partners = [Participant("implementing", "La Strada")]
    assert (
        sentence(
            who.roles,
            of(reporting_org="Sida", participating_orgs=partners),
            of(reporting_org="UNODC", participating_orgs=[Participant("implementing", "ILO")]),
        )
        == "Neither Sida nor UNODC names the other among its partners."
    )


def test_what_differs_is_told_without_what_is_the_same() -> None:
    a = of(title="A", description="", activity_types=["training", "equipment"])
    b = of(title="B", description="", activity_types=["research", "data-systems", "coordination"])
    assert sentence(assistance.activities, a, b) == (
        "They do different work: training and equipment in one, "
        "research and data systems in the other."
    )


def test_months_in_common_are_whole() -> None:
    later = of(start_date=date(2026, 12, 1), end_date=date(2027, 11, 30))
    assert sentence(place_and_time.months, of(), of()) == (
        "They run together for 24 months (Jan 2025 – Dec 2026), all of the shorter one."
    )
    assert sentence(place_and_time.months, of(), later) == (
        "They run together for only 1 month (Dec 2026), 8% of the shorter one."
    )
    after = of(start_date=date(2027, 1, 1), end_date=date(2027, 11, 30))
    for one, other in ((of(), after), (after, of())):
        assert sentence(place_and_time.months, one, other) == (
            "They do not run at the same time: "
            "one ends on 31 Dec 2026, the other begins on 1 Jan 2027."
        )


def test_money_has_its_currency() -> None:
    a, b = of(budget=Decimal(2_707_500)), of(budget=Decimal(2_650_000))
    assert sentence(who.budget, a, b) == (
        "The budgets are about the same: USD 2,707,500 and USD 2,650,000."
    )
    assert sentence(who.budget, a, a) == "The budgets are the same: USD 2,707,500."
    euros = of(budget=Decimal(90_000), currency="EUR")
    assert "EUR 90,000" in sentence(who.budget, of(), euros)


def test_countries() -> None:
    many = ["KE", "UG", "TZ", "RW"]
    four = of(countries=[CountryShare(code, None) for code in many])
    assert sentence(place_and_time.countries, of(), of()) == "Same country and no other: Moldova."
    assert sentence(place_and_time.countries, four, of(country="KE")) == (
        "Countries in common: Kenya (25% of one project)."
    )
    assert sentence(place_and_time.countries, four, four).startswith(
        "Both work in the same 4 countries, Kenya, Rwanda and "
    )


def test_organisations_go_by_their_acronyms() -> None:
    name = "International Organization for Migration"
    known = {name: KnownOrganisation(1, "IOM")}
    record = a_record(reporting_org="Sida", participating_orgs=[Participant("implementing", name)])
    a = profile_of(record, known=known)
    b = profile_of(a_record(reporting_org=name), known=known)
    assert sentence(who.partner, a, b) == "Sida names IOM as a partner."


def test_codes_are_told_in_every_language() -> None:
    found = assistance.measures(of(measures=["PROT-4"]), of(measures=["PROT-4"]), Background())
    assert found is not None
    codes = found.sentence.params["codes"]
    assert codes == {"scheme": "measures", "codes": ["PROT-4"]}
    assert wording.in_language(codes, "fr") == "PROT-4 (mécanismes nationaux d'orientation)"
    assert wording.in_language(codes, "es") == "PROT-4 (mecanismos nacionales de remisión)"


@pytest.mark.parametrize(
    ("value", "french", "spanish"),
    [
        (wording.months(1), "1 mois", "1 mes"),
        (wording.share(0.874), "87 %", "87 %"),
        (wording.period(date(2025, 6, 1), date(2026, 12, 31)),
         "juin 2025 – déc. 2026", "jun 2025 – dic 2026"),
        (wording.day(date(2025, 6, 1)), "1 juin 2025", "1 jun 2025"),
        (wording.money(Decimal("12500.4"), "EUR"), "12 500 EUR", "12.500 EUR"),
        (wording.countries(["MD", "DE"]), "Moldavie et Allemagne", "Moldavia y Alemania"),
        (wording.labels("activity_types", ["training", "research"]),
         "formation et recherche", "capacitación e investigación"),
        (wording.labels("target_groups", ["judges-prosecutors", "police"]),
         "juges et procureurs ; police", "jueces y fiscales; policía"),
        (wording.quoted(["shelter"]), "« shelter »", "«shelter»"),
        (wording.numerals(["1200", "9" * 40]), "1 200 et " + "9" * 40, "1.200 y " + "9" * 40),
    ],
)  # fmt: skip
def test_the_same_in_french_and_spanish(value: wording.Value, french: str, spanish: str) -> None:
    def plain(text: str) -> str:
        return text.replace("\xa0", " ").replace("\u202f", " ")

    assert plain(wording.in_language(value, "fr")) == french
    assert plain(wording.in_language(value, "es")) == spanish


@pytest.mark.parametrize(
    ("theme", "name"),
    [
        ("activities", "activity_types"),
        ("beneficiaries", "target_groups"),
        ("subjects", "overlap_subjects"),
    ],
)
def test_what_texts_are_searched_for_has_labels(theme: str, name: str) -> None:
    codes = {code for found in topics._beginnings(theme).values() for _, code in found}
    assert codes <= set(scheme(name))
    assert all(set(scheme(name)[code].labels) == set(LANGUAGES) for code in codes)
