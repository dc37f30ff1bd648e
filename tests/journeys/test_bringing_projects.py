"""A donor brings an IATI file by page, and mends what was refused, as the help says."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.journeys.conftest import check_accessibility, sign_in

REFERRAL = "Teams of the districts refer victims of human trafficking"
ABROAD = "Information for young people who look for work abroad"
ROADS = "Rural roads in the south"
POLICE = "A police unit against trafficking in persons"


@pytest.fixture
def prefix(page: Page) -> str:
    """Identifiers of this width, so that the two do not meet."""
    assert page.viewport_size is not None
    return f"SE-0-J{page.viewport_size['width']}"


def test_bring_look_apply_mend(page: Page, prefix: str) -> None:
    """From the help to the form, from the plan to the registry, and what was refused after it."""
    sign_in(page, "donor@example.org")
    read_the_help(page)
    upload(page, iati(prefix))
    take_in_what_was_left_out(page)
    apply(page, "Apply: create 2 projects")
    mended = mend(download_the_refused(page))
    page.goto("/projects/import")
    upload(page, mended)
    apply(page, "Apply: create 1 project")
    page.get_by_role("link", name=POLICE).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(POLICE)
    expect(page.get_by_role("main")).to_contain_text(f"{prefix}-4")


def read_the_help(page: Page) -> None:
    """Find the page among the topics; its pictures are there, and the form is a link away."""
    page.goto("/help")
    page.get_by_role("main").get_by_role("link", name="Bring your projects").click()
    for picture in page.locator("figure img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    check_accessibility(page)
    page.get_by_role("main").get_by_role("link", name="Import a file").click()


def upload(page: Page, file: FilePayload) -> None:
    """Choose a file and ask what would happen."""
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Show what would happen").click()


def take_in_what_was_left_out(page: Page) -> None:
    """Overrule the registry about one activity; the reason it gave stands beside it."""
    left_out = page.locator("#not_relevant")
    left_out.locator("summary").click()
    row = left_out.get_by_role("row").filter(has_text=ABROAD)
    expect(row).to_contain_text("recruitment agencies")
    expect(left_out.get_by_role("row").filter(has_text=ROADS)).to_contain_text("Nothing in title")
    check_accessibility(page)
    row.get_by_role("button", name="It does concern trafficking: take it in").click()
    expect(page.locator("#created")).to_contain_text(ABROAD)
    expect(page.locator("#created")).to_contain_text(REFERRAL)
    expect(page.locator("#not_relevant")).not_to_contain_text(ABROAD)


def apply(page: Page, button: str) -> None:
    """Apply the plan, which says on its button what it does."""
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("main")).to_contain_text("The file is imported.")


def download_the_refused(page: Page) -> str:
    """Take the table of what was refused home."""
    with page.expect_download() as coming:
        page.locator("#refused").get_by_role("link", name="CSV").click()
    return Path(coming.value.path()).read_text(encoding="utf-8-sig")


def mend(table: str) -> FilePayload:
    """Write the title that was missing, as somebody would in a spreadsheet."""
    (row,) = csv.DictReader(StringIO(table))
    assert "title is missing" in row["what is wrong"]
    row["title"] = POLICE
    text = StringIO()
    writer = csv.DictWriter(text, list(row), delimiter=";")
    writer.writeheader()
    writer.writerow(row)
    return {"name": "refused.csv", "mimeType": "text/csv", "buffer": text.getvalue().encode()}


def iati(prefix: str) -> FilePayload:
    """Write a file as a donor publishes it: mostly about other things, one activity incomplete."""
    content = "".join(activities(prefix))
    text = f'<?xml version="1.0"?><iati-activities version="2.03">{content}</iati-activities>'
    return {"name": "activities.xml", "mimeType": "text/xml", "buffer": text.encode()}


def activities(prefix: str) -> Iterator[str]:
    """Yield the activities of the file."""
    told = {
        REFERRAL: "Social assistants and police learn how to recognise a trafficked person.",
        ABROAD: "Advice on contracts, recruitment agencies and the rights of migrant workers.",
        ROADS: "Repair of 140 km of roads between villages and markets.",
        "": "Training and equipment for investigators of trafficking in persons.",
    }
    for number, (title, description) in enumerate(told.items(), 1):
        narrative = f"<title><narrative>{title}</narrative></title>" if title else ""
        yield (
            f"<iati-activity><iati-identifier>{prefix}-{number}</iati-identifier>"
            '<reporting-org ref="SE-0" type="10"><narrative>Sida</narrative></reporting-org>'
            f"{narrative}<description><narrative>{description}</narrative></description>"
            '<activity-status code="2"/><activity-date type="1" iso-date="2026-01-01"/>'
            '<recipient-country code="MD"/><sector vocabulary="1" code="15190"/></iati-activity>'
        )
