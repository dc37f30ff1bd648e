"""Needs assessments: every row is taken in or refused with a reason, and nothing is lost."""

import io
from datetime import date

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from registry.coordination.needs import (
    NEEDED,
    assessed_needs,
    import_needs,
    need_imports,
    read_needs,
    take_back,
)
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.exchange.source import Source
from registry.history import history_of
from registry.models import AssessedNeed
from registry.permissions import COMMAND_LINE, VISITOR

TODAY = date(2026, 6, 1)
HEADER = "country,measure,need,source,date,url,note\n"
GOOD = "MD,PROT-4,high,GRETA third round,2025-11-03,https://example.org/greta,Two provinces\n"


def a_table(*rows: str, header: str = HEADER, name: str = "needs.csv"):
    return read_needs(Source((header + "".join(rows)).encode(), name), TODAY)


def test_a_row_becomes_a_record() -> None:
    (record,) = a_table(GOOD).records
    assert vars(record) == {
        "country": "MD",
        "measure": "PROT-4",
        "level": "high",
        "source": "GRETA third round",
        "assessed_on": date(2025, 11, 3),
        "url": "https://example.org/greta",
        "note": "Two provinces",
    }


def test_names_are_read_in_three_languages_and_any_order() -> None:
    header = "Fuente;Necesidad;País;Medida;Fecha\n"
    table = a_table("GRETA;alta;Moldavie;prot-4;03/11/2025 \n".replace("/", "."), header=header)
    (record,) = table.records
    assert (record.country, record.measure, record.level) == ("MD", "PROT-4", "high")
    french = a_table(
        "Moldova,Mécanismes nationaux d’orientation,Besoin moyen,GRETA,2025-11-03\n",
        header="pays,mesure,besoin,source,date\n",
    )
    assert [(one.measure, one.level) for one in french.records] == [("PROT-4", "medium")]


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ("Atlantis,PROT-4,high,A,2025-01-01\n", ["country"]),
        ("MD,PROT-99,high,A,2025-01-01\n", ["measure"]),
        ("MD,protection,high,A,2025-01-01\n", ["measure"]),
        ("MD,PROT-4,grave,A,2025-01-01\n", ["need"]),
        ("MD,PROT-4,high,,2025-01-01\n", ["source"]),
        ("MD,PROT-4,high,A,2027-01-01\n", ["date"]),
        ("MD,PROT-4,high,A,30 February 2025\n", ["date"]),
        ("MD,PROT-4,high,A,2025-01-01,ftp://x\n", ["url"]),
        ("MD,PROT-4,high,A,2025-01-01,,call +373 22 123456\n", ["note"]),
        (",,,,,,only a note\n", list(NEEDED)),
    ],
)
def test_a_wrong_row_is_refused_at_its_fields(row: str, fields: list[str]) -> None:
    table = a_table(GOOD, row)
    assert len(table.records) == 1
    (refused,) = table.refused
    assert refused.number == 3
    assert [error.field for error in refused.errors] == fields


def test_what_is_said_twice_in_a_file_is_refused() -> None:
    (refused,) = a_table(GOOD, GOOD.replace("high", "low").replace("GRETA", "greta")).refused
    assert "Row 2 says the same" in str(refused.errors[0])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"country,measure\nMD,PROT-4\n", "no column need, source, date"),
        (HEADER.encode(), "nothing below its header"),
        (b"\x89PNG\r\n\x1a\n...", "a picture"),
        (b'{"country": "MD"}', "is no table"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_whole(content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_needs(Source(content, "needs.csv"), TODAY)


def test_unknown_columns_are_told() -> None:
    table = a_table(GOOD.replace("\n", ",x\n"), header=HEADER.replace("\n", ",colour\n"))
    assert "colour" in str(table.warnings[0])
    assert len(table.records) == 1


def test_a_workbook_is_read_too_whichever_sheet_it_is_on() -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    book.add_worksheet("Notes").write(0, 0, "Read me")
    sheet = book.add_worksheet("Needs")
    sheet.write_row(0, 0, ["Assessments of 2025"])
    sheet.write_row(2, 0, ["country", "measure", "need", "source", "date"])
    sheet.write_row(3, 0, ["KE", "PROT-5", "low", "UNODC"])
    sheet.write_datetime(3, 4, date(2025, 3, 1), book.add_format({"num_format": "dd/mm/yyyy"}))
    sheet.write_row(4, 0, ["KE", "PROT-5", "?", "IOM", "2025-03-01"])
    book.close()
    table = read_needs(Source(file.getvalue(), "needs.xlsx"), TODAY)
    assert [(one.country, one.assessed_on) for one in table.records] == [("KE", date(2025, 3, 1))]
    assert [row.number for row in table.refused] == [5]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["MD", "UA", "Atlantis", ""]),
            st.sampled_from(["PROT-4", "PROS-1", "X", '"a\nb"']),
            st.sampled_from(["high", "none", "?"]),
            st.sampled_from(["A", "B", "=1+1"]),
            st.sampled_from(["2025-01-01", "2030-01-01", "soon"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_row_is_a_record_or_is_refused(rows: list[tuple[str, ...]]) -> None:
    table = a_table(*(",".join(row) + "\n" for row in rows))
    assert len(table.records) + len(table.refused) == len(rows)
    keys = [record.key for record in table.records]
    assert len(set(keys)) == len(keys)


async def level(session, country: str = "MD", measure: str = "PROT-4") -> str | None:
    needs = (await assessed_needs(session)).get((country, measure))
    return needs[0].level if needs else None


async def test_nothing_is_written_when_a_row_is_refused(session) -> None:
    table = a_table(GOOD, "MD,X,high,A,2025-01-01\n")
    with pytest.raises(Invalid):
        await import_needs(session, COMMAND_LINE, table)
    assert not (await session.exec(select(AssessedNeed))).all()
    await import_needs(session, COMMAND_LINE, table, without_refused=True)
    assert await level(session) == "high"
    with pytest.raises(Invalid, match="No row"):
        nothing = a_table("MD,X,high,A,2025-01-01\n")
        await import_needs(session, COMMAND_LINE, nothing, without_refused=True)


async def test_a_later_import_holds_and_can_be_taken_back(session) -> None:
    first = await import_needs(session, COMMAND_LINE, a_table(GOOD))
    second = await import_needs(session, COMMAND_LINE, a_table(GOOD.replace("high", "low")))
    assert await level(session) == "low"
    await take_back(session, COMMAND_LINE, second.id or 0)
    assert await level(session) == "high"
    with pytest.raises(Conflict):
        await take_back(session, COMMAND_LINE, second.id or 0)
    with pytest.raises(NotFound):
        await take_back(session, COMMAND_LINE, 999)
    listed = await need_imports(session)
    assert [(one.id, rows) for one, rows, _ in listed] == [(second.id, 1), (first.id, 1)]
    said = [change.action for change in await history_of(session, "needs", second.id or 0)]
    assert said == ["taken back", "imported"]


async def test_of_several_assessments_the_newest_then_the_gravest_comes_first(session) -> None:
    rows = (
        "MD,PROT-4,low,Older,2024-01-01\n",
        "MD,PROT-4,low,Same day,2025-01-01\n",
        "MD,PROT-4,high,Newest,2025-01-01\n",
    )
    await import_needs(session, COMMAND_LINE, a_table(*rows))
    needs = (await assessed_needs(session, "MD"))["MD", "PROT-4"]
    assert [one.source for one in needs] == ["Newest", "Same day", "Older"]
    assert await assessed_needs(session, "UA") == {}


async def test_only_the_secretariat_imports(session) -> None:
    with pytest.raises(NotAllowed):
        await import_needs(session, VISITOR, a_table(GOOD))
    with pytest.raises(NotAllowed):
        await take_back(session, VISITOR, 1)


async def test_a_later_import_may_write_the_assessment_another_way(session) -> None:
    for level, source in (("high", "ÉVALUATION nationale"), ("low", "Evaluation nationale.")):
        await import_needs(
            session, COMMAND_LINE, a_table(f"MD,PROT-4,{level},{source},2025-01-01\n")
        )
    found = await assessed_needs(session)
    assert [need.level for need in found["MD", "PROT-4"]] == ["low"]


def test_what_is_no_text_and_no_address_is_refused() -> None:
    table = a_table(
        "MD,PROT-4,high,A\0B,2025-01-01,,a\0note\n",
        "MD,PROT-4,high,A,2025-01-01,https://\n",
        "MD,PROT-4,high,A,2025-01-01,https://a b\n",
        "MD,PROT-4,high,A,2025-01-01,javascript:alert(1)\n",
    )
    assert not table.records
    assert [[error.field for error in row.errors] for row in table.refused] == [
        ["source", "note"],
        ["url"],
        ["url"],
        ["url"],
    ]
