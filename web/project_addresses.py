"""The addresses of a project's pages: /projects/{identifier}, with ?org= where two share one."""

from urllib.parse import quote, urlencode

from litestar import Request

from registry.catalogue import ProjectView


def identifier_in(request: Request) -> str:  # type: ignore[type-arg]
    """Return what follows /projects/ in the address, as it is: identifiers may have slashes."""
    path: str = request.scope["path"]
    return path.removeprefix("/projects/")


def organisation_in(request: Request) -> str | None:  # type: ignore[type-arg]
    """Return the slug of the organisation that the address names, if it does."""
    return request.query_params.get("org") or request.query_params.get("organisation") or None


def project_address(identifier: str, action: str = "", organisation: str | None = None) -> str:
    """Return the address of a project's page, or of an action on it."""
    address = f"/projects/{quote(identifier, safe='/')}" + (f"/{action}" if action else "")
    return f"{address}?{urlencode({'org': organisation})}" if organisation else address


def address_of(view: ProjectView, action: str = "") -> str:
    """Return the address of this project, which says whose it is if it has namesakes."""
    slug = view.organisation.slug if view.namesakes else None
    return project_address(view.project.identifier, action, slug)
