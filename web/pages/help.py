"""Help for those who use the pages, a page a topic."""

from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.lead_weights import START
from registry.coordination.quorum import quorum_now
from registry.errors import NotFound
from registry.exchange.cells import KEEP
from registry.exchange.record import COLUMNS
from registry.exchange.template_texts import MEANINGS, required
from registry.imports.cleaning import KEPT
from registry.mail_settings import sends_mail
from registry.messages import message
from registry.overlap.evidence.meanings import MEANINGS as EVIDENCE
from registry.overlap.labelled import HARD_NEGATIVES
from registry.overlap.model import model_in_use
from registry.paris_declaration import QUESTIONS
from registry.saved_searches import MOST_SEARCHES
from web import i18n
from web.assets import asset, assets
from web.i18n import sentence
from web.lead_reasons import TEXTS
from web.model_page import examples
from web.project_fields import EXAMPLES, field_label
from web.rendering import Page, page

TOPICS = {
    "finding": sentence("Find projects"),
    "following": sentence("Follow what is new"),
    "countries": sentence("The page of a country, and its brief"),
    "registering": sentence("Register a project"),
    "bringing": sentence("Bring your projects"),
    "importing": sentence("The columns of a table"),
    "overlaps": sentence("How Convene finds overlaps"),
    "reviewing": sentence("Review an overlap"),
    "meetings": sentence("Meetings, minutes and the meeting pack"),
    "requests": sentence("Requests and offers"),
    "fragmentation": sentence("How fragmented the assistance is"),
    "division": sentence("Division of labour: who could lead"),
    "gaps": sentence("Needs and gaps, gross and net"),
    "paris-declaration": sentence("Five questions on each project: the Paris Declaration"),
    "contacts": sentence("National contact points"),
    "practices": sentence("Good practice: write, review, find"),
    "places": sentence("Regions, mechanisms and organisations"),
    "accessibility": sentence("Accessibility"),
}
"""Address -> title; the titles are translated in the templates."""
REQUEST_STATES = {
    "open": message("Nothing that stands is offered."),
    "offered": message("At least one offer waits for an answer of the State; none is accepted."),
    "accepted": message("The State has accepted an offer; others may follow for other measures."),
    "met": message(
        "The State or the secretariat says that the assistance was given. Offers that wait have to"
        " be answered first, unless one is accepted."
    ),
    "withdrawn": message("It is no longer needed; offers that stood have lapsed."),
}
"""What the states of a request mean."""


STATEMENT_DAY = date(2026, 11, 26)
"""When the accessibility statement was last compared with the pages; change it with the text."""


@dataclass(frozen=True)
class Picture:
    """A picture of a page, as it is shown."""

    address: str
    width: int
    """CSS pixels; the file has twice as many."""
    height: int


def picture(name: str) -> Picture:
    """Return the picture of this name in the language of the page."""
    file = f"help/{name}.{i18n.language()}.png"
    width, height = assets()[file].size
    return Picture(asset(file), width // 2, height // 2)


@get("/help")
async def help_page(request: HTMXRequest) -> Page:
    """Show the topics."""
    return page(request, "help/help.html", topics=TOPICS)


@get("/help/{topic:str}")
async def topic_page(request: HTMXRequest, session: AsyncSession, topic: str) -> Page:
    """Show one topic."""
    if topic not in TOPICS:
        raise NotFound("There is no help page of this name.")
    return page(
        request,
        f"help/{topic}.html",
        topics=TOPICS,
        topic=topic,
        picture=picture,
        columns=COLUMNS,
        examples=EXAMPLES,
        lead_reasons=TEXTS,
        start_weights=START,
        meanings=MEANINGS,
        required=required,
        keep=KEEP[i18n.language()],
        field_label=field_label,
        plan_days=KEPT.days,
        sends_mail=sends_mail(request.app.state.settings),
        most_searches=MOST_SEARCHES,
        hour=request.app.state.settings.digest_hour,
        contact=request.app.state.settings.contact,
        statement_day=STATEMENT_DAY,
        version=version("convene"),
        quorum=await quorum_now(session),
        model=model_in_use(),
        evidence=EVIDENCE,
        hard_cases=HARD_NEGATIVES,
        paris_questions=QUESTIONS,
        sums=examples(),
        request_states=REQUEST_STATES.items(),
        max_upload=request.app.state.settings.max_upload // 1024**2,
    )


handlers = [help_page, topic_page]
