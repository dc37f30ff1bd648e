"""Nothing that a reader may not see comes out anywhere: every address is asked as each reader.

The addresses are those of the application's own routes, with every project, organisation, case
and plan of the registry put in, and all links on the pages found; files are unpacked and read.
"""

import io
import re
import zipfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from itertools import product
from pathlib import Path
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import httpx
import pytest
from litestar.routes import HTTPRoute
from sqlmodel import col, select, update

from registry.agenda import add_cases
from registry.contacts import ContactRecord, enter_contact
from registry.embedded_server import EmbeddedServer
from registry.meetings import MeetingRecord, begin, items_of, note, plan_meeting
from registry.models import (
    Account,
    AgendaItem,
    Import,
    Meeting,
    NetworkContact,
    OverlapCase,
    OverlapPair,
    PracticeNote,
    Project,
    Recommendation,
    SavedSearch,
    WorkAction,
    now,
)
from registry.news import take_up
from registry.offer_record import OfferRecord
from registry.offers import Seen, answer_offer, make_offer
from registry.overlap.detector import examine
from registry.paris_declaration import Answer, Answers, answer_questions
from registry.permissions import COMMAND_LINE, Actor
from registry.practice_states import STATES
from registry.practices import PracticeRecord, act_on_note, write_note
from registry.projects import revise_project, withdraw_project
from registry.recommendations import RecommendationRecord, follow_up, recommend
from registry.requests import RequestRecord, file_request
from registry.saved_searches import renew_feed, save_search
from registry.settings import Settings
from registry.work_plan import ActionRecord, enter_action, report
from tests.builders import a_project, a_record, acting, an_account, an_organisation
from tests.databases import new_database
from tests.web.conftest import Browser, browsing, text_of
from tests.web.post_office import html_in, open_post_office, text_in
from web.saved_searches import feed_key
from web.security import secret_of

SECRETS = ("Quillwort", "Skimmia", "Tansyleaf", "Umbelwort")
"""What only the owning organisation and the secretariat may read: contacts, shelters, and what
they were before."""
MARKERS = {
    "open": "Oxlip",
    "members": "Milkvetch",
    "restricted": "Restharrow",
    "draft": "Dropwort",
    "withdrawn": "Wormwood",
}
"""A word that stands in title, description, place and identifier of one project each."""
SEEN = {
    "visitor": {"open"},
    "stranger": {"open", "members"},
    "reviewer": {"open", "members"},
    "owner": {"open", "members", "restricted", "draft", "withdrawn"},
    "secretariat": {"open", "members", "restricted", "draft", "withdrawn"},
}
"""Reader -> whose words may come out for this reader."""
REVIEWED = "Bogbean"
"""A word of a note that waits for a review."""
CONTACT = "Figwort"
"""The name of a contact point, for everybody but visitors."""
MAY_REVIEW = {"reviewer", "owner", "secretariat"}
"""Who may read it."""
MOST_ADDRESSES = 600
UPLOAD = (
    "identifier,title,description,status,countries,pillars,start_date,shelter_locations\n"
    f"U-1,Dropwort upload,Courses,implementation,MD,prosecution,2025-01-01,{SECRETS[0]}\n"
    f"U-2,Dropwort refused,Courses,implementation,Atlantis,prosecution,2025-01-01,{SECRETS[0]}\n"
)


@dataclass
class World:
    """The application with one project of each kind."""

    browser: Browser
    values: dict[str, list[str]] = field(default_factory=dict)
    """Parameter of an address -> all values that there are."""

    async def read_as(self, reader: str) -> None:
        """Sign in as one of the readers."""
        self.browser.cookies.clear()
        if reader != "visitor":
            await self.browser.come_in_as(f"{reader}@example.org")


@pytest.fixture(scope="module")
async def world(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Projects of Safe Haven in all states, each flagged with a public one of Open Aid.

    One world for all readers: what one of them was shown must not reach the next one either.
    """
    settings = Settings(home=tmp_path_factory.mktemp("privacy"))
    async with new_database(server) as database, browsing(database, settings) as browser:
        async with database.session() as session:
            await fill(session)
        await browser.index()
        world = World(browser)
        await take_in(world)
        yield world


async def take_in(world: World) -> None:
    """Bring a file as a member of Safe Haven, and note what addresses are made of."""
    browser = world.browser
    await world.read_as("owner")
    await browser.get("/projects/import")
    uploaded = await browser.post(
        "/projects/import",
        data={"_csrf_token": browser.cookies["convene_csrf"]},
        files={"file": ("projects.csv", UPLOAD.encode())},
    )
    assert uploaded.status_code == 200, text_of(uploaded)
    async with browser.database.session() as session:
        await take_up(session)
        projects = (await session.exec(select(Project))).all()
        world.values = {
            "identifier": [project.identifier for project in projects],
            "slug": ["safe-haven", "open-aid"],
            "code": ["MD"],
            "region": ["150", "151"],
            "mechanism": ["cis", "new"],
            "case_id": [str(case) for case in await session.exec(select(OverlapCase.id))],
            "plan_id": list(await session.exec(select(Import.id))),
            "account_id": ["1", "2", "3"],
            "issue": ["published-without-budget", "draft-without-country"],
            "topic": ["finding", "paris-declaration", "practices", "contacts"],
            "contact_id": [str(one) for one in await session.exec(select(NetworkContact.id))],
            "note_id": [str(note) for note in await session.exec(select(PracticeNote.id))],
            "search_id": [str(search) for search in await session.exec(select(SavedSearch.id))],
            "key": ["1-nothing"],  # right ones: below
            "request_id": ["1"],
            "measure": ["PROS-2"],
            "offer_id": ["1", "2"],
            "programme_id": ["1"],
            "meeting_id": [str(one) for one in await session.exec(select(Meeting.id))],
            "item_id": [str(one) for one in await session.exec(select(AgendaItem.id))],
            "recommendation_id": [
                str(one) for one in await session.exec(select(Recommendation.id))
            ],
            "action_id": [str(one) for one in await session.exec(select(WorkAction.id))],
            "name": ["nothing.css"],
        }


async def fill(session) -> None:
    """Store projects, overlaps and accounts."""
    haven = await an_organisation(session, "Safe Haven")
    aid = await an_organisation(session, "Open Aid")
    ids: dict[str, int] = {}
    for name, word in MARKERS.items():
        project = await a_project(session, **of_haven(name, word), publish=name != "draft")
        twin = await a_project(
            session, reporting_org="Open Aid", identifier=f"AID-{name}", **the_same(name)
        )
        assert project.id
        assert twin.id
        ids[name] = project.id
        await examine(session, [project.id, twin.id])
    for name, word in MARKERS.items():
        said = {"ownership": Answer("yes", f"{word} was agreed.", f"https://{word}.example.org/")}
        await answer_questions(session, COMMAND_LINE, ids[name], Answers(said))
    record = a_record(**of_haven("open", MARKERS["open"]))
    record.partner_contacts, record.shelter_locations = SECRETS[2:]
    await revise_project(session, COMMAND_LINE, ids["open"], record, version=1)
    await write_notes(session, haven.id or 0)
    consented = ContactRecord("MD", "Office", f"Ana {CONTACT}", "ana@example.org", date(2025, 1, 1))
    for organisation_id in (None, haven.id):
        await enter_contact(session, COMMAND_LINE, consented, organisation_id=organisation_id)
    await withdraw_project(
        session, COMMAND_LINE, ids["withdrawn"], version=1, reason=f"{MARKERS['withdrawn']} ended"
    )
    await fill_offers(session, haven)
    # Two organisations use one identifier; one of the two projects is a draft.
    await a_project(session, reporting_org="Open Aid", identifier="SHARED-1", title="Common name")
    await a_project(
        session, reporting_org="Safe Haven", identifier="SHARED-1", title="Own", publish=False
    )
    for role, organisation, email in (
        ("member", aid, "stranger"),
        ("member", haven, "owner"),
        ("reviewer", await an_organisation(session, "ILO"), "reviewer"),
        ("secretariat", None, "secretariat"),
    ):
        account = await an_account(session, role, organisation, f"{email}@example.org")
        search = await save_search(
            session, acting(account), "", name="All", frequency="daily", language="en", hour=6
        )
        assert search.id
        await renew_feed(session, acting(account), search.id)
    await a_meeting_on_everything(session, haven.id or 0)


async def a_meeting_on_everything(session, owner_id: int) -> None:
    """A meeting with every case on its agenda; minutes, a recommendation and an action on each name
    its projects."""
    meeting = await plan_meeting(session, COMMAND_LINE, MeetingRecord("Meeting", date(2026, 12, 1)))
    assert meeting.id
    cases = [one for one in await session.exec(select(OverlapCase.id)) if one]
    await add_cases(session, COMMAND_LINE, meeting.id, cases, version=1)
    await begin(session, COMMAND_LINE, meeting.id, version=2)
    for item in await items_of(session, meeting.id):
        pairs = await session.exec(select(OverlapPair).where(OverlapPair.case_id == item.case_id))
        ids = {id for pair in pairs for id in (pair.a_id, pair.b_id)}
        named = await session.exec(select(Project.identifier).where(col(Project.id).in_(ids)))
        text = f"Said of {', '.join(named)}"
        await note(session, COMMAND_LINE, meeting.id, item.id or 0, text, version=1)
        record = RecommendationRecord(text, "ecosoc", date(2027, 1, 1))
        made = await recommend(session, COMMAND_LINE, meeting.id, record, item_id=item.id)
        await follow_up(session, COMMAND_LINE, made.id or 0, "note", text, version=1)
        action = ActionRecord(text, owner_id, date(2026, 1, 1), text, case_id=item.case_id)
        done = await enter_action(session, COMMAND_LINE, action)
        await report(session, COMMAND_LINE, done.id or 0, "note", text, version=1)


async def fill_offers(session, haven) -> None:
    """Store a request with an offer that stands, for members, and one that was declined."""
    asked = RequestRecord("MD", "Courses", "For judges.", ["PROT-1"], "soon")
    request = await file_request(session, COMMAND_LINE, asked)
    maker = Actor(None, "Safe Haven", "member", haven.id)
    for word in (MARKERS["withdrawn"], MARKERS["members"]):
        record = OfferRecord(
            f"{word} courses.", ["PROT-1"], date(2027, 1, 1), date(2027, 6, 1), [word]
        )
        seen = Seen(request.version, request.offers_version)
        offer = await make_offer(session, maker, request.id, record, seen)
        if word == MARKERS["withdrawn"]:
            await answer_offer(
                session, COMMAND_LINE, offer.id, "decline", f"No {word}.", version=offer.version
            )


async def write_notes(session, organisation_id: int) -> None:
    """Store notes that nobody has reviewed yet, and a public one that comes from all projects."""
    identifiers = [f"{word}-1" for word in MARKERS.values()]
    for actions, word in (
        ((), "Dropwort"),
        (("submit",), REVIEWED),
        (("submit", "publish"), "Shared"),
    ):
        note = await write_note(
            session,
            COMMAND_LINE,
            PracticeRecord(f"{word} note", f"{word} text", ["PROS-2"], projects=identifiers),
            organisation_id=organisation_id,
        )
        for action in actions:
            note = await act_on_note(
                session, COMMAND_LINE, note.id or 0, action, version=note.version
            )


def the_same(name: str) -> dict[str, object]:
    """Return what a project of Safe Haven and its twin have in common."""
    return {
        "title": f"Courses on {name} trials for prosecutors",
        "description": f"Sixty prosecutors attend {name} workshops on evidence and on witnesses.",
        "locations": ["Soroca"],
    }


def of_haven(name: str, word: str) -> dict[str, object]:
    """Return what a project of Safe Haven is made of."""
    same = the_same(name)
    return {
        "reporting_org": "Safe Haven",
        "identifier": f"{word}-1",
        "title": f"{same['title']} {word}",
        "description": f"{same['description']} {word}",
        "locations": ["Soroca", word],
        "visibility": name if name in ("members", "restricted") else "public",
        "partner_contacts": f"{SECRETS[0]}, 0373 22",
        "shelter_locations": f"{SECRETS[1]} street 3",
        "source": {"shelter_locations": SECRETS[1], "partner_contacts": SECRETS[0]},
    }


def own_addresses(world: World) -> list[str]:
    """Return the addresses of all routes that can be read, with all values put in."""
    found = []
    for route in world.browser.app.routes:
        if not isinstance(route, HTTPRoute) or "GET" not in route.methods:
            continue
        names = re.findall(r"\{(\w+)(?::\w+)?\}", route.path_format)
        assert set(names) <= world.values.keys(), f"say here what to put into {route.path_format}"
        for values in product(*(world.values[name] for name in names)):
            path = route.path_format
            for name, value in zip(names, values, strict=True):
                path = re.sub(rf"\{{{name}(?::\w+)?\}}", quote(value, safe="/"), path)
            found.append(path)
    for action in ("edit", "paris-declaration"):
        found += [f"/projects/{quote(one)}/{action}" for one in world.values["identifier"]]
    found += [f"/{path}?q=Courses" for path in ("projects", "projects.csv", "api/v1/projects")]
    found += [f"/projects?q={word[:-1]}x" for word in (*SECRETS, *MARKERS.values())]
    found += [f"/practices?state={state}" for state in STATES]
    found += [f"/projects/AID-{name}?org=safe-haven" for name in MARKERS]
    return found


def links_of(page: httpx.Response) -> Iterable[str]:
    """Return where a page leads, within the site and without endless combinations of filters."""
    for link in re.findall(r'(?:href|hx-get|src)="([^"#]+)', page.text):
        parts = urlsplit(urljoin(str(page.url), unescape(link)))
        inside = parts.netloc == "convene.test" and not parts.path.startswith("/static/")
        parameters = parse_qsl(parts.query)
        if inside and len(parameters) <= 1 and not any(name == "lang" for name, _ in parameters):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def content_of(response: httpx.Response) -> str:
    """Return all text of an answer, its address and headers included; workbooks are unpacked."""
    said = response.text
    if response.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            names = archive.namelist()
            said = "".join(archive.read(name).decode("utf-8", "replace") for name in names)
    return said + str(response.headers)


def echoed(address: str, word: str) -> bool:
    """Tell whether the reader said this word first."""
    return word.lower() in address.lower()


async def crawl(world: World) -> dict[str, httpx.Response]:
    """Ask for every address that can be found; address -> answer."""
    waiting = own_addresses(world)
    answers: dict[str, httpx.Response] = {}
    while waiting and len(answers) < MOST_ADDRESSES:
        address = waiting.pop(0)
        if address in answers:
            continue
        answer = answers[address] = await world.browser.get(address)
        assert answer.status_code < 500, f"{address}: {answer.status_code}"
        if "html" in answer.headers.get("content-type", ""):
            waiting += [link for link in links_of(answer) if link not in answers]
    return answers


@pytest.mark.parametrize("reader", SEEN)
async def test_no_address_says_what_a_reader_may_not_see(world: World, reader: str) -> None:
    await world.read_as(reader)
    answers = await crawl(world)
    assert len(answers) > 60
    allowed = {MARKERS[name] for name in SEEN[reader]}
    if "restricted" in SEEN[reader]:
        allowed |= set(SECRETS)
    if reader in MAY_REVIEW:
        allowed.add(REVIEWED)
    if reader != "visitor":
        allowed.add(CONTACT)
    hidden = {*SECRETS, *MARKERS.values(), REVIEWED, CONTACT} - allowed
    said = {address: content_of(answer) for address, answer in answers.items()}
    leaks = [
        (address, word)
        for address, text in said.items()
        for word in hidden
        if word.lower() in text.lower() and not echoed(address, word)
    ]
    assert leaks == []
    # The test would be worth nothing if the words did not come out for anybody.
    assert {word for word in allowed if any(word in text for text in said.values())} == allowed


@pytest.mark.parametrize("reader", SEEN)
async def test_no_figure_counts_what_a_reader_may_not_see(world: World, reader: str) -> None:
    await world.read_as(reader)
    published = SEEN[reader] & {"open", "members", "restricted"}
    total = len(published) + len(MARKERS) + 1  # the twins, and the one that shares its identifier
    listed = (await world.browser.get("/api/v1/projects?size=100")).json()
    assert listed["total"] == len(listed["projects"]) == total
    assert listed["facets"]["country"] == {"MD": total}
    assert listed["facets"]["organisation"]["safe-haven"] == len(published)
    for name, word in MARKERS.items():
        found = (await world.browser.get(f"/api/v1/projects?q={word}")).json()
        assert found["total"] == (1 if name in published else 0), word
    home = text_of(await world.browser.get("/"))
    assert f"{total} active projects" in home
    overlaps = await overlaps_between(world, SEEN[reader] - {"draft"})
    assert overlaps > 0
    listed_overlaps = text_of(await world.browser.get("/overlaps"))
    assert re.search(rf"\b{overlaps} overlaps?\b", listed_overlaps), listed_overlaps
    if "withdrawn" not in SEEN[reader]:
        assert f" {overlaps} open overlap" in home


async def overlaps_between(world: World, kinds: set[str]) -> int:
    """Count the cases of flagged pairs with no project of another kind than these or a twin."""
    words = [f"{MARKERS[kind]}-1" for kind in kinds]
    async with world.browser.database.session() as session:
        known = {
            project.id
            for project in await session.exec(select(Project))
            if project.identifier in words or project.identifier.startswith(("AID-", "SHARED-"))
        }
        pairs = await session.exec(select(OverlapPair).where(OverlapPair.flagged))
        return len({pair.case_id for pair in pairs if {pair.a_id, pair.b_id} <= known})


@pytest.mark.parametrize(("reader", "known"), [("visitor", False), ("owner", True)])
async def test_a_namesake_that_is_hidden_shows_in_no_link(
    world: World, reader: str, known: bool
) -> None:
    await world.read_as(reader)
    for path in ("/projects?q=Common+name", "/countries/MD", "/organisations/open-aid"):
        page = (await world.browser.get(path)).text
        assert "/projects/SHARED-1" in page
        assert ("/projects/SHARED-1?org=open-aid" in page) is known


async def test_what_is_typed_is_compared_with_readable_projects_only(world: World) -> None:
    await world.read_as("stranger")
    form = {"place": "Moldova", "place_share": "", "start_date": "2025-01-01", "_csrf_token": ""}
    await world.browser.get("/projects")
    for name, word in MARKERS.items():
        form |= {"_csrf_token": world.browser.cookies["convene_csrf"]}
        form |= {key: str(the_same(name)[key]) for key in ("title", "description")}
        warning = await world.browser.post("/projects/similar", data=form)
        assert warning.status_code == 200
        assert (word in warning.text) is (name in SEEN["stranger"]), warning.text


async def test_nobody_else_changes_a_project_or_learns_what_it_lacks(world: World) -> None:
    acts = [
        (f"/projects/{word}-1/{act}", name)
        for name, word in MARKERS.items()
        for act in ("edit", "paris-declaration", "publish", "withdraw")
    ]
    for reader in ("visitor", "stranger", "reviewer"):
        await world.read_as(reader)
        await world.browser.get("/sign-in")
        token = world.browser.cookies["convene_csrf"]
        for path, name in acts:
            refused = await world.browser.post(path, data={"_csrf_token": token})
            assert refused.status_code == (403 if name in SEEN[reader] else 404), path


@pytest.mark.parametrize("reader", [reader for reader in SEEN if reader != "visitor"])
async def test_feeds_and_messages_say_what_their_owner_may_see(
    world: World, reader: str, tmp_path: Path
) -> None:
    app, database = world.browser.app, world.browser.database
    is_reader = col(Account.email) == f"{reader}@example.org"
    async with database.session() as session:
        await session.exec(update(Account).values(active=is_reader))
        owner = select(Account.id).where(is_reader)
        (search,) = await session.exec(
            select(SavedSearch).where(col(SavedSearch.account_id).in_(owner))
        )
    await world.read_as("visitor")
    key = feed_key(search, secret_of(app.state.settings))
    feed = await world.browser.get(f"/feeds/{key}.atom")
    with open_post_office() as office:
        sender = office.sender(database, app.state.engine, tmp_path)
        assert (await sender.send_due(now(), early=True)).sent == 1
        ((_, sent),) = office.taken
    async with database.session() as session:
        await session.exec(update(Account).values(active=True))
    allowed = {MARKERS[name] for name in SEEN[reader] & {"open", "members", "restricted"}}
    for said in (feed.text, text_in(sent), html_in(sent)):
        assert {word for word in (*SECRETS, *MARKERS.values()) if word in said} == allowed


async def test_the_files_of_the_index_hold_no_restricted_field(world: World) -> None:
    folder = world.browser.app.state.settings.index_folder
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(b"oxlip" in content.lower() for content in files)
    assert not any(
        word.lower().encode() in content.lower()
        for word in (*SECRETS, CONTACT)
        for content in files
    )
