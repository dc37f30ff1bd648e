"""Codes, countries, regions, rates and the tile map are complete and agree with each other."""

from datetime import date
from decimal import Decimal

import pytest

from registry.codelists import (
    LANGUAGES,
    PILLAR_PREFIX,
    WORLD,
    countries,
    country_name,
    currencies,
    find_country,
    label,
    pillar_of,
    protocol_status,
    region_name,
    regions,
    regions_of,
    scheme,
    tiles,
    usd,
)

SCHEMES = {
    "pillars": 5,
    "measures": 28,
    "mandates": 11,
    "activity_types": 13,
    "target_groups": 19,
    "exploitation_forms": 11,
    "organisation_types": 9,
    "statuses": 6,
    "participation_roles": 4,
    "relation_types": 5,
    "overlap_kinds": 2,
    "overlap_outcomes": 5,
    "visibilities": 3,
    "paris_principles": 5,
    "paris_answers": 4,
    "practice_states": 5,
    "governing_bodies": 7,
    "recommendation_states": 5,
    "action_states": 4,
}

# Members of the United Nations, and its two observer States.
STATE_CODES = """
AF AL DZ AD AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI CV KH CM CA CF
TD CL CN CO KM CG CR CI HR CU CY CZ KP CD DK DJ DM DO EC EG SV GQ ER EE SZ ET FJ FI FR GA GM GE DE
GH GR GD GT GN GW GY HT HN HU IS IN ID IR IQ IE IL IT JM JP JO KZ KE KI KW KG LA LV LB LS LR LY LI
LT LU MG MW MY MV ML MT MH MR MU MX FM MC MN ME MA MZ MM NA NR NP NL NZ NI NE NG MK NO OM PK PW PA
PG PY PE PH PL PT QA KR MD RO RU RW KN LC VC WS SM ST SA SN RS SC SL SG SK SI SB SO ZA SS ES LK SD
SR SE CH SY TJ TZ TH TL TG TO TT TN TR TM TV UG UA AE GB US UY UZ VU VE VN YE ZM ZW PS VA
"""
STATES = STATE_CODES.split()


@pytest.mark.parametrize(("name", "size"), SCHEMES.items())
def test_every_code_has_a_label_in_every_language(name: str, size: int) -> None:
    codes = scheme(name)

    assert len(codes) == size
    for code in codes.values():
        assert set(code.labels) == set(LANGUAGES)
        assert all(text.strip() for text in code.labels.values())


def test_labels_speak_the_field_s_words() -> None:
    assert label("measures", "PROT-4") == "National referral mechanisms"
    assert label("measures", "PROT-4", "fr") == "Mécanismes nationaux d'orientation"
    assert label("measures", "PROT-4", "es") == "Mecanismos nacionales de remisión"


def test_a_label_falls_back_to_english_and_then_to_the_code() -> None:
    assert label("pillars", "protection", "ru") == "Protection"
    assert label("pillars", "unheard-of", "fr") == "unheard-of"


def test_every_measure_belongs_to_a_pillar() -> None:
    assert set(PILLAR_PREFIX) == set(scheme("pillars"))
    assert pillar_of("PROS-2") == "prosecution"
    assert {pillar_of(code) for code in scheme("measures")} == set(scheme("pillars"))


def test_countries_are_complete_and_named_in_every_language() -> None:
    assert len(countries()) == 249
    assert set(STATES) <= set(countries())
    for country in countries().values():
        assert set(country.names) == set(LANGUAGES)
        assert len(country.alpha3) == 3
        assert len(country.numeric) == 3
        assert (country.region is None) == (country.code == "AQ")
    assert country_name("MD") == "Moldova"
    assert country_name("DE", "es") == "Alemania"
    assert country_name("DE", "ru") == "Germany"
    assert country_name("ZZ") == "ZZ"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("MD", "MD"),
        ("md", "MD"),
        ("MDA", "MD"),
        ("498", "MD"),
        (" Moldova, Republic of ", "MD"),
        ("République de Moldova", "MD"),
        ("Ivory Coast", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("CÔTE D’IVOIRE", "CI"),
        ("Costa de Marfil", "CI"),
        ("Vietnam", "VN"),
        ("Viet Nam", "VN"),
        ("DR Congo", "CD"),
        ("Congo, the Democratic Republic of the", "CD"),
        ("Congo", "CG"),
        ("Syrian Arab Republic", "SY"),
        ("Laos", "LA"),
        ("Bolivia (Plurinational State of)", "BO"),
        ("United Republic of Tanzania", "TZ"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("EE. UU.", "US"),
        ("The Gambia", "GM"),
        ("Macedonia, FYR", "MK"),
        ("Bosnia & Herzegovina", "BA"),
        ("Níger", "NE"),
        ("Nigeria", "NG"),
        ("El Salvador", "SV"),
        ("Atlantis", None),
        ("", None),
        ("the", None),
    ],
)
def test_a_country_is_found_by_the_ways_people_write_it(text: str, code: str | None) -> None:
    assert find_country(text) == code


def test_every_name_and_code_leads_back_to_its_country() -> None:
    for country in countries().values():
        for text in (country.code, country.alpha3, country.numeric, *country.names.values()):
            assert find_country(text) == country.code, text


def test_regions_lead_from_the_widest_to_the_narrowest() -> None:
    assert regions_of("MD") == ("150", "151")
    assert regions_of("KE") == ("002", "202", "014")
    assert regions_of("AQ") == ()
    assert regions_of("ZZ") == ()


def test_regions_hold_the_countries_of_their_subregions() -> None:
    assert "KE" in regions()["002"].countries
    assert "KE" in regions()["014"].countries
    assert "KE" not in regions()["011"].countries
    assert len(regions()[WORLD].countries) == 249
    for region in regions().values():
        assert region.countries
        assert set(region.names) == set(LANGUAGES)
        assert region.parent is None or set(region.countries) <= set(
            regions()[region.parent].countries
        )
    assert region_name("145", "fr") == "Asie occidentale"
    assert region_name("999") == "999"


def test_no_region_shares_its_number_with_a_country() -> None:
    assert not set(regions()) & {country.numeric for country in countries().values()}


def test_amounts_become_dollars_of_their_year() -> None:
    assert usd(Decimal(100), "USD") == Decimal("100.00")
    assert usd(Decimal(100), "eur", date(2011, 5, 1)) == Decimal("139.20")
    assert usd(Decimal(100), "EUR", date(2031, 1, 1)) == usd(Decimal(100), "EUR")
    assert usd(Decimal("0.05"), "MDL", date(2015, 1, 1)) == Decimal("0.00")
    assert usd(Decimal(100), "XXX") is None


def test_currencies_have_names_and_positive_rates() -> None:
    assert currencies()["SEK"] == "Swedish Krona"
    assert currencies("fr")["SEK"] == "couronne suédoise"
    assert len(currencies()) >= 35
    for code, name in currencies().items():
        assert name != code
        million = usd(Decimal(1_000_000), code)
        assert million is not None
        assert million > 0


def test_every_state_has_a_protocol_status_with_its_source() -> None:
    for code in STATES:
        status = protocol_status(code)
        assert status is not None, code
        assert status.source
        assert status.date
        assert status.since is None or status.party
    assert protocol_status("PR") is None


def test_a_state_of_which_no_later_accession_is_known_keeps_the_paper_s_date() -> None:
    thailand, somalia = protocol_status("TH"), protocol_status("SO")

    assert thailand is not None
    assert (thailand.party, thailand.since) == (True, "2013")
    assert somalia is not None
    assert (somalia.party, somalia.since, somalia.date) == (False, None, "2009-04")
    assert "footnote 3" in somalia.source


def test_every_state_has_a_tile_of_its_own() -> None:
    assert set(tiles()) == set(STATES)
    assert len(set(tiles().values())) == len(tiles())
    assert all(0 <= column < 33 and 0 <= row < 18 for column, row in tiles().values())


@pytest.mark.parametrize(
    ("west", "east"), [("PT", "ES"), ("US", "GB"), ("FR", "DE"), ("NG", "ET"), ("IN", "VN")]
)
def test_tiles_keep_east_and_west(west: str, east: str) -> None:
    assert tiles()[west][0] < tiles()[east][0]


@pytest.mark.parametrize(
    ("north", "south"), [("CA", "US"), ("SE", "DE"), ("UA", "TR"), ("EG", "ZA"), ("CN", "TH")]
)
def test_tiles_keep_north_and_south(north: str, south: str) -> None:
    assert tiles()[north][1] < tiles()[south][1]
