"""Each kind of evidence by examples: what speaks for, what against, what says nothing."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from registry.exchange.record import CountryShare, Participant, Related
from registry.meaning import encode, text_of
from registry.overlap.background import Background, background_of
from registry.overlap.evidence import KINDS, Evidence, assistance, place_and_time, text
from registry.overlap.evidence import organisations_and_money as who
from registry.overlap.names import organisation_keys
from registry.overlap.profile import Profile, profile_of
from tests.builders import a_record

NOTHING = Background()


def of(**values: Any) -> Profile:
    return profile_of(a_record(**values))


def encoded(**values: Any) -> Profile:
    record = a_record(**values)
    return profile_of(record, encode([text_of(record)])[0])


def value(found: Evidence | None) -> float:
    assert found is not None
    assert str(found.sentence)
    return found.value


def test_the_same_meaning_in_two_languages_speaks_for() -> None:
    a = encoded(title="Training of judges", description="Courses for judges on trafficking cases.")
    b = encoded(
        title="Formation des juges",
        description="Cours pour les juges sur les affaires de traite.",
        language="fr",
    )
    c = encoded(title="Shelter for women", description="A house with beds, a doctor and a kitchen.")

    assert value(text.meaning(a, b, NOTHING)) > 1
    assert value(text.meaning(a, c, NOTHING)) < 0
    assert text.meaning(of(), b, NOTHING) is None


RARE = "Fishermen on Volta lake islands hand over boys who dive for tangled nets at night near Yeji"


def test_rare_words_count_and_boilerplate_does_not() -> None:
    usual = "The organisation works with partners and is committed to a rights-based approach here."
    others = [of(title=f"Project {n}", description=usual) for n in range(20)]
    background = background_of(others)

    shared = text.words(of(description=RARE), of(description=RARE), background)
    boilerplate = text.words(
        of(title="Dams", description=f"{usual} Engineers repair seven concrete dams in summer."),
        of(
            title="Bees",
            description=f"{usual} Keepers obtain hives, smokers and warm winter veils.",
        ),
        background,
    )

    assert value(shared) > 1
    assert boilerplate is None or boilerplate.value < 0


def test_words_of_another_language_are_not_missed() -> None:
    a = of(title="Lake boys", description=RARE)
    b = of(
        title="Garçons du lac",
        description="Des équipes visitent les villages et parlent aux familles du lac",
        language="fr",
    )

    assert text.words(a, b, NOTHING) is None


def test_titles_that_share_their_telling_words() -> None:
    a, b = of(title="Ashshash phase two"), of(title="Ashshash phase two")

    assert value(text.titles(a, b, NOTHING)) > 1
    assert value(text.titles(a, of(title="Hotline for migrants"), NOTHING)) < 0


def test_the_same_figures_are_more_than_chance() -> None:
    a = of(
        title="Kits",
        description="For 850 persons in 14 groups, with kits worth 1,200 euros, in 2025.",
    )
    b = of(description="850 bénéficiaires, des kits de 1 200 euros.", language="fr")

    found = text.figures(a, b, NOTHING)

    assert value(found) > 1
    assert "850" in str(found.sentence if found else "")
    assert (
        value(text.figures(a, of(title="Kits", description="For 77 or 991 persons."), NOTHING)) < 0
    )
    assert text.figures(a, of(title="Kits", description="For many."), NOTHING) is None


def test_subjects_are_found_in_every_language() -> None:
    a = of(
        description="Legal aid and lawyers for migrant domestic workers whose passports were taken."
    )
    b = of(description="محامون للعاملات المنزليات اللواتي تحجز جوازات سفرهن", language="ar")

    found = text.subjects(a, b, NOTHING)

    assert value(found) > 0
    assert "domestic work" in str(found.sentence if found else "")


def test_same_measures_and_pillars() -> None:
    a = of(measures=["PROT-4"], pillars=["protection"])

    assert value(assistance.measures(a, of(measures=["PROT-4", "PROT-2"]), NOTHING)) == 1
    assert value(assistance.measures(a, of(measures=["PROS-2"]), NOTHING)) == -1
    assert -1 < value(assistance.measures(a, of(measures=["PROT-5"]), NOTHING)) < 0
    untagged = of(measures=[], pillars=[])
    assert assistance.measures(a, untagged, NOTHING) is None


def test_beneficiaries_by_tag_and_by_text() -> None:
    police = of(
        title="Police", description="Police detectives learn to interview.", target_groups=[]
    )
    officers = of(title="Polizei", description="-", target_groups=["police"])
    women = of(title="Women", description="Women in a shelter.", target_groups=["women"])

    assert value(assistance.beneficiaries(police, officers, NOTHING)) > 1
    assert value(assistance.beneficiaries(police, women, NOTHING)) < -1
    assert assistance.beneficiaries(police, of(title="X", description="Y"), NOTHING) is None


def test_activities_by_tag_and_by_text() -> None:
    courses = of(title="Courses", description="Seminars and workshops.", activity_types=[])
    devices = of(title="Vehicles", description="Supply of devices.", activity_types=["equipment"])

    assert value(assistance.activities(courses, courses, NOTHING)) > 1
    assert value(assistance.activities(courses, devices, NOTHING)) < -1


def test_forms_of_exploitation() -> None:
    a = of(exploitation_forms=["sexual"])

    assert value(assistance.exploitation(a, a, NOTHING)) == 1
    assert value(assistance.exploitation(a, of(exploitation_forms=["labour"]), NOTHING)) == -1
    assert assistance.exploitation(a, of(), NOTHING) is None


def test_a_regional_programme_shares_little_with_one_country() -> None:
    ten = [CountryShare(c, None) for c in "MD UA RO BG AL MK RS BA ME GE".split()]
    one, programme = of(country="MD"), of(countries=ten)

    assert value(place_and_time.countries(one, of(country="MD"), NOTHING)) == 1
    assert value(place_and_time.countries(one, programme, NOTHING)) == -1
    assert value(place_and_time.extent(one, programme, NOTHING)) == -2
    assert value(place_and_time.extent(one, of(countries=ten[:3]), NOTHING)) == pytest.approx(-1)
    assert place_and_time.extent(one, one, NOTHING) is None


def test_provinces() -> None:
    edo = of(country="NG", locations=["Edo State"])
    borno = of(country="NG", locations=["Borno"])
    told = of(country="NG", title="Courts of Edo", locations=[])
    silent = of(country="NG", locations=[])
    nationwide = of(country="NG", locations=["nationwide"])

    assert value(place_and_time.locations(edo, of(country="NG", locations=["Edo"]), NOTHING)) > 0
    assert value(place_and_time.locations(edo, told, NOTHING)) > 0
    assert value(place_and_time.locations(edo, borno, NOTHING)) == -4
    assert value(place_and_time.locations(told, borno, NOTHING)) == -4
    assert place_and_time.locations(edo, silent, NOTHING) is None
    assert place_and_time.locations(edo, nationwide, NOTHING) is None


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("CD", "Kolwezi", "Lualaba"),
        ("KZ", "Шымкент", "Shymkent"),
        ("EG", "القاهرة", "Le Caire"),
        ("UA", "Харківська область", "Kharkiv"),
        ("NG", "Benin City", "Edo State"),
    ],
)
def test_one_place_in_other_spellings(country: str, one: str, other: str) -> None:
    a, b = of(country=country, locations=[one]), of(country=country, locations=[other])

    assert value(place_and_time.locations(a, b, NOTHING)) > 0


def test_towns_of_other_provinces() -> None:
    a, b = of(country="JO", locations=["Amman"]), of(country="JO", locations=["Aqaba"])
    told = of(country="JO", locations=[], description="Courses are held in Aqaba and Ma'an.")

    assert value(place_and_time.locations(a, b, NOTHING)) == -4
    assert -4 < value(place_and_time.locations(a, told, NOTHING)) < -1
    assert value(place_and_time.locations(b, told, NOTHING)) == 1


def test_a_province_named_like_its_country_is_not_meant_when_the_country_is() -> None:
    a = of(country="GT", locations=[], description="Inspectors in Guatemala are trained.")
    b = of(country="GT", locations=["Huehuetenango"])

    assert place_and_time.locations(a, b, NOTHING) is None


def at(start: date | None, end: date | None) -> Profile:
    return of(start_date=start, end_date=end)


def test_months_in_common() -> None:
    a = at(date(2025, 1, 1), date(2026, 12, 31))

    assert place_and_time.months_in_common(a, at(date(2026, 11, 15), date(2028, 1, 1))) == 2
    assert value(place_and_time.months(a, a, NOTHING)) == 1
    assert value(place_and_time.months(a, at(date(2027, 1, 1), date(2027, 6, 1)), NOTHING)) == -4
    assert value(place_and_time.months(a, at(date(2026, 12, 1), date(2029, 1, 1)), NOTHING)) < -1
    assert place_and_time.months(a, at(None, None), NOTHING) is None


def test_absurd_dates_are_missing_dates() -> None:
    a = at(date(2025, 1, 1), date(2026, 12, 31))

    assert place_and_time.months(a, at(date(2026, 1, 1), date(2024, 1, 1)), NOTHING) is None
    assert place_and_time.months(a, at(date(1900, 1, 1), date(2999, 1, 1)), NOTHING) is None


def test_the_same_dates() -> None:
    a = at(date(2025, 1, 1), date(2026, 12, 31))

    assert value(place_and_time.dates(a, a, NOTHING)) == 1
    assert value(place_and_time.dates(a, at(date(2025, 1, 15), date(2027, 1, 15)), NOTHING)) > 0.5
    assert value(place_and_time.dates(a, at(date(2023, 1, 1), date(2024, 12, 31)), NOTHING)) == -2
    assert place_and_time.dates(a, at(None, None), NOTHING) is None


@pytest.mark.parametrize(
    ("one", "two"),
    [("Safe home, phase I", "Safe home, phase II"), ("Casa segura fase 2", "Casa segura fase 3")],
)
def test_phases(one: str, two: str) -> None:
    assert value(place_and_time.phases(of(title=one), of(title=two), NOTHING)) == -1
    assert place_and_time.phases(of(title=one), of(title=one), NOTHING) is None
    assert place_and_time.phases(of(title=one), of(title="Safe home"), NOTHING) is None


def test_budgets_in_two_currencies() -> None:
    euros = of(budget=Decimal(900_000), currency="EUR")
    dollars = of(budget=Decimal(980_000), currency="USD")
    share = of(budget=Decimal(200_000), currency="EUR")

    assert value(who.budget(euros, euros, NOTHING)) > 1
    assert value(who.budget(euros, dollars, NOTHING)) > 0.4
    assert value(who.budget(euros, share, NOTHING)) < -1
    assert who.budget(euros, of(budget=None), NOTHING) is None


def part(org: str, *sides: tuple[str, str]) -> Profile:
    return of(
        reporting_org=org, participating_orgs=[Participant(role, name) for role, name in sides]
    )


def test_funder_here_implementer_there() -> None:
    sida = part("Sida", ("funding", "Sida"), ("implementing", "UNODC"))
    unodc = part("UNODC", ("funding", "Sweden"), ("implementing", "UNODC"))
    stranger = part("Caritas", ("funding", "Missio"), ("implementing", "Caritas"))

    assert value(who.roles(sida, unodc, NOTHING)) == 1.5
    assert value(who.roles(unodc, stranger, NOTHING)) == -1
    assert who.roles(sida, part("Caritas"), NOTHING) is None


def test_partners_who_each_carry_out_a_part_are_not_funder_and_implementer() -> None:
    both = (("implementing", "IDLO"), ("implementing", "UNODC"))
    a, b = part("IDLO", *both), part("UNODC", *both)

    assert value(who.roles(a, b, NOTHING)) == -2
    assert value(who.partner(a, b, NOTHING)) == 1


def test_a_third_organisation_in_both() -> None:
    a = part("LuxDev", ("implementing", "UNICEF"))
    b = part("Terre des hommes", ("funding", "UNICEF"))
    c = part("Caritas", ("funding", "Sweden"))

    assert value(who.third_partner(a, b, NOTHING)) == 1
    assert who.third_partner(a, c, NOTHING) is None


def test_one_organisation_under_three_names() -> None:
    names = ("IOM", "International Organization for Migration", "IOM Moldova")

    for one in names:
        for other in names[:2]:
            assert one == other or value(who.offices(part(one), part(other), NOTHING)) == 1
    assert who.offices(part("IOM"), part("ILO"), NOTHING) is None
    apart = (part("La Strada Moldova"), part("La Strada International"))
    assert who.offices(*apart, NOTHING) is None


def test_one_organisation_that_registers_twice_is_no_other_office_of_itself() -> None:
    a, b = part("UNODC"), part("UNODC")

    assert value(who.same_organisation(a, b, NOTHING)) == 1
    assert who.offices(a, b, NOTHING) is None
    assert who.same_organisation(a, part("UNODC Vienna"), NOTHING) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Oficina de la OIT para el Cono Sur", "International Labour Organization"),
        ("Bureau régional de l'OIM", "IOM"),
        ("UNODC México", "UN Office on Drugs and Crime"),
        ("OIT", "Международная организация труда"),
        ("المنظمة الدولية للهجرة", "OIM Maroc"),
        ("Misión Internacional de Justicia", "IJM Field Office Guatemala"),
        ("Kinderhilfe Musterstadt e.V.", "Kinderhilfe Musterstadt"),
        ("Agência Brasileira de Cooperação (ABC)", "ABC/MRE"),
    ],
)
def test_names_in_other_languages_and_forms(one: str, other: str) -> None:
    assert organisation_keys(one).same_as(organisation_keys(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Embassy of Switzerland", "Confédération suisse"),
        ("cooperación alemana", "German Federal Government"),
        ("Ambassade d’Allemagne", "BMZ"),
        ("U.S. Department of State / INL", "Gobierno de los Estados Unidos (INL)"),
        ("Embassy of Switzerland in Albania", "SDC"),
        ("Delegación de la Unión Europea en Honduras", "European Commission"),
        ("Global Affairs Canada", "Canadá"),
    ],
)
def test_agencies_that_spend_one_states_money(one: str, other: str) -> None:
    assert organisation_keys(one).pays_as(organisation_keys(other))
    assert not organisation_keys(one).pays_as(organisation_keys("Sida"))


def test_a_ministry_in_both_is_no_third_partner() -> None:
    a = part("LuxDev", ("implementing", "Ministry of Justice"))
    b = part("Caritas", ("implementing", "Ministry of Justice"))

    assert who.third_partner(a, b, NOTHING) is None


def test_declared_relations() -> None:
    parent = of(identifier="PROG-1")
    child = of(related=[Related("parent", "PROG-1")])
    co_funded = of(related=[Related("co-funded", "PROG-1")], reporting_org="Sida")

    assert value(who.declared(parent, child, NOTHING)) == 1
    assert who.declared(parent, co_funded, NOTHING) is None
    assert value(who.partner(parent, co_funded, NOTHING)) == 1


def test_the_text_speaks_of_the_other_organisation() -> None:
    a = of(reporting_org="Caritas", description="We refer women to the shelter of UNODC.")

    assert value(who.mention(a, of(reporting_org="UNODC"), NOTHING)) == 1
    assert who.mention(a, of(reporting_org="Enabel"), NOTHING) is None


def test_identifiers_and_grant_numbers() -> None:
    a = of(iati_identifier="XM-1", description="Carries out grant GR-771/B.")
    assert value(who.identifiers(a, of(iati_identifier="XM-1"), NOTHING)) == 2
    assert value(who.identifiers(a, of(title="Grant GR-771/B"), NOTHING)) == 1
    assert who.identifiers(a, of(), NOTHING) is None


def test_no_evidence_depends_on_the_order_of_the_pair() -> None:
    a = encoded(
        reporting_org="Sida",
        country="NG",
        locations=["Edo"],
        participating_orgs=[Participant("implementing", "UNODC")],
    )
    b = encoded(language="fr", title="Juges", description="Cours pour les juges.", country="NG")

    for kind in KINDS:
        one, other = kind(a, b, NOTHING), kind(b, a, NOTHING)
        assert (one is None) == (other is None), kind.__name__
        if one is not None and other is not None:
            assert np.isclose(one.value, other.value), kind.__name__
