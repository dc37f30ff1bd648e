"""Stylesheet, script and icons: read at start and served under a name with their content's hash.

The address changes when the file does, so browsers may keep a file for ever. htmx comes from its
wheel, so that no third-party code lies in the repository.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from registry.errors import NotFound

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: its public name, its content as it is and compressed."""

    name: str
    media_type: str
    content: bytes
    compressed: bytes


def _files() -> list[Path]:
    package = find_spec("js_lib_htmx")  # looked up, not imported: it expects Django
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("django-js-lib-htmx, which brings htmx, is not installed")
    htmx = Path(package.submodule_search_locations[0]) / "static" / "htmx" / "htmx.min.js"
    return [*sorted(path for path in STATIC.iterdir() if path.is_file()), htmx]


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its plain name, such as convene.css."""
    found = {}
    for path in _files():
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:12]
        stem, _, suffix = path.name.rpartition(".")
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        found[path.name] = Asset(
            f"{stem}.{digest}.{suffix}", media_type, content, gzip.compress(content, mtime=0)
        )
    return found


@cache
def _by_public_name() -> dict[str, Asset]:
    return {asset.name: asset for asset in assets().values()}


def asset(name: str) -> str:
    """Return the address of a file: /static/convene.0123456789ab.css."""
    return f"/static/{assets()[name].name}"


@get("/static/{name:str}", include_in_schema=False, opt={"exclude_from_auth": True})
async def static_file(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """Send a file, compressed where the browser takes that."""
    found = _by_public_name().get(name)
    if found is None:
        raise NotFound("There is no such file.")
    headers = {"cache-control": _FOREVER, "vary": "Accept-Encoding"}
    content = found.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        content = found.compressed
    return Response(content, media_type=found.media_type, headers=headers)
