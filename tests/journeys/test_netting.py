"""A donor sees that her budget was netted, and why."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import NARROW, Served, SignIn, check_accessibility, sign_in
from tests.web.post_office import text_in


@dataclass(frozen=True)
class Story:
    """What Sida pays for and another has registered; each width has its own."""

    country: str
    code: str
    row: str
    """Sida's contribution, as it comes in her file."""
    title: str
    amount: str
    """What she gives, in US dollars; the project has more."""
    twin: str
    """The title of the project in the demonstration."""
    implementer: str
    reason: str


_HEADER = (
    "identifier;title;description;status;start_date;end_date;countries;pillars;measures;"
    "activity_types;target_groups;budget;currency;participating_orgs\n"
)
CAMBODIA = Story(
    country="Cambodia",
    code="KH",
    row="SIDA-KH-26;Save the Children: social workers at Poipet recognise trafficked returnees;"
    '"Contribution to Save the Children for commune social workers, transit centre staff and '
    "village committee members in Banteay Meanchey: a 12-day modular course on indicators, "
    "interviewing and case management, on-the-job supervision for a year, a pocket guide in "
    'Khmer. 160 workers will be able to recognise exploitation among returnees from Thailand.";'
    "implementation;2025-01-01;2027-06-30;KH;protection;PROT-2;training;social-workers;500000;USD;"
    '"funding=Sida;implementing=Save the Children"\n',
    title="Save the Children: social workers at Poipet recognise trafficked returnees",
    amount="USD 500,000",
    twin="Frontline social workers in Banteay Meanchey: spotting and caring for trafficked "
    "returnees",
    implementer="SCI",
    reason="Sida pays for what Save the Children registered: same course, same 160 workers.",
)
GEORGIA = Story(
    country="Georgia",
    code="GE",
    row="SIDA-GE-26;UN Women: crisis centres of Samegrelo and Kvemo Kartli for trafficked women;"
    '"Support to UN Women for crisis centres for survivors of domestic violence in Samegrelo and '
    "Kvemo Kartli that widen their intake to women and girls trafficked into forced or early "
    "marriage: staff training, interpretation in Azerbaijani and Megrelian, minor refurbishment, "
    'a small legal-aid fund, and a protocol with the State Care Agency.";'
    "implementation;2026-01-01;2027-12-31;GE;protection;PROT-5;direct-services;"
    'victims-survivors;450000;USD;"funding=Sida;implementing=UN Women"\n',
    title="UN Women: crisis centres of Samegrelo and Kvemo Kartli for trafficked women",
    amount="USD 450,000",
    twin="Crisis centres that also serve women trafficked for forced and early marriage",
    implementer="UN Women",
    reason="The Swedish contribution is the budget that UN Women registered, without its own part.",
)


@pytest.fixture
def story(page: Page) -> Story:
    """The story of this width."""
    return GEORGIA if page.viewport_size == NARROW else CAMBODIA


def test_a_donor_sees_that_her_budget_was_netted(
    page: Page, arrive: SignIn, served: Served, story: Story
) -> None:
    sign_in(page, "donor@example.org")
    before = totals_of_sida(page)
    register_the_contribution(page, story)
    lucia = arrive("reviewer@example.org")
    case = propose_one_project(lucia, story)
    say_it_is_so(page, case)
    for other in ("reviewer2@example.org", "secretariat@example.org"):
        support(arrive(other), case)
    lucia.goto(case)
    lucia.get_by_role("button", name="Record this as the decision").click()
    expect(lucia.get_by_text("Decided: ").first).to_be_visible()

    be_told(served, case)
    read_the_record(page, story)
    read_the_total(page, story, before)
    read_the_country(page, story)


def totals_of_sida(page: Page) -> tuple[int, int]:
    """Return the gross and the net budget that the page of Sida shows, in US dollars."""
    page.goto("/organisations/sida")
    money = page.get_by_role("region", name="Money")
    figures = money.locator("dd .figure, dd.figure").all_inner_texts()
    gross, net = (int(re.sub(r"\D", "", one)) for one in figures)
    return gross, net


def register_the_contribution(page: Page, story: Story) -> None:
    """Bring a file; the plan says that it may be there already, and she goes on."""
    page.get_by_role("link", name="Import a file").click()
    content = (_HEADER + story.row).encode("utf-8-sig")
    page.get_by_label("File").set_input_files(
        {"name": "sida.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.locator("#created")).to_contain_text(story.title)
    expect(page.get_by_role("main")).to_contain_text(story.twin)
    check_accessibility(page)
    page.get_by_role("button", name="Apply: create 1 project").click()
    expect(page.get_by_role("main")).to_contain_text("Created")


def propose_one_project(page: Page, story: Story) -> str:
    """Find the flag in the queue and propose what it is; return the address of the case."""
    page.goto(f"/overlaps?country={story.code}&kind=double-registration")
    case = page.locator("tbody[data-case] th a").filter(has_text=story.title)
    for _ in range(30):  # the detector works in the background, within seconds
        if case.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    case.click()
    expect(page.get_by_role("main")).to_contain_text("Double registration")
    check_accessibility(page)
    address = page.url
    page.get_by_text("Propose an outcome", exact=True).click()
    form = page.locator("form[action$='/propose']")
    form.get_by_label("double registration", exact=False).check()
    form.get_by_label("Reason").fill(story.reason)
    form.get_by_role("button", name="Propose this outcome").click()
    expect(page.get_by_text("1 for, 0 against")).to_be_visible()
    return address


def say_it_is_so(page: Page, case: str) -> None:
    """The donor finds the case among what waits for her, and says what she knows."""
    page.get_by_role("banner").get_by_role("link", name="Overlaps", exact=True).click()
    waiting = page.get_by_role("region", name="What waits for me")
    link = waiting.locator(f"a[href='{case[case.index('/overlaps') :]}']")
    expect(link.first).to_be_visible()
    link.first.click()
    page.get_by_label("Comment").fill("Yes: this is our contribution to theirs.")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("Yes: this is our contribution to theirs.")).to_be_visible()
    check_accessibility(page)


def support(page: Page, case: str) -> None:
    """Support the proposal."""
    page.goto(case)
    voting = page.locator("form.vote")
    voting.get_by_label("Support", exact=True).check()
    voting.get_by_role("button", name="Record the vote").click()
    expect(page.get_by_text(re.compile("[23] for, 0 against"))).to_be_visible()


def be_told(served: Served, case: str) -> None:
    """A message tells her that it is decided, and where to read why."""
    served.convene("digests", "--now")
    told = [text_in(m) for to, m in served.office.taken if to == "donor@example.org"]
    assert any("recorded the decision" in one and case in one for one in told), told


def read_the_record(page: Page, story: Story) -> None:
    """Her own record says that it is left out, with which it counts, and why."""
    page.goto("/projects/mine")
    page.get_by_role("link", name=story.title).click()
    notice = page.locator(".notice").filter(has_text="Registered twice")
    expect(notice.get_by_role("link", name=story.twin)).to_be_visible()
    expect(notice).to_contain_text(f"the budget of {story.implementer} counts")
    expect(notice).to_contain_text(f"the {story.amount} of this record are left out")
    expect(notice).to_contain_text(story.reason)
    check_accessibility(page)
    notice.get_by_role("link", name="The decision").click()
    expect(page.get_by_role("region", name=re.compile("Decided"))).to_contain_text(story.reason)
    check_accessibility(page)


def read_the_total(page: Page, story: Story, before: tuple[int, int]) -> None:
    """The page of Sida has both sums, and leads to the record between them and to the decision."""
    gross, net = totals_of_sida(page)
    dollars = int(re.sub(r"\D", "", story.amount))
    assert gross - before[0] == dollars
    assert net == before[1]
    page.get_by_role("link", name="What was left out, and why").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Counted once: Sida")
    line = page.get_by_role("row").filter(has_text=story.title)
    expect(line).to_contain_text(story.twin)
    expect(line).to_contain_text(f"{dollars:,}")
    expect(line).to_contain_text(story.reason)
    check_accessibility(page)
    line.get_by_role("link", name="Found to be one project").click()
    expect(page.get_by_role("region", name=re.compile("Decided"))).to_contain_text(story.reason)


def read_the_country(page: Page, story: Story) -> None:
    """The page of the country has gross and net, and leads to the same line."""
    page.goto(f"/countries/{story.code}")
    money = page.get_by_role("region", name="Money, gross and net")
    expect(money).to_contain_text(story.amount)
    expect(money).to_contain_text(story.title)
    check_accessibility(page)
    money.get_by_role("link", name="What was left out, and why").click()
    expect(page.get_by_role("row").filter(has_text=story.title)).to_contain_text(story.reason)
