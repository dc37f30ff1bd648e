"""What an export answers, in words: the filters of its search, who asked, and where."""

from collections.abc import Mapping

from registry.exchange.workbook_writer import Inquiry
from registry.messages import Message, message
from registry.permissions import Actor
from search.query import Query
from web import i18n
from web.project_search import chips_of

FACET_NAMES: dict[str, Message] = {
    "country": message("Country"),
    "region": message("Region"),
    "pillar": message("Pillar"),
    "measure": message("Measure"),
    "mandate": message("Mandate"),
    "organisation": message("Organisation"),
    "organisation_type": message("Type of organisation"),
    "status": message("Status"),
    "year": message("Year"),
    "reporting_organisation": message("Registered by"),
}
_WORDS = message("Words")
_ACTIVE_ON = message("Running on")
_VISITOR = message("visitor")


def inquiry_of(
    query: Query,
    reader: Actor,
    organisations: Mapping[str, str],
    address: str = "",
    language: str = i18n.SOURCE_LANGUAGE,
) -> Inquiry:
    """Describe a query in a language; `organisations` maps the slugs in it to names."""

    def say(sentence: Message) -> str:
        with i18n.speaking(language):
            return i18n.say(sentence)

    filters = [(say(_WORDS), query.text)] if query.text else []
    filters += [
        (say(FACET_NAMES[chip.parameter]), chip.label)
        for chip in chips_of(query, organisations, language)
    ]
    if query.active_on:
        filters.append((say(_ACTIVE_ON), query.active_on.isoformat()))
    by = reader.name if reader.signed_in else say(_VISITOR)
    return Inquiry(tuple(filters), by, address, language, say)
