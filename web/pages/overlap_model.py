"""The secretariat's page about the model that judges overlaps: what it weighs, how good it is."""

from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.overlap.live_calibration import live_calibration
from registry.overlap.model import KINDS_OF_OVERLAP, model_in_use
from registry.overlap.versions import judged_by_another
from registry.permissions import Actor, require
from registry.settings import settings
from web import charts
from web.model_page import evidence_lines, in_order
from web.rendering import page


@get("/admin/overlap-model")
async def overlap_model_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """Show the model in use, its figures, and what reviewers decided against what it said."""
    require(reader, "registry.administer")
    model = model_in_use()
    live = await live_calibration(session, reader)
    file = settings().overlap_model
    return page(
        request,
        "admin/overlap_model.html",
        model=model,
        file=file.name if file else None,
        outdated=await judged_by_another(session),
        kinds=KINDS_OF_OVERLAP,
        lines=evidence_lines(model),
        in_order=in_order,
        tested=charts.calibration_plot(model.evaluation.calibration if model.evaluation else ()),
        live=live,
        decided=charts.calibration_plot(live.bins),
    )


handlers = [overlap_model_page]
