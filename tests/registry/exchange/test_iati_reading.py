"""IATI activity files, new and old."""

import dataclasses
from datetime import date
from decimal import Decimal

import pytest

from registry.errors import Invalid
from registry.exchange.reading import read_file
from registry.exchange.record import CountryShare, Participant, ProjectRecord, Related
from registry.exchange.source import LateRow, Row
from tests.registry.exchange.files import an_activity, an_iati_file, csv_file, rows_in

FULL = """<iati-activity xml:lang="fr" default-currency="EUR" hierarchy="1">
<iati-identifier> BE-1-7 </iati-identifier>
<reporting-org ref="BE-1" type="10"><narrative>Coopération belge</narrative>
  <narrative xml:lang="en">Belgian Cooperation</narrative></reporting-org>
<title><narrative>Refuges</narrative><narrative xml:lang="en">Shelters</narrative></title>
<description type="1"><narrative>Deux refuges.</narrative></description>
<description type="2"><narrative>Objectifs.</narrative></description>
<participating-org role="1" ref="BE-1"/>
<participating-org role="4"><narrative>La Strada</narrative></participating-org>
<activity-status code="2"/>
<activity-date type="1" iso-date="2024-12-01"/><activity-date type="2" iso-date="2025-01-15"/>
<activity-date type="3" iso-date="2026-12-31"/>
<contact-info><person-name><narrative>Bureau</narrative></person-name><email>a@example.org</email>
</contact-info>
<recipient-country code="MD" percentage="60"/>
<recipient-region code="89" percentage="40"/>
<location><name><narrative>Chisinau</narrative></name></location>
<sector vocabulary="1" code="15160"/>
<tag vocabulary="3" code="8.7"/>
<tag vocabulary="99" vocabulary-uri="https://convene.example/codelists#pillars" code="protection"/>
<tag vocabulary="99" vocabulary-uri="https://convene.example/codelists#measures" code="PROT-9"/>
<policy-marker code="1" significance="2"/>
<budget><period-start iso-date="2025-01-01"/><period-end iso-date="2025-12-31"/>
  <value value-date="2025-01-01">1000</value></budget>
<budget type="2"><period-start iso-date="2025-01-01"/><period-end iso-date="2025-12-31"/>
  <value value-date="2025-01-01">1500</value></budget>
<budget><period-start iso-date="2026-01-01"/><period-end iso-date="2026-12-31"/>
  <value value-date="2026-01-01">500</value></budget>
<document-link url="https://example.org/p" format="text/html">
  <title><narrative>x</narrative></title>
  <category code="A12"/></document-link>
<related-activity ref="BE-1-1" type="1"/>
</iati-activity>"""


def read(*activities: str, version: str = "2.03") -> list[Row]:
    return list(read_file(an_iati_file(*activities, version=version), filename="a.xml"))


def record_of(activity: str, version: str = "2.03") -> ProjectRecord:
    (row,) = read(activity, version=version)
    assert row.record is not None, [str(error) for error in row.errors]
    return row.record


def test_everything_that_a_record_can_hold() -> None:
    record = record_of(FULL)
    assert (record.identifier, record.language) == ("BE-1-7", "fr")
    assert record.reporting_org == "Coopération belge"
    assert record.titles == {"fr": "Refuges", "en": "Shelters"}
    assert record.descriptions == {"fr": "Deux refuges."}
    assert record.participating_orgs == [
        Participant("funding", "BE-1"),
        Participant("implementing", "La Strada"),
    ]
    assert record.status == "implementation"
    assert (record.start_date, record.end_date) == (date(2025, 1, 15), date(2026, 12, 31))
    assert record.countries == [CountryShare("MD", Decimal(60))]
    assert record.regions == ["150"]
    assert record.locations == ["Chisinau"]
    assert record.pillars == ["protection"]
    assert (record.budget, record.currency) == (Decimal(2000), "EUR")
    assert record.url == "https://example.org/p"
    assert (record.contact_name, record.contact_email) == ("Bureau", "a@example.org")
    assert record.related == [Related("parent", "BE-1-1")]


def test_the_rest_is_kept_as_it_was_and_the_codes_tell_the_subject() -> None:
    (row,) = read(FULL)
    assert row.record is not None
    elements = row.record.source["iati"]["elements"]
    assert elements["policy-marker"] == ['<policy-marker code="1" significance="2"/>']
    assert len(elements["budget"]) == 3
    assert elements["description"] == [
        '<description type="2"><narrative>Objectifs.</narrative></description>'
    ]
    assert row.sectors == (("1", "15160"),)
    assert row.tags == ("8.7",)
    assert "Objectifs." in row.texts
    assert [(w.field, "PROT-9" in str(w)) for w in row.warnings] == [("measures", True)]


def test_a_file_of_version_1() -> None:
    record = record_of(
        """<iati-activity xml:lang="en" default-currency="GBP">
        <reporting-org ref="GB-1" type="10">DFID</reporting-org>
        <participating-org role="Funding">UK</participating-org>
        <iati-identifier>GB-1-2</iati-identifier><title>Relief</title>
        <title xml:lang="fr">Secours</title><description>Words.</description>
        <activity-date type="start-actual" iso-date="2009-10-16">2009-10-16</activity-date>
        <activity-date type="end-planned" iso-date="2010-12-31"/>
        <activity-status code="4">Post-completion</activity-status>
        <recipient-country code="PH">Philippines</recipient-country>
        <activity-website>http://example.org/2</activity-website>
        <transaction><value value-date="2009-10-09">250000</value>
          <transaction-type code="C">Commitment</transaction-type></transaction>
        <transaction><value currency="USD" value-date="2009-10-09">10</value>
          <transaction-type code="C"/></transaction>
        <transaction><value>99</value><transaction-type code="D"/></transaction>
        </iati-activity>""",
        version="1.02",
    )
    assert record.titles == {"en": "Relief", "fr": "Secours"}
    assert record.participating_orgs == [Participant("funding", "UK")]
    assert (record.start_date, record.end_date) == (date(2009, 10, 16), date(2010, 12, 31))
    assert record.status == "closed"
    assert (record.budget, record.currency) == (Decimal(250000), "GBP")
    assert record.url == "http://example.org/2"
    kept = record.source["iati"]["elements"]
    assert kept["transaction"][0] == (
        '<transaction><transaction-type code="2"/><transaction-date iso-date="2009-10-09"/>'
        '<value value-date="2009-10-09">250000</value></transaction>'
    )


def test_what_is_wrong_but_not_essential_is_left_out_with_a_warning() -> None:
    more = (
        '<recipient-country code="XX"/><recipient-country code="UA" percentage="1000"/>'
        '<budget><value currency="???">5</value></budget>'
    )
    (row,) = read(an_activity("X-1", more=more))
    assert row.record is not None
    assert {w.field for w in row.warnings} == {"countries", "currency"}
    assert [share.code for share in row.record.countries] == ["MD", "UA"]


def test_an_activity_without_title_is_refused_alone() -> None:
    found = read(an_activity("X-1"), an_activity("X-2", title=" "), an_activity("X-3"))
    assert [[e.field for e in row.errors] for row in found] == [[], ["title"], []]


def test_a_refused_activity_comes_back_with_all_that_was_read_of_it() -> None:
    untitled = FULL.replace("Refuges", "").replace("Shelters", "").replace("89", "?")
    (row,) = read(untitled)
    assert row.record is None
    assert [error.field for error in row.errors] == ["title"]
    assert [warning.field for warning in row.warnings] == ["regions", "measures"]
    assert row.raw == {
        "identifier": "BE-1-7",
        "iati_identifier": "BE-1-7",
        "reporting_org": "Coopération belge",
        "reporting_org_type": "government-donor",
        "title": "",
        "description": "Deux refuges.",
        "language": "fr",
        "status": "implementation",
        "start_date": "2025-01-15",
        "end_date": "2026-12-31",
        "countries": "MD:60",
        "locations": "Chisinau",
        "pillars": "protection",
        "budget": "2000",
        "currency": "EUR",
        "participating_orgs": "funding=BE-1;implementing=La Strada",
        "related": "parent=BE-1-1",
        "url": "https://example.org/p",
        "contact_name": "Bureau",
        "contact_email": "a@example.org",
        "regions": "",
    } | dict.fromkeys(
        ("measures", "activity_types", "target_groups", "exploitation_forms", "mandates"), ""
    )
    (mended,) = rows_in(csv_file({n: str(v) for n, v in row.raw.items()} | {"title": "Refuges"}))
    assert mended.record is not None
    assert dataclasses.replace(mended.record, source={}) == dataclasses.replace(
        record_of(FULL),
        titles={"fr": "Refuges"},
        regions=[],
        source={},
    )


@pytest.mark.parametrize(
    ("title", "org", "identifier"),
    [("x" * 2001, "Sida", "X-1"), ("Title", "x" * 301, "X-1"), ("Title", "Sida", "x" * 301)],
)
def test_what_is_too_long_comes_back_in_the_words_of_the_file(
    title: str, org: str, identifier: str
) -> None:
    french = '<narrative xml:lang="fr">Un projet</narrative></title>'
    (row,) = read(an_activity(identifier, title, org=org).replace("</title>", french))
    assert [row.raw[name] for name in ("title", "reporting_org", "identifier")] == [
        title,
        org,
        identifier,
    ]
    assert (row.raw["language"], row.raw["title_fr"]) == ("en", "Un projet")
    assert row.raw["countries"] == "MD"
    assert row.warnings == []


def test_what_the_registry_wrote_itself_comes_back_with_a_refused_activity() -> None:
    own = '<c:field xmlns:c="https://convene.example/ns/record" name="{}">{}</c:field>'
    more = own.format("visibility", '"restricted"') + own.format("regions", '["150", "142"]')
    (row,) = read(an_activity("X-1", "", more=more + own.format("source", '{"a": 1}')))
    assert (row.raw["visibility"], row.raw["regions"]) == ("restricted", "150;142")
    assert "source" not in row.raw


def test_an_activity_without_identifier_is_read_with_a_warning() -> None:
    (row,) = read(an_activity(" "))
    assert row.record is not None
    assert row.record.identifier is None
    assert [w.field for w in row.warnings] == ["identifier"]


def test_what_is_not_well_formed_is_refused_alone_with_its_line() -> None:
    found = read(
        an_activity("X-1"), an_activity("X-2", title="a & b"), an_activity("X-3"),
        an_activity("X-4", title="&nbsp;"), an_activity("X-5"),
    )  # fmt: skip
    assert [row.identifier for row in found] == ["X-1", "X-2", "X-3", "X-4", "X-5"]
    assert [row.record is None for row in found] == [False, True, False, True, False]
    assert [row.number for row in found] == [3, 4, 5, 6, 7]
    assert "line 4" in str(found[1].errors[0])


def test_lines_are_right_in_long_files() -> None:
    (row,) = read("\n" * 70_000 + an_activity("X-1"))
    assert row.number == 70_003


def test_a_file_that_was_cut_is_refused_whole() -> None:
    data = an_iati_file(an_activity("X-1"), an_activity("X-2"))
    with pytest.raises(Invalid, match="cut"):
        list(read_file(data[:-80]))


@pytest.mark.parametrize(
    "declaration",
    ['<!ENTITY a "b">', '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % p "x">'],
)
def test_entities_are_refused(declaration: str) -> None:
    data = an_iati_file(an_activity("X-1", title="&a;")).replace(
        b"<iati-activities", f"<!DOCTYPE x [{declaration}]><iati-activities".encode(), 1
    )
    with pytest.raises(Invalid, match="entities"):
        list(read_file(data))


@pytest.mark.parametrize(
    "text", ["<iati-organisations/>", "<html><body/></html>", "<iati-activities/>", "<a", "<a/>"]
)
def test_other_xml_is_refused_with_what_it_should_be(text: str) -> None:
    with pytest.raises(Invalid):
        list(read_file(text.encode()))


def test_utf_16_and_latin_1() -> None:
    text = an_iati_file(an_activity("X-1", title="Forêt")).decode()
    for encoding in ("utf-16", "iso-8859-1"):
        data = text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"', 1)
        (row,) = read_file(data.encode(encoding))
        assert row.title == "Forêt"


def test_an_activity_is_recognised_before_it_is_a_record() -> None:
    more = (
        '<other-identifier ref="SE-OLD-1" type="A3"/><other-identifier ref="7" type="A1"/>'
        '<transaction><transaction-type code="2"/><value>5</value><sector code="15160"/>'
        '<sector vocabulary="2" code="151"/></transaction>'
    )
    (row,) = read(an_activity("X-1", "Shelters", org="Sida", ref="SE-0", more=more))
    assert isinstance(row, LateRow)
    assert (row.identifier, row.title, row.organisation) == ("X-1", "Shelters", "Sida")
    assert (row.organisation_ref, row.organisation_keys) == ("SE-0", ("SE-0", "Sida"))
    assert row.texts == ("Shelters", "What is done.")
    assert row.sectors == (("1", "15160"), ("2", "151"))
    assert row.former_identifiers == ("SE-OLD-1",)
    assert (row.coded, row.given) == (False, frozenset())
    assert row.record is not None and "budget" in row.given
    assert row.record is row.record


def test_warnings_of_what_is_not_essential_come_with_the_record() -> None:
    (row,) = read(an_activity("X-1", more='<activity-date type="3" iso-date="soon"/>'))
    assert row.warnings == []
    assert row.record is not None
    assert [warning.field for warning in row.warnings] == ["end_date"]


@pytest.mark.parametrize(
    ("title", "org", "identifier", "wrong"),
    [
        ("", "Sida", "X-1", ["title"]),
        ("x" * 2001, "Sida", "X-1", ["title"]),
        ("Title", "", "X-1", ["reporting_org"]),
        ("Title", "x" * 301, "X-1", ["reporting_org"]),
        ("Title", "Sida", "x" * 301, ["identifier"]),
        ("\x7f", "Sida", "X-1", ["title"]),
        ("Title", "\x7f", "X-1", ["reporting_org"]),
        ("Title", "Sida", "\x7f", []),
        ("Title\n in two lines", "Sida", "X-1", []),
    ],
)
def test_what_is_essential_is_known_at_once(
    title: str, org: str, identifier: str, wrong: list[str]
) -> None:
    (row,) = read(an_activity(identifier, title, org=org, ref=""))
    assert [error.field for error in row.errors] == wrong
    assert (row.record is None) == bool(wrong)


def test_one_wrong_value_of_a_list_is_left_out_alone() -> None:
    more = (
        "<location><name><narrative>Orhei</narrative></name></location>"
        f"<location><name><narrative>{'x' * 2001}</narrative></name></location>"
        '<recipient-country code="UA" percentage="lots"/><related-activity ref="X-2" type="1"/>'
        f'<related-activity ref="{"x" * 301}" type="1"/><related-activity ref="X-3" type="9"/>'
    )
    (row,) = read(an_activity("X-1", more=more))
    assert row.record is not None
    assert row.record.locations == ["Orhei"]
    assert [country.code for country in row.record.countries] == ["MD", "UA"]
    assert row.record.related == [Related("parent", "X-2")]
    assert [w.field for w in row.warnings] == ["countries", "locations", "related"]


def test_a_language_that_is_none_is_that_of_the_activity() -> None:
    texts = '<title><narrative xml:lang="fr_CA">Un</narrative><narrative xml:lang="English">'
    activity = an_activity("X-1").replace("<title><narrative>", texts)
    record = record_of(activity)
    assert record.titles == {"fr-ca": "Un", "en": "A project"}
    record = record_of(activity.replace('xml:lang="en"', 'xml:lang="es"', 1))
    assert (record.language, record.titles) == ("es", {"fr-ca": "Un", "es": "A project"})


def test_the_language_is_one_that_there_is_a_title_in() -> None:
    activity = (
        an_activity("X-1", description="Ce qu'on fait.")
        .replace('xml:lang="en"', 'xml:lang="fr"', 1)
        .replace("<title><narrative>", '<title><narrative xml:lang="es">')
    )
    record = record_of(activity)
    assert (record.language, record.titles) == ("es", {"es": "A project"})
    assert record.descriptions == {"fr": "Ce qu'on fait."}


def money(*elements: str) -> tuple[Decimal | None, str | None, list[str]]:
    (row,) = read(an_activity("X-1", more="".join(elements)))
    assert row.record is not None
    warnings = [str(warning.message) for warning in row.warnings]
    return row.record.budget, row.record.currency, warnings


def a_transaction(kind: str, value: str, currency: str = "USD") -> str:
    return (
        f'<transaction><transaction-type code="{kind}"/>'
        f'<value currency="{currency}">{value}</value></transaction>'
    )


PLANNED = "<planned-disbursement><value>70</value></planned-disbursement>"


@pytest.mark.parametrize(
    ("elements", "budget"),
    [
        ([a_transaction("2", "10"), a_transaction("2", "5"), a_transaction("3", "9")], 15),
        ([a_transaction("3", "9"), a_transaction("4", "1"), PLANNED], 10),
        ([PLANNED, a_transaction("1", "8")], 70),
        ([a_transaction("11", "8"), a_transaction("1", "7")], 8),
        ([a_transaction("1", "7")], 7),
        ([a_transaction("2", "-10"), a_transaction("3", "9")], 9),
        ([a_transaction("2", "much"), a_transaction("5", "9")], None),
        (["<budget><value>0</value></budget>", a_transaction("2", "1,500.50")], Decimal("1500.50")),
    ],
)
def test_without_budgets_the_budget_is_what_transactions_say(
    elements: list[str], budget: int | Decimal | None
) -> None:
    assert money(*elements)[0] == budget


def test_of_several_currencies_that_of_the_activity_counts_and_the_others_are_named() -> None:
    budget, currency, (warning,) = money(a_transaction("2", "10"), a_transaction("2", "99", "EUR"))
    assert (budget, currency) == (10, "USD")
    assert "EUR 99" in warning
    assert money(a_transaction("2", "10", "SEK"), a_transaction("2", "9", "EUR"))[:2] == (10, "SEK")


def test_many_activities_in_one_line_are_many_rows() -> None:
    one_line = "".join(an_activity(f"X-{n}") for n in range(3)).replace("\n", "")
    assert [(row.index, row.number) for row in read(one_line)] == [(1, 3), (2, 3), (3, 3)]
