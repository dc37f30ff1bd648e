"""Workbooks of figures."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from registry import codelists
from web.workbook import Book


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_country_can_be_the_name_of_a_sheet(language: str) -> None:
    book = Book()
    for code in codelists.countries():
        book.sheet(f"{code} {codelists.country_name(code, language)}", [("Figure", 10)], [[1]])

    with ZipFile(BytesIO(book.content())) as file:
        names = file.read("xl/workbook.xml").decode()
    assert names.count("<sheet ") == len(codelists.countries())
