"""Help for those who use the pages, a page a topic."""

from litestar import get
from litestar.plugins.htmx import HTMXRequest

from registry.errors import NotFound
from registry.exchange.record import COLUMNS
from web.i18n import sentence
from web.rendering import Page, page

TOPICS = {
    "finding": sentence("Find projects"),
    "registering": sentence("Register a project"),
    "importing": sentence("Import a file"),
    "overlaps": sentence("Overlaps and how they are judged"),
    "accessibility": sentence("Accessibility"),
}
"""Address -> title; the titles are translated in the templates."""


@get("/help")
async def help_page(request: HTMXRequest) -> Page:
    """Show the topics."""
    return page(request, "help/help.html", topics=TOPICS)


@get("/help/{topic:str}")
async def topic_page(request: HTMXRequest, topic: str) -> Page:
    """Show one topic."""
    if topic not in TOPICS:
        raise NotFound("There is no help page of this name.")
    return page(request, f"help/{topic}.html", topics=TOPICS, topic=topic, columns=COLUMNS)


handlers = [help_page, topic_page]
