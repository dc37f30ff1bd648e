"""Offers on the pages: seen by those whom they concern, doubled by nobody unawares."""

import io
import re
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from httpx import Response
from python_calamine import load_workbook
from sqlmodel import select

from registry.exchange.exporting import MEDIA_TYPES
from registry.models import AssistanceOffer, AssistanceRequest, RequestNotice, now
from registry.offer_record import OfferRecord
from registry.offers import Seen, make_offer
from registry.permissions import COMMAND_LINE
from registry.requests import RequestRecord, close_request, file_request
from tests.builders import acting, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.post_office import open_post_office
from web.mail.request_notices import NoticeSender

PATH = "/requests/1/offer"
FORM = {
    "text": "Two trainers for a year.",
    "measures": ["PROS-2"],
    "places": "Soroca\r\nCahul",
    "starts_on": "2027-01-01",
    "ends_on": "2027-12-31",
    "amount": "250 000",
    "currency": "USD",
    "language": "en",
    "version": "1",
    "offers": "0",
}


@pytest.fixture
async def asked(browser: Browser) -> Browser:
    """A registry with a request of Moldova, and accounts of its authority and of two agencies."""
    async with browser.database.session() as session:
        record = RequestRecord("MD", "Bench book", "For all courts.", ["PROS-2", "PROT-4"], "soon")
        await file_request(session, COMMAND_LINE, record)
        state = {"type": "national-authority", "home_country": "MD"}
        for name, values in (("Ministry", state), ("UNODC", {}), ("IOM", {})):
            owner = await an_organisation(session, name, **values)
            await an_account(session, "member", owner, f"{name.lower()}@example.org")
        await an_account(session, "secretariat", email="secretariat@example.org")
    return browser


async def offered_by_unodc(browser: Browser, measures: list[str]) -> None:
    async with browser.database.session() as session:
        owner = await an_organisation(session, "UNODC")
        actor = acting(await an_account(session, "member", owner))
        request = await session.get_one(AssistanceRequest, 1)
        record = OfferRecord("Courses.", measures, date(2027, 1, 1), date(2027, 6, 30))
        await make_offer(session, actor, 1, record, Seen(request.version, request.offers_version))


async def act(browser: Browser, path: str, data: dict[str, object]) -> Response:
    token = {"_csrf_token": browser.cookies["convene_csrf"]}
    return await browser.post(path, data=token | data)


async def test_an_authority_files_for_its_state_and_accepts_an_offer(asked: Browser) -> None:
    await asked.come_in_as("ministry@example.org")
    form = await asked.get("/requests/new")
    assert re.findall(r'<option value="([A-Z]{2})"', form.text) == ["MD"]
    typed = {"title": "Shelters", "text": "Two.", "language": "en", "measures": ["PROT-2"]}
    typed |= {"urgency": "soon"}
    other = await act(asked, "/requests/new", typed | {"country": "KE"})
    assert other.status_code == 403
    filed = await act(asked, "/requests/new", typed | {"country": "MD"})
    assert filed.url.path == "/requests/2"
    await offered_by_unodc(asked, ["PROS-2"])
    page = await asked.get("/requests/1")
    assert "Accept the offer" in page.text
    assert "Offer assistance" not in page.text
    refused = await act(asked, "/requests/1/offers/1/answer", {"own": "1", "action": "decline"})
    assert refused.status_code == 422
    assert 'href="#field-answer-1"' in refused.text
    accepted = await act(asked, "/requests/1/offers/1/answer", {"own": "1", "action": "accept"})
    assert "The offer is accepted" in text_of(accepted)
    assert "Offer accepted" in text_of(accepted)
    late = await act(
        asked, "/requests/1/offers/1/answer", {"own": "1", "action": "decline", "answer-1": "No."}
    )
    assert late.status_code == 409


async def test_somebody_offers_while_the_form_is_open(asked: Browser) -> None:
    await asked.come_in_as("iom@example.org")
    opened = await asked.get(PATH)
    assert "Nobody else has offered anything" in text_of(opened)
    await offered_by_unodc(asked, ["PROS-2"])

    told = await act(asked, PATH, FORM)

    assert told.status_code == 409
    assert "Both would do: PROS-2, in Soroca, Cahul" in text_of(told)
    assert "Two trainers for a year." in told.text
    assert 'name="offers" value="1"' in told.text
    async with asked.database.session() as session:
        assert len((await session.exec(select(AssistanceOffer))).all()) == 1
    again = await act(asked, PATH, FORM | {"offers": "1"})
    assert again.status_code == 422
    assert "This is offered already by UNODC" in text_of(again)
    reason = {"offers": "1", "reason": "Theirs is for judges."}
    made = await act(asked, PATH, FORM | reason)
    assert made.url.path == "/requests/1"
    assert "Theirs is for judges." in text_of(made)


async def test_what_nobody_offers_is_ticked_and_one_can_join(asked: Browser) -> None:
    await offered_by_unodc(asked, ["PROS-2"])
    await asked.come_in_as("iom@example.org")
    form = await asked.get(PATH)
    assert 'value="PROT-4" checked' in form.text
    assert 'value="PROS-2" checked' not in form.text
    assert "offered by UNODC" in text_of(form)
    seen = {"version": "1", "offers": "1"}
    empty = await act(asked, "/requests/1/offers/1/join", seen)
    assert empty.status_code == 422
    joined = await act(asked, "/requests/1/offers/1/join", seen | {"joining-1": "The venue."})
    assert "IOM takes part: The venue." in text_of(joined)
    left = await act(asked, "/requests/1/offers/1/leave", {})
    assert "The venue." not in text_of(left)


async def test_what_is_wrong_is_told_and_nothing_typed_is_lost(asked: Browser) -> None:
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    wrong = {"starts_on": "next year", "amount": "much", "measures": []}
    page = await act(asked, PATH, FORM | wrong)
    assert page.status_code == 422
    assert "Measures: Choose at least one measure." in text_of(page)
    ambiguous = await act(asked, PATH, FORM | {"amount": "250.000"})
    assert "can be thousands or a fraction" in text_of(ambiguous)
    for written in ("Two trainers for a year.", 'value="next year"', 'value="much"'):
        assert written in page.text
    assert {"#field-starts_on", "#field-amount"} <= set(re.findall(r'href="(#[^"]+)"', page.text))
    page = await act(asked, PATH, FORM | {"measures": []})
    assert "Choose at least one measure." in text_of(page)


async def test_an_offer_is_changed_and_taken_back(asked: Browser) -> None:
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    await act(asked, PATH, FORM)
    edit = "/requests/1/offers/1/edit"
    assert "Soroca\nCahul" in (await asked.get(edit)).text
    changed = await act(asked, edit, FORM | {"offers": "1", "own": "1", "places": "Cahul"})
    assert "Cahul" in text_of(changed)
    assert "Soroca" not in text_of(changed)
    back = {"own": "2", "action": "take back", "answer-1": "Our donor withdrew."}
    taken = await act(asked, "/requests/1/offers/1/answer", back)
    assert "Our donor withdrew." in text_of(taken)
    assert (await asked.get(edit)).status_code == 409


async def test_visitors_see_how_many_and_nothing_else(asked: Browser) -> None:
    await offered_by_unodc(asked, ["PROS-2"])
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    mine = {"offers": "1", "measures": ["PROT-4"], "text": "Quillwort"}
    assert (await act(asked, PATH, FORM | mine)).url.path == "/requests/1"
    assert "Quillwort" in (await asked.get("/requests.csv")).text
    assert len((await asked.get("/api/v1/requests/1")).json()["offers"]) == 2
    asked.cookies.clear()
    page = await asked.get("/requests/1")
    assert "2 offers stand." in text_of(page)
    assert "2 offers" in text_of(await asked.get("/requests"))
    document = (await asked.get("/api/v1/requests?state=offered")).json()
    assert (document["total"], document["requests"][0]["offer_count"]) == (1, 2)
    assert document["requests"][0]["offers"] == []
    for path in ("/requests/1", "/requests.csv", "/api/v1/requests", "/requests"):
        assert "Quillwort" not in (await asked.get(path)).text
    for action in ("offer", "offers/1/join", "offers/1/leave", "offers/1/answer", "offers/1/edit"):
        assert (await act(asked, f"/requests/1/{action}", FORM)).status_code == 403, action
    for path in (PATH, "/requests/1/offers/1/edit", "/requests/board"):
        assert (await asked.get(path)).url.path == "/sign-in"


async def test_the_board_is_for_who_facilitates(asked: Browser) -> None:
    await offered_by_unodc(asked, ["PROS-2"])
    await asked.come_in_as("secretariat@example.org")
    board = await asked.get("/requests/board")
    assert "Offered 1" in text_of(board)
    assert "UNODC" in text_of(board)
    assert "No request is like this." in text_of(await asked.get("/requests/board?region=002"))
    await asked.come_in_as("iom@example.org")
    assert (await asked.get("/requests/board")).status_code == 403


async def test_workbooks_have_what_the_reader_may_see_and_run_nothing(asked: Browser) -> None:
    await offered_by_unodc(asked, ["PROS-2"])
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    mine = {"offers": "1", "measures": ["PROT-4"], "text": "=HYPERLINK(1)", "amount": "1200"}
    assert (await act(asked, PATH, FORM | mine)).url.path == "/requests/1"
    books = {}
    for who, path in (
        ("iom", "/requests.xlsx?country=MD"),
        ("secretariat", "/requests/board.xlsx?urgency=soon"),
        ("", "/requests.xlsx"),
    ):
        asked.cookies.clear()
        if who:
            await asked.come_in_as(f"{who}@example.org")
        answer = await asked.get(path)
        assert answer.headers["content-type"] == MEDIA_TYPES["xlsx"]
        books[who] = load_workbook(io.BytesIO(answer.content))
        with ZipFile(io.BytesIO(answer.content)) as parts:
            sheets = [parts.read(name) for name in parts.namelist() if "worksheets/" in name]
        assert not any(b"<f>" in sheet for sheet in sheets)
    for who, book in books.items():
        head, row = book.get_sheet_by_name("Requests").to_python()
        line = dict(zip(head, row, strict=True))
        assert (line["Request"], line["Code"], line["Offers that stand"]) == (1, "MD", 2)
        assert line["Filed on"] == now().date()
        assert ("Offers" in book.sheet_names) is bool(who), "visitors learn how many, no more"
    for who in ("iom", "secretariat"):
        head, *rows = books[who].get_sheet_by_name("Offers").to_python()
        offers = [dict(zip(head, row, strict=True)) for row in rows]
        assert [one["Offered by"] for one in offers] == ["UNODC", "IOM"]
        assert offers[1]["What is offered"].endswith("=HYPERLINK(1)")
        assert (offers[1]["Amount"], offers[1]["Currency"]) == (1200, "USD")
    query = dict(row[:2] for row in books["iom"].get_sheet_by_name("Query").to_python())
    assert query["Filters"] == "Moldova"
    assert query["Address"].endswith("/requests?country=MD")
    await asked.come_in_as("iom@example.org")
    assert (await asked.get("/requests/board.xlsx")).status_code == 403
    assert 'href="/requests.xlsx?country=MD"' in (await asked.get("/requests?country=MD")).text
    await asked.come_in_as("secretariat@example.org")
    board = (await asked.get("/requests/board?urgency=soon")).text
    assert 'href="/requests/board.xlsx?urgency=soon"' in board


async def test_notices_are_sent_once_to_those_concerned(asked: Browser, tmp_path: Path) -> None:
    async with asked.database.session() as session:
        for notice in await session.exec(select(RequestNotice)):
            await session.delete(notice)
    await offered_by_unodc(asked, ["PROS-2"])
    with open_post_office() as office:
        sender = NoticeSender(asked.database, office.mail(tmp_path))
        office.refuses["secretariat@example.org"] = "450 later"
        assert (await sender.send_due(now())).sent == 1
        assert (await sender.send_due(now())).sent == 0
        assert office.recipients == ["ministry@example.org"]
        ((_, mail),) = office.taken
        said = "UNODC offers assistance for the request of Moldova: “Bench book”"
        assert mail["Subject"] == said
        assert "https://registry.example.org/requests/1" in mail.get_content()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("250,000", "250,000"), ("1 250 000,50", "1,250,000.50"), ("EUR 250,000", "250,000")],
)
async def test_an_amount_is_read_as_people_write_it(
    asked: Browser, typed: str, stored: str
) -> None:
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    await act(asked, PATH, FORM | {"amount": typed})
    async with asked.database.session() as session:
        (offer,) = (await session.exec(select(AssistanceOffer))).all()
    assert f"{offer.amount:,}".removesuffix(".00") == stored
    assert offer.currency == ("EUR" if "EUR" in typed else "USD")


async def test_whoever_offers_already_is_led_to_that_offer(asked: Browser) -> None:
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    await act(asked, PATH, FORM)
    assert (await asked.get(PATH)).url.path == "/requests/1/offers/1/edit"


async def test_what_was_written_is_shown_when_the_request_was_closed_meanwhile(
    asked: Browser,
) -> None:
    await asked.come_in_as("iom@example.org")
    await asked.get(PATH)
    async with asked.database.session() as session:
        await close_request(session, COMMAND_LINE, 1, "withdrawn", "Too late.", version=1)
    page = await act(asked, PATH, FORM)
    assert page.status_code == 409
    assert "What you had written Two trainers for a year." in text_of(page)
