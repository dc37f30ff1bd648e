"""What an export answers, in words: the filters of its search, who asked, and where."""

from collections.abc import Mapping

from registry.exchange.workbook_writer import Inquiry
from registry.messages import Message, message
from registry.permissions import Actor
from search.query import Query
from web import i18n
from web.project_search import chips_of

_WORDS = message("Words")
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
    filters += [(say(chip.name), chip.label) for chip in chips_of(query, organisations, language)]
    by = reader.name if reader.signed_in else say(_VISITOR)
    return Inquiry(tuple(filters), by, address, language, say)
