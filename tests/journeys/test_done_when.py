"""The three people of the registry do their main jobs, one after the other, in a browser."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Served, check_accessibility, sign_in


@dataclass(frozen=True)
class Story:
    """What happens, told in one country; each width has its own, so that they do not meet."""

    country: str
    code: str
    csv: str
    refused: str
    found_by: str
    """A misspelt word of the first project."""
    title: str
    other: str
    """A title of the demonstration that overlaps with the first project."""
    typed: tuple[str, str]
    """Title and description that somebody types by hand."""


_HEADER = (
    "identifier;title;description;status;start_date;end_date;countries;pillars;measures;"
    "activity_types;target_groups;budget;currency\n"
)
MOLDOVA = Story(
    country="Moldova",
    code="MD",
    csv=_HEADER
    + "J-MD-1;District teams learn to recognise and refer victims of trafficking in Moldova;"
    "Training and mentoring for the local multidisciplinary teams in the districts: community "
    "social assistants, family doctors and police inspectors learn how to recognise a trafficked "
    "person, whom to call and how to refer within the national referral mechanism.;"
    "implementation;2025-02-01;2027-01-31;MD;protection;PROT-4;training|mentoring;social-workers;"
    "400000;EUR\n"
    "J-MD-2;School lessons on safe work abroad;Lessons for pupils of the last two classes on "
    "contracts, recruitment and where to ask for help.;implementation;2026-01-01;2026-12-31;MD;"
    "prevention;PREV-4;awareness-campaign;children;90000;EUR\n"
    "J-MD-3;Legal aid at first interview;Lawyers at police stations.;perhaps;2026-01-01;"
    "2026-12-31;MD;protection;PROT-5;direct-services;victims-survivors;50000;EUR\n",
    refused="J-MD-3",
    found_by="multidisiplinary",
    title="District teams learn to recognise and refer victims of trafficking in Moldova",
    other="From paper to practice",
    typed=(
        "Courses for judges and prosecutors on human trafficking cases",
        "Courses and mentoring for judges and prosecutors of Moldova on evidence in trafficking "
        "cases, hearings of victims and non-punishment, with the National Institute of Justice.",
    ),
)
KENYA = Story(
    country="Kenya",
    code="KE",
    csv=_HEADER + "J-KE-1;Magistrates and prosecutors apply the Counter-Trafficking in Persons Act;"
    "Residential courses for magistrates and prosecutors on the Counter-Trafficking in Persons "
    "Act, held with the judicial academy: elements of the offence, protection of vulnerable "
    "witnesses, non-punishment of victims and sentencing.;implementation;2025-03-01;2027-06-30;KE;"
    "prosecution;PROS-2;training;judges-prosecutors;800000;USD\n"
    "J-KE-2;Hotline of the coast counties;A telephone line in Swahili for people who were offered "
    "work abroad.;implementation;2026-01-01;2026-12-31;KE;protection;PROT-5;direct-services;"
    "migrants;90000;USD\n"
    "J-KE-3;;Without a title.;implementation;2026-01-01;2026-12-31;KE;protection;PROT-5;"
    "direct-services;victims-survivors;50000;USD\n",
    refused="J-KE-3",
    found_by="prosecuters",
    title="Magistrates and prosecutors apply the Counter-Trafficking in Persons Act",
    other="Strengthening the judicial response to trafficking in persons in Kenya",
    typed=(
        "Homes and outreach for survivors of trafficking in Nairobi",
        "Transitional homes and an outreach team in Nairobi, Kiambu and Machakos for survivors of "
        "domestic servitude and sexual exploitation, with education, legal help and work.",
    ),
)


@pytest.fixture
def story(page: Page) -> Story:
    """The story of this width."""
    assert page.viewport_size is not None
    return MOLDOVA if page.viewport_size["width"] > 1000 else KENYA


def test_register_find_flag_review(page: Page, served: Served, story: Story) -> None:
    """A donor imports and is warned, an officer finds, the group decides."""
    sign_in(page, "donor@example.org")
    import_three_projects(page, story)
    be_warned_while_typing(page, story)
    find_from_the_country_page(page, story)
    page.context.clear_cookies()
    sign_in(page, "reviewer@example.org")
    decide_the_overlap(page, story)


def import_three_projects(page: Page, story: Story) -> None:
    """Upload a file with one bad row, look at the plan, apply it."""
    page.goto("/projects/import")
    check_accessibility(page)
    content = story.csv.replace("training|mentoring", '"training;mentoring"')
    page.get_by_label("File").set_input_files(
        {"name": "projects.csv", "mimeType": "text/csv", "buffer": content.encode("utf-8-sig")}
    )
    page.get_by_role("button", name="Show what would happen").click()
    refused = page.locator("#refused")
    expect(refused).to_contain_text("row 4")
    expect(refused).to_contain_text(story.refused)
    expect(page.locator("#created")).to_contain_text(story.title)
    check_accessibility(page)
    page.get_by_role("button", name="Apply: create 2 projects").click()
    expect(page.get_by_role("main")).to_contain_text("Created")
    expect(page.get_by_role("button", name=re.compile("Apply"))).to_have_count(0)
    page.get_by_role("link", name=story.title).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(story.title)
    check_accessibility(page)


def be_warned_while_typing(page: Page, story: Story) -> None:
    """Type a project that others already do; the warning comes without any button."""
    page.goto("/projects/new")
    check_accessibility(page)
    title, description = story.typed
    page.get_by_role("textbox", name="Title", exact=True).fill(title)
    page.get_by_role("textbox", name="Description", exact=True).fill(description)
    page.get_by_label("Country or region 1").fill(story.country)
    page.get_by_label("Start optional").fill("2025-06-01")
    page.get_by_label("End optional").fill("2027-05-31")
    warning = page.locator("#similar")
    expect(warning).to_contain_text(re.compile("published projects? looks? like this"))
    expect(warning).to_contain_text("probability")
    expect(page.locator("#saved")).to_contain_text("Saved")
    check_accessibility(page)


def find_from_the_country_page(page: Page, story: Story) -> None:
    """Misspell a word in the country page's search and find the project all the same."""
    page.goto("/countries")
    page.get_by_role("main").get_by_role("link", name=story.country, exact=True).last.click()
    page.wait_for_url(f"**/countries/{story.code}")
    check_accessibility(page)
    page.get_by_label(f"Search in {story.country}").fill(story.found_by)
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(f"country={story.code}"))
    expect(page.get_by_role("link", name=story.title)).to_be_visible()
    check_accessibility(page)


def decide_the_overlap(page: Page, story: Story) -> None:
    """Open the case from the queue, propose, have others vote, decide, and read the history."""
    page.goto(f"/overlaps?country={story.code}&state=open")
    row = page.get_by_role("row").filter(has_text=story.title).filter(has_text=story.other)
    for _ in range(20):  # the detector works in the background, within seconds
        if row.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    check_accessibility(page)
    row.get_by_role("link", name=story.title).click()
    expect(page.get_by_role("main")).to_contain_text("Why it may be an overlap")
    case = page.url
    check_accessibility(page)
    page.get_by_label("Comment").fill("Both train the same people; let us ask them to join.")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("let us ask them to join")).to_be_visible()
    page.get_by_text("Propose an outcome", exact=True).click()
    form = page.locator("form[action$='/propose']")
    form.get_by_role("button").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    form.get_by_label("Joint programme").check()
    form.get_by_label("Lead organisation").select_option(index=1)
    form.get_by_label("Reason").fill("One training programme with one calendar is enough.")
    form.get_by_role("button").click()
    expect(page.get_by_role("main")).to_contain_text("1 for, 0 against")
    check_accessibility(page)
    for supporter in ("reviewer2@example.org", "secretariat@example.org"):
        page.context.clear_cookies()
        sign_in(page, supporter)
        page.goto(case)
        voting = page.locator("form[action$='/vote']")
        voting.get_by_label("Support", exact=True).check()
        voting.get_by_role("button").click()
    expect(page.get_by_role("main")).to_contain_text("has its quorum")
    check_accessibility(page)
    page.get_by_role("button", name="Record this as the decision").click()
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    expect(history).to_contain_text("Decided")
    expect(history).to_contain_text("Joint programme")
    expect(history).to_contain_text("One training programme with one calendar is enough.")
    check_accessibility(page)
    page.goto(f"/overlaps?country={story.code}&state=decided")
    expect(page.get_by_role("main")).to_contain_text(story.title)
