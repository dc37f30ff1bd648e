"""The template of a file to import: a workbook to fill in, in the reader's language."""

from functools import cache

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest

from registry.exchange.exporting import MEDIA_TYPES
from registry.exchange.template import write_template
from web import i18n
from web.project_fields import LANGUAGES_OF_TEXTS, field_label, language_name


@get("/projects/import/template.xlsx", sync_to_thread=True)
def workbook_template(request: HTMXRequest) -> Response[bytes]:
    """Send the workbook with its lists to choose from and its example."""
    return Response(
        _template(i18n.language_of(request)),
        media_type=MEDIA_TYPES["xlsx"],
        headers={
            "content-disposition": 'attachment; filename="convene-projects.xlsx"',
            "cache-control": "private, no-cache",
        },
    )


@cache
def _template(language: str) -> bytes:
    with i18n.speaking(language):
        languages = {code: language_name(code) for code in LANGUAGES_OF_TEXTS}
        return write_template(language, field_label, i18n.say, languages)


handlers = [workbook_template]
