"""The template to download: a workbook in the reader's language."""

import io

import pytest
from python_calamine import load_workbook

from tests.web.conftest import Browser


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Title *"), ("fr", "Titre *"), ("es", "Título *")]
)
async def test_it_is_a_workbook_in_the_readers_language(
    browser: Browser, language: str, title: str
) -> None:
    sent = await browser.get(f"/projects/import/template.xlsx?lang={language}")
    assert sent.status_code == 200
    assert sent.headers["content-type"].endswith("spreadsheetml.sheet")
    assert sent.headers["content-disposition"] == 'attachment; filename="convene-projects.xlsx"'
    header = load_workbook(io.BytesIO(sent.content)).get_sheet_by_name("Projects").to_python()[0]
    assert title in header
