"""The addresses of a project's pages: made by `project_address`, read by `read_address`.

/projects/{identifier} wherever that is one address and no other; /projects/-/{escaped} for the few
identifiers that a browser, a server in between or a page of ours would take for something else:
`A//B`, `..`, `A/`, `new`, `x/edit`. Where organisations share an identifier, ?org= says whose.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import Protocol
from urllib.parse import quote, urlencode

from litestar import Request

from registry.catalogue import ProjectView

ACTIONS = frozenset({"edit", "paris-declaration", "publish", "withdraw"})
"""What may follow the identifier in an address."""
OTHER_PAGES = frozenset({"import", "mine", "new", "similar", "suggest"})
"""First parts of addresses below /projects that are no identifiers."""
_ESCAPED = "-"
_TAKEN_APART = frozenset("?#%\\")
"""Characters that some programs decode or turn into others on the way."""


def project_address(identifier: str, organisation: str | None = None, action: str = "") -> str:
    """Return the address of a project's page, or of an action on it.

    `organisation` is a slug, given where the identifier alone may not say which project is meant.
    """
    written = quote(identifier, safe="/") if _is_plain(identifier) else _escape(identifier)
    address = f"/projects/{written}" + (f"/{action}" if action else "")
    return f"{address}?{urlencode({'org': organisation})}" if organisation else address


def address_of(view: ProjectView, action: str = "") -> str:
    """Return the address of this project, which says whose it is if it has namesakes."""
    slug = view.organisation.slug if view.namesakes else None
    return project_address(view.project.identifier, slug, action)


class ListedProject(Protocol):
    """A project in a list: enough to say where its page is."""

    @property
    def identifier(self) -> str: ...  # noqa: D102

    @property
    def organisation(self) -> str:
        """The reporting organisation's slug."""


def address_of_project(project: ListedProject, shared: Collection[str]) -> str:
    """Return the address of a project, given the identifiers that several organisations use."""
    owner = project.organisation if project.identifier in shared else None
    return project_address(project.identifier, owner)


def site_of(request: Request) -> str:  # type: ignore[type-arg]
    """Return where the registry is, as https://registry.example.org."""
    return request.app.state.settings.public_url or str(request.base_url).rstrip("/")


def read_address(request: Request, below: str = "/projects/") -> tuple[str, str]:  # type: ignore[type-arg]
    """Return the identifier in the address of a request, and the action on it or ''.

    Slashes belong to identifiers, so the path is read as it is, not as a parameter of the route.
    """
    path: str = request.scope["path"].removeprefix(below)
    front, _, last = path.rpartition("/")
    identifier, action = (front, last) if last in ACTIONS else (path, "")
    first, _, rest = identifier.partition("/")
    unescaped = _unescape(rest) if first == _ESCAPED else None
    return (identifier if unescaped is None else unescaped), action


def organisation_in(request: Request) -> str | None:  # type: ignore[type-arg]
    """Return the slug of the organisation that the address names, if it does."""
    return request.query_params.get("org") or request.query_params.get("organisation") or None


def _is_plain(identifier: str) -> bool:
    parts = identifier.split("/")
    return (
        parts[0] not in {*OTHER_PAGES, _ESCAPED}
        and parts[-1] not in ACTIONS
        and all(part.strip() == part and part.strip(".") for part in parts)
        and identifier.isprintable()
        and not _TAKEN_APART.intersection(identifier)
    )


def _escape(identifier: str) -> str:
    # Not percent signs: browsers resolve %2E%2E, and servers in between decode %2F.
    return f"{_ESCAPED}/{urlsafe_b64encode(identifier.encode()).decode().rstrip('=')}"


def _unescape(text: str) -> str | None:
    try:
        found = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    # base64 has several spellings of the same bytes, and an address should have one.
    return found if found and _escape(found) == f"{_ESCAPED}/{text}" else None
