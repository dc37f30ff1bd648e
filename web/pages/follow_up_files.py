"""Recommendations and the work plan as CSV and XLSX, with the filters of their lists."""

from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.organisations import list_organisations
from registry.permissions import Actor
from registry.recommendation_view import ListedRecommendation, find_recommendations
from registry.work_plan_view import ListedAction, find_actions
from web import i18n
from web.follow_up_tables import (
    ACTION_FIELDS,
    RECOMMENDATION_FIELDS,
    action_columns,
    action_fields,
    action_rows,
    recommendation_columns,
    recommendation_fields,
    recommendation_rows,
)
from web.i18n import gettext as _
from web.pages import recommendations, work_plan
from web.workbook import Book

MOST = 10_000
"""Lines of a file."""


@get("/recommendations.csv")
async def recommendations_csv(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[bytes]:
    """Send the recommendations of the list as CSV."""
    found = await _recommendations(request, session, reader)
    lines = [RECOMMENDATION_FIELDS, *map(recommendation_fields, found)]
    return _file(BYTE_ORDER_MARK + csv_bytes(lines), "recommendations", "csv")


@get("/recommendations.xlsx")
async def recommendations_xlsx(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[bytes]:
    """Send the recommendations of the list as a workbook."""
    found = await _recommendations(request, session, reader)
    with i18n.speaking(i18n.language_of(request)):
        book = Book()
        book.sheet(_("Recommendations"), recommendation_columns(), recommendation_rows(found))
    return _file(book.content(), "recommendations", "xlsx")


async def _recommendations(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> list[ListedRecommendation]:
    wanted = recommendations.filters_of(request.query_params)
    found = await find_recommendations(session, reader, **recommendations.asked(wanted), size=MOST)
    return found.recommendations


@get("/work-plan.csv")
async def actions_csv(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[bytes]:
    """Send the actions of the list as CSV."""
    found = await _actions(request, session, reader)
    lines = [ACTION_FIELDS, *map(action_fields, found)]
    return _file(BYTE_ORDER_MARK + csv_bytes(lines), "work-plan", "csv")


@get("/work-plan.xlsx")
async def actions_xlsx(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[bytes]:
    """Send the actions of the list as a workbook."""
    found = await _actions(request, session, reader)
    with i18n.speaking(i18n.language_of(request)):
        book = Book()
        book.sheet(_("Work plan"), action_columns(), action_rows(found))
    return _file(book.content(), "work-plan", "xlsx")


async def _actions(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> list[ListedAction]:
    slugs = [one.slug for one in await list_organisations(session)]
    wanted = work_plan.filters_of(request.query_params, slugs)
    found = await find_actions(session, reader, **work_plan.asked(wanted), size=MOST)
    return found.actions


def _file(content: bytes, name: str, ending: str) -> Response[Any]:
    return Response(
        content,
        media_type=MEDIA_TYPES[ending],
        headers={
            "content-disposition": f'attachment; filename="convene-{name}.{ending}"',
            "cache-control": "no-store",
        },
    )


handlers = [recommendations_csv, recommendations_xlsx, actions_csv, actions_xlsx]
