"""The API's description of itself (OpenAPI 3.1), made from the handlers."""

from functools import cache
from importlib.metadata import version
from typing import Any

from litestar import Litestar, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from web.api.v1 import (
    codelists,
    contacts,
    division,
    fragmentation,
    gaps,
    overlaps,
    paris_declaration,
    practices,
    projects,
    recommendations,
    requests,
    work_plan,
)

_MODULES = (
    projects,
    overlaps,
    requests,
    fragmentation,
    gaps,
    division,
    paris_declaration,
    practices,
    contacts,
    recommendations,
    work_plan,
    codelists,
)


@get("/api/v1/openapi.json", include_in_schema=False)
async def openapi() -> dict[str, Any]:
    """Return the description."""
    return _description()


@cache
def _description() -> dict[str, Any]:
    """Describe the handlers of the API alone, without the pages of the site."""

    app = Litestar(
        [handler for module in _MODULES for handler in module.handlers],
        # Named, so that they are not taken for parameters; this application answers nobody.
        dependencies={name: _provided(name) for name in ("session", "reader", "engine")},
        openapi_config=OpenAPIConfig(
            title="Convene",
            version=version("convene"),
            summary="The registry of technical assistance against trafficking in persons",
            description="Reading needs no account; with one, more can be read. Errors are problem "
            "details (RFC 9457).",
        ),
    )
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    return schema


def _provided(name: str) -> Provide:
    def provide() -> str:
        return name

    return Provide(provide, sync_to_thread=False)


handlers = [openapi]
