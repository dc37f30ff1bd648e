"""Checking a file without a database."""

from pathlib import Path

import pytest

from registry.exchange.validation import Validation, validate_file
from tests.registry.exchange.files import an_activity, an_iati_file, csv_file

ROW = {"title": "Shelters", "reporting_org": "Sida", "identifier": "S-1"}


def checked(folder: Path, name: str, data: bytes) -> Validation:
    file = folder / name
    file.write_bytes(data)
    return validate_file(file)


def test_a_good_table_is_valid(tmp_path: Path) -> None:
    result = checked(tmp_path, "a.csv", csv_file(ROW))
    assert (result.records, result.errors, result.warnings) == (1, [], [])


def test_errors_name_row_field_and_identifier(tmp_path: Path) -> None:
    bad = ROW | {"identifier": "S-2", "budget": "much"}
    (error,) = checked(tmp_path, "a.csv", csv_file(ROW, bad)).errors
    assert {k: error[k] for k in ("file", "row", "identifier", "field")} == {
        "file": "a.csv",
        "row": 3,
        "identifier": "S-2",
        "field": "budget",
    }


def test_two_records_with_one_identifier_are_both_reported(tmp_path: Path) -> None:
    result = checked(tmp_path, "a.csv", csv_file(ROW, ROW | {"title": "Other"}))
    assert [error["row"] for error in result.errors] == [2, 3]


def test_iati_is_checked_against_its_schema(tmp_path: Path) -> None:
    assert checked(tmp_path, "a.xml", an_iati_file(an_activity("X-1"))).errors == []
    wrong = an_iati_file(an_activity("X-1").replace('<activity-status code="2"/>', ""))
    (error,) = checked(tmp_path, "a.xml", wrong).errors
    assert "Against the schema of IATI 2.03" in error["message"]
    assert error["line"] == 3


def test_a_file_that_can_not_be_read_is_an_error_not_a_crash(tmp_path: Path) -> None:
    assert checked(tmp_path, "a.xlsx", b"PK\x03\x04").errors
    assert checked(tmp_path, "a.xml", b"<a/>").errors
    assert validate_file(tmp_path / "none.csv").errors


def test_large_iati_files_are_checked_activity_by_activity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.exchange.validation.LARGEST_WHOLE", 100)
    wrong = an_activity("X-2").replace('<activity-status code="2"/>', "<!-- none -->\n")
    data = an_iati_file(an_activity("X-1"), wrong, an_activity("X-3", title="<"))
    errors = checked(tmp_path, "a.xml", data).errors
    assert [error["line"] for error in errors] == [6, 5]
    assert "not well-formed" in errors[0]["message"]
    assert "activity-date" in errors[1]["message"]


def test_the_same_record_twice_is_no_error(tmp_path: Path) -> None:
    laid_out = an_activity("X-1").replace("><", ">\n<")
    result = checked(tmp_path, "a.xml", an_iati_file(an_activity("X-1"), laid_out))
    assert (result.records, result.errors) == (2, [])
    other = an_activity("X-1", title="Other")
    result = checked(tmp_path, "a.xml", an_iati_file(an_activity("X-1"), laid_out, other))
    assert [error["line"] for error in result.errors] == [3, 4, 22]
