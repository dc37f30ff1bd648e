"""Members of three organisations of ICAT take a case of three projects from flag to decision."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader
from python_calamine import load_workbook

from tests.journeys.conftest import NARROW, Served, SignIn, check_accessibility
from tests.web.post_office import text_in


@dataclass(frozen=True)
class Story:
    """A case of the demonstration; each width has its own, so that they do not meet."""

    country: str
    code: str
    organisations: tuple[str, str, str]
    """Of the three projects, as their pages call them for short."""
    lead: str
    outcome: str
    reason: str
    third: tuple[str, str]
    """The member of UNICEF: name and e-mail."""
    minutes: str

    @property
    def meeting(self) -> str:
        """The title of the meeting."""
        return f"Who does what in {self.country}"


KENYA = Story(
    country="Kenya",
    code="KE",
    organisations=("Hope for Justice", "FCDO", "The Freedom Fund"),
    lead="Hope for Justice",
    outcome="Division of labour",
    reason="Three projects prepare the same workers for the same journey. Hope for Justice takes "
    "the coast, the others Nairobi and the west.",
    third=("Grace Okafor", "grace.okafor@example.org"),
    minutes="UNICEF asked that nobody is asked the same questions twice.\nHope for Justice drafts "
    "who works where before the end of the month.",
)
UKRAINE = Story(
    country="Ukraine",
    code="UA",
    organisations=("IOM", "Hope for Justice", "GAC"),
    lead="International Organization for Migration",
    outcome="Joint programme",
    reason="One hotline, one referral form and one calendar are enough for the border counties.",
    third=("Pavel Novak", "pavel.novak@example.org"),
    minutes="The three donors send one mission in spring.\nUNICEF reads the plan before it is "
    "signed.",
)


@pytest.fixture
def story(page: Page) -> Story:
    """The story of this width."""
    return UKRAINE if page.viewport_size == NARROW else KENYA


def test_a_case_of_three_projects_is_decided_in_a_meeting(
    page: Page, arrive: SignIn, served: Served, story: Story, tmp_path: Path
) -> None:
    secretariat = arrive("secretariat@example.org")
    password = appoint_a_member(secretariat, story)
    lucia = arrive("reviewer@example.org")  # of ILO
    open_from_the_queue(lucia, story)
    propose_an_outcome(lucia, story)
    case = lucia.url.partition("#")[0]

    amina = arrive("reviewer2@example.org")  # of OHCHR
    hear_of_it(served, case)
    support(amina, story)

    meeting = plan_the_meeting(secretariat, story)
    grace = arrive(story.third[1], password)
    have_the_third_vote(grace, story)
    record_it_in_the_minutes(secretariat, story)
    read_closed_minutes(amina, story, meeting)
    take_the_pack(amina, story, meeting, tmp_path)
    page.goto(case)
    expect(page.get_by_role("main")).to_contain_text(story.reason)  # for everybody


def follow(page: Page, name: str) -> None:
    """Follow a link of the banner."""
    banner = page.get_by_role("banner")
    banner.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def appoint_a_member(page: Page, story: Story) -> str:
    """Give a member of UNICEF an account; return the password that she is handed."""
    name, email = story.third
    page.goto("/admin/accounts")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail", exact=True).fill(email)
    page.get_by_label("Organisation", exact=True).select_option(
        label="United Nations Children's Fund"
    )
    page.get_by_role("radio", name="Reviewer").check()
    page.get_by_role("button", name="Add and make a password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} has an account")
    return page.locator("[data-password]").inner_text()


def open_from_the_queue(page: Page, story: Story) -> None:
    """Find the case in the queue, compare its pairs, and take it."""
    follow(page, "Overlaps")
    page.get_by_label("Country", exact=True).select_option(story.code)
    page.wait_for_url("**country=**")
    case = case_of(page, story)
    expect(case).to_be_visible()
    check_accessibility(page)
    if page.viewport_size == NARROW:
        case.click()
    else:
        for _ in range(10):
            page.keyboard.press("j")
            if case.evaluate("link => link === document.activeElement"):
                break
        page.keyboard.press("o")
    page.wait_for_url("**/overlaps/*")
    for one in story.organisations:
        expect(page.get_by_role("heading", level=1)).to_contain_text(one)
    pairs = page.get_by_role("navigation", name="Pairs of this case").locator("a[href*='pair=']")
    for number in range(1, pairs.count()):
        name = pairs.nth(number).inner_text()
        pairs.nth(number).click()
        expect(pairs.nth(number)).to_have_attribute("aria-current", "true")
        for short in name.split(" · "):
            expect(page.get_by_role("region", name="Field by field")).to_contain_text(short)
    check_accessibility(page)
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("Looked after by Lucía Ferrer")).to_be_visible()


def case_of(page: Page, story: Story) -> Locator:
    """Return the link to the case in a list of cases."""
    found = page.locator("tbody[data-case] th a")
    for one in story.organisations:
        found = found.filter(has_text=one)
    return found


def propose_an_outcome(page: Page, story: Story) -> None:
    """Ask a colleague, then propose an outcome with a lead."""
    page.get_by_label("Comment").fill("@amina.haddad, do you know all three of them?")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("do you know all three of them?")).to_be_visible()
    page.get_by_text("Propose an outcome", exact=True).click()
    form = page.locator("form[action$='/propose']")
    form.get_by_label(story.outcome).check()
    form.get_by_label("Lead organisation").select_option(label=story.lead)
    form.get_by_label("Reason").fill(story.reason)
    form.get_by_role("button", name="Propose this outcome").click()
    expect(page.get_by_text("1 for, 0 against")).to_be_visible()
    expect(page.get_by_text("2 more organisations have to support it")).to_be_visible()
    check_accessibility(page)


def hear_of_it(served: Served, case: str) -> None:
    """Who was mentioned is told by e-mail, with a link to the case."""
    served.convene("digests", "--now")
    told = [text_in(m) for to, m in served.office.taken if to == "reviewer2@example.org"]
    assert any("do you know all three of them?" in one and case in one for one in told), told


def support(page: Page, story: Story) -> None:
    """Find the case among what waits, read it, and support the proposal."""
    follow(page, "Overlaps")
    waiting = page.get_by_role("region", name="What waits for me")
    expect(waiting).to_contain_text("my organisation has not voted")
    waiting.get_by_role("listitem").filter(has_text=story.country).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(story.organisations[0])
    voting = page.locator("form.vote")
    voting.get_by_label("Support", exact=True).check()
    voting.get_by_role("button", name="Record the vote").click()
    expect(page.get_by_text("2 for, 0 against")).to_be_visible()


def plan_the_meeting(page: Page, story: Story) -> str:
    """Make a meeting with the case on its agenda, and begin it; return its address."""
    follow(page, "Meetings")
    page.get_by_role("link", name="Plan a meeting").click()
    page.get_by_label("Title").fill(story.meeting)
    page.get_by_label("Day").fill("2026-12-15")
    page.get_by_label("Place").fill("Vienna, and online")
    page.get_by_role("button", name="Plan the meeting").click()
    expect(page.get_by_text("The meeting is planned.")).to_be_visible()
    meeting = page.url
    proposed = page.get_by_role("group", name="Under review, with most at stake")
    names = "".join(f"(?=.*{re.escape(name)})" for name in story.organisations)
    proposed.get_by_label(re.compile(f"{names}.*{story.country}")).check()
    page.get_by_role("button", name="Put them on the agenda").click()
    expect(page.get_by_text("The agenda is longer now.")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Begin the meeting").click()
    expect(page.get_by_text("The meeting is in session.")).to_be_visible()
    page.get_by_text("Say who is present").click()
    present = page.get_by_role("group", name="Organisations present")
    for name in ("International Labour Organization", "United Nations Children's Fund"):
        present.get_by_label(name, exact=True).check()
    page.get_by_role("button", name="Write down who is present").click()
    expect(page.get_by_text("It is written down who is present.")).to_be_visible()
    check_accessibility(page)
    return meeting


def open_the_item(page: Page, story: Story) -> None:
    """Go to the item of the agenda by way of the list of meetings."""
    follow(page, "Meetings")
    page.get_by_role("link", name=story.meeting).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(story.meeting)
    page.get_by_role("table", name="Agenda").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(story.organisations[0])


def have_the_third_vote(page: Page, story: Story) -> None:
    """In the meeting the third member reads the item, and votes; the quorum is there."""
    open_the_item(page, story)
    expect(page.get_by_text("1 more organisation has to support it")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("link", name="Propose an outcome, or vote for my organisation").click()
    voting = page.locator("form.vote")
    voting.get_by_label("Support", exact=True).check()
    voting.get_by_role("textbox", name="Reason").fill("As long as children are seen first.")
    voting.get_by_role("button", name="Record the vote").click()
    expect(page.get_by_text("has its quorum").first).to_be_visible()


def record_it_in_the_minutes(page: Page, story: Story) -> None:
    """Write the minutes of the item, record the decision, and close them."""
    open_the_item(page, story)
    page.get_by_label("Minutes of this item").fill(story.minutes)
    page.get_by_role("button", name="Save the minutes of this item").click()
    expect(page.get_by_text("The minutes of this item are saved.")).to_be_visible()
    page.get_by_role("button", name="Record this as the decision of the meeting").click()
    expect(page.get_by_text("The decision is recorded, and stands in the minutes.")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("link", name=story.meeting).click()
    page.get_by_role("button", name="Close the minutes").click()
    expect(page.get_by_text("The minutes are closed.")).to_be_visible()


def read_closed_minutes(page: Page, story: Story, meeting: str) -> None:
    """Who took part reads what was decided, and nothing can be changed."""
    page.goto(meeting)
    main = page.get_by_role("main")
    for text in (story.outcome, story.reason, *story.minutes.split("\n")):
        expect(main).to_contain_text(text)
    expect(main.get_by_role("button")).to_have_count(0)
    check_accessibility(page)


def take_the_pack(page: Page, story: Story, meeting: str, folder: Path) -> None:
    """Print the pack, and take it as a document and as a workbook; read each of them."""
    said = (story.reason, "As long as children are seen first.", *story.minutes.split("\n"))
    names = (story.meeting, story.country, *story.organisations, "ILO", "OHCHR", "UNICEF")
    page.goto(meeting)
    # Chromium shows a PDF in a viewer of its own; what the link gives is read as it is sent.
    address = page.get_by_role("link", name="PDF").get_attribute("href") or ""
    sent = page.context.request.get(address)
    assert sent.headers["content-type"] == "application/pdf"
    pdf = PdfReader(io.BytesIO(sent.body()))
    (folder / "pack.pdf").write_bytes(sent.body())
    text = plain("\n".join(one.extract_text() for one in pdf.pages))
    for words in (*said, *names, "Vienna, and online", "3 for, 0 against", story.outcome):
        assert plain(words) in text, words
    assert "Who does what" in text

    with page.expect_download() as taken:
        page.get_by_role("link", name="DOCX").click()
    document = Document(str(taken.value.path()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    text = plain("\n".join([one.text for one in document.paragraphs] + cells))
    for words in (*said, *names, story.outcome):
        assert plain(words) in text, words

    with page.expect_download() as taken:
        page.get_by_role("link", name="XLSX").click()
    book = load_workbook(str(taken.value.path()))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    head, row = sheets["Agenda"]
    agenda = dict(zip(head, row, strict=True))
    assert plain(agenda["Minutes"]) == plain(story.minutes), agenda
    assert {line[0] if line else "" for line in sheets["Projects"]}
    assert len(sheets["Projects"]) == 4, sheets["Projects"]
    assert len(sheets["Votes"]) == 4, sheets["Votes"]
    assert any(story.country in name for name in book.sheet_names)


def plain(text: str) -> str:
    """Return a text without the breaks of its lines."""
    return " ".join(text.replace("\u00ad", "").split())
