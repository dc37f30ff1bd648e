"""HXL tables of who does what where: read as they are found, written for others to use."""

import csv
import io
from decimal import Decimal

import pytest
import xlsxwriter

from registry.exchange.exporting import Exported, writer_for
from registry.exchange.hxl import column_tagged, tag_of
from registry.exchange.reading import read_file
from registry.exchange.record import COLUMNS, CountryShare, Participant, ProjectRecord
from registry.models import Organisation
from tests.builders import a_record
from tests.registry.exchange.files import rows_in


def record_in(data: str) -> ProjectRecord:
    (row,) = rows_in(data)
    assert row.record is not None, row.errors
    return row.record


def test_a_table_is_read_by_its_hashtags_whatever_language_it_is_in() -> None:
    data = (
        "Qui,Quoi,Où,Province,District,Remarque\n"
        "#org,#activity+fr+name,#country+name,#adm1+name,#adm2+name,#meta+note\n"
        "Sida,Refuges,Moldavie,Orhei,Cahul,x\n"
    )
    (row,) = rows_in(data)
    assert row.record is not None
    assert (row.number, row.record.reporting_org, row.record.title) == (3, "Sida", "Refuges")
    assert [share.code for share in row.record.countries] == ["MD"]
    assert row.record.locations == ["Orhei", "Cahul"]
    assert [warning.field for warning in row.warnings] == ["#meta+note"]
    assert next(iter(read_file(data.encode(), "hxl"))).record == row.record


@pytest.mark.parametrize("above", [0, 3, 23])
def test_the_hashtags_may_stand_anywhere_in_the_first_rows(above: int) -> None:
    data = (
        "Title,Organisation,Status\n" + "A note,,\n" * above + "#activity,#org,#status\nx,Sida,\n"
    )
    assert record_in(data).title == "x"


def test_every_column_has_its_own_hashtag() -> None:
    for column in (*COLUMNS, "title_fr", "description_es"):
        named = column_tagged(tag_of(column))
        assert named is not None, column
        assert (named.column, named.loose) == (column, False)


@pytest.mark.parametrize(
    ("tag", "column"),
    [
        ("#org+prog", "reporting_org"),
        ("# ORG + name+Lead", "reporting_org"),
        ("#org+impl+name", "participating_orgs"),
        ("#country+v_iso2+code", "countries"),
        ("#activity+name+i_fr", "title_fr"),
        ("#value+total+usd", "budget"),
        ("#adm3+pcode", "locations"),
        ("#activity+status", None),
        ("#country+origin", None),
        ("#value+spent", None),
        ("#affected+f", None),
        ("no tag", None),
    ],
)
def test_attributes_in_any_order(tag: str, column: str | None) -> None:
    named = column_tagged(tag)
    assert (named and named.column) == column


def test_who_pays_and_who_implements() -> None:
    record = record_in("#org,#org+funder,#org+impl,#activity\nIOM,Sida,La Strada,x\n")
    assert record.participating_orgs == [
        Participant("funding", "Sida"),
        Participant("implementing", "La Strada"),
    ]


def test_where_only_implementing_organisations_are_named_they_report() -> None:
    assert record_in("#org+impl,#activity\nLa Strada,x\n").reporting_org == "La Strada"


def test_of_names_and_codes_of_one_thing_one_is_read() -> None:
    (row,) = rows_in(
        "#org+acronym,#org+name,#activity,#country+code,#country+name,#adm1+code,#adm1+name\n"
        "IOM,International Organization for Migration,x,MD,Moldavia,MD01,Orhei\n"
    )
    assert row.record is not None
    assert row.record.reporting_org == "International Organization for Migration"
    assert [share.code for share in row.record.countries] == ["MD"]
    assert row.record.locations == ["Orhei"]
    assert row.warnings == []


def test_two_columns_for_what_a_project_has_once() -> None:
    (row,) = rows_in("#org+prog,#org+lead,#activity\nSida,Norad,x\n")
    assert row.record is not None
    assert row.record.reporting_org == "Sida"
    assert "#org+prog was read as the reporting_org" in str(row.warnings[0])


def test_sectors_of_others_are_left_out_and_said_not_refused() -> None:
    (row,) = rows_in("#org,#activity,#sector+cluster\nSida,x,Food Security;Prevention\n")
    assert row.record is not None
    assert row.record.pillars == ["prevention"]
    assert "'Food Security' is not one of the registry's pillars" in str(row.warnings[0])


WHO_WHAT_WHERE = """\
Who,What,Id,Country,Province,Sector,From,To,USD
#org,#activity,#activity+id,#country,#adm1,#sector,#date+start,#date+end,#value+usd
Sida,Shelters,S-1,MD,Orhei,Protection,2025-01-01,2025-12-31,100
Norad,Courses,,UA,Lviv,,2025-03-01,,
Sida,Shelters,S-1,MD,Cahul,Prevention,2025-02-01,2026-12-31,
Sida,Shelters,S-1,UA,Kyiv,Protection,2025-01-01,,
Norad,courses,,MD,,,2025-03-01,,50
Norad,Helpline,,MD,,,,,
"""


def test_the_rows_of_a_project_are_one_project_and_each_is_accounted_for() -> None:
    found = {row.title: row for row in rows_in(WHO_WHAT_WHERE)}
    shelters = found["Shelters"]
    assert shelters.record is not None
    assert [share.code for share in shelters.record.countries] == ["MD", "UA"]
    assert shelters.record.locations == ["Orhei", "Cahul", "Kyiv"]
    assert shelters.record.pillars == ["protection", "prevention"]
    assert str(shelters.record.start_date) == "2025-01-01"
    assert str(shelters.record.end_date) == "2026-12-31"
    assert (shelters.record.budget, shelters.record.currency) == (Decimal(100), "USD")
    assert [str(warning.message) for warning in shelters.warnings] == [
        "Rows 3, 5, 6 are one project.",
        "The rows of the project differ: '2025-01-01' was taken, not '2025-02-01'.",
        "The rows of the project differ: '2026-12-31' was taken, not '2025-12-31'.",
    ]
    courses = found["Courses"]
    assert courses.record is not None
    assert [share.code for share in courses.record.countries] == ["UA", "MD"]
    assert courses.record.budget == Decimal(50)
    assert found["Helpline"].warnings == []
    assert len(found) == 3


def test_what_is_wrong_in_one_row_refuses_the_project_with_all_its_rows() -> None:
    found = rows_in(WHO_WHAT_WHERE.replace("2025-02-01", "soon"))
    refused = next(row for row in found if row.number == 3)
    assert refused.record is None
    assert [error.field for error in refused.errors] == ["start_date"]
    assert "Rows 3, 5, 6" in str(refused.warnings[0])


def test_a_budget_in_several_rows_is_added_up_only_where_it_differs() -> None:
    table = "#org,#activity,#country,#value+eur\nSida,x,MD,{}\nSida,x,UA,{}\nSida,x,RO,{}\n"
    (once,) = rows_in(table.format(100, 100, 100))
    (parts,) = rows_in(table.format(100, 50, ""))
    assert once.record is not None
    assert once.record.budget == Decimal(100)
    assert "not added up" in str(once.warnings[1])
    assert parts.record is not None
    assert parts.record.budget == Decimal(150)
    assert "were added up: 150.00 EUR" in str(parts.warnings[1])


def test_of_several_visibilities_the_most_careful_one_counts() -> None:
    data = "#org,#activity,#country,#meta+visibility\nSida,x,MD,public\nSida,x,UA,restricted\n"
    assert record_in(data).visibility == "restricted"


def test_descriptions_of_several_rows_are_all_kept() -> None:
    data = "#org,#activity,#description\nSida,x,Courses\nSida,x,Courses\nSida,x,Shelters\n"
    assert record_in(data).description == "Courses\n\nShelters"


def test_a_workbook_with_names_merged_over_the_places_of_a_project() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["#org", "#activity", "#country"])
    for column, name in enumerate(["Sida", "x"]):
        sheet.merge_range(1, column, 2, column, name)
    sheet.write_column(1, 2, ["MD", "UA"])
    book.close()
    (row,) = rows_in(buffer.getvalue(), "3w.xlsx")
    assert row.record is not None
    assert len(row.record.countries) == 2


def written(*records: ProjectRecord) -> list[dict[str, str]]:
    """The rows of an export, by their hashtags."""
    writer = writer_for("hxl", ["fr"], restricted=True)
    organisation = Organisation(slug="unodc", name="UNODC", type="un-agency")
    data = writer.begin() + writer.write(Exported(record, organisation) for record in records)
    _header, tags, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    return [dict(zip(tags, row, strict=True)) for row in rows]


def test_an_export_has_a_row_for_each_country_and_sums_that_can_be_added_up() -> None:
    shares = [CountryShare("MD", Decimal(60)), CountryShare("UA", Decimal(40))]
    rows = written(a_record(countries=shares, budget=Decimal(1000), currency="USD"))
    assert [row["#country+code"] for row in rows] == ["MD", "UA"]
    assert [row["#country+name"] for row in rows] == ["Moldova", "Ukraine"]
    assert [row["#value+usd"] for row in rows] == ["600", "400"]
    assert [row["#value+budget"] for row in rows] == ["1000", ""]
    assert (
        len({(row["#org+name"], row["#activity+id"], row["#activity+name"]) for row in rows}) == 1
    )


def test_an_export_has_a_row_for_each_place_in_a_country() -> None:
    rows = written(a_record(country="MD", locations=["Orhei", "Cahul; north"]), a_record())
    assert [row["#country+code"] for row in rows] == ["MD", "MD", "MD"]
    assert [row["#adm1+name"] for row in rows] == ["Orhei", '"Cahul; north"', ""]


def test_places_in_several_countries_have_rows_of_their_own() -> None:
    countries = [CountryShare("MD"), CountryShare("UA")]
    rows = written(a_record(countries=countries, locations=["Orhei"]))
    pairs = [(row["#country+code"], row["#adm1+name"]) for row in rows]
    assert pairs == [("MD", ""), ("UA", ""), ("", "Orhei")]
