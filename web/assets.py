"""Stylesheet, script, icons and pictures: read at start, served under a name with their hash.

The address changes when the file does, so browsers may keep a file for ever. htmx comes from its
wheel, so that no third-party code lies in the repository.
"""

import gzip
import hashlib
import mimetypes
import struct
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, get

from registry.errors import NotFound

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: its public name, its content as it is and compressed."""

    name: str
    media_type: str
    content: bytes
    compressed: bytes | None
    """None for what is compressed already, such as pictures."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a PNG in pixels. Raises ValueError for any other file."""
        if not self.content.startswith(_PNG):
            raise ValueError(f"{self.name} is not a PNG")
        width, height = struct.unpack_from(">II", self.content, 16)  # of its first chunk, IHDR
        return width, height


def _files() -> dict[str, Path]:
    """Return name -> file; those in folders have the folder in their name: help/plan.en.png."""
    package = find_spec("js_lib_htmx")  # looked up, not imported: it expects Django
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("django-js-lib-htmx, which brings htmx, is not installed")
    htmx = Path(package.submodule_search_locations[0]) / "static" / "htmx" / "htmx.min.js"
    found = (path for path in sorted(STATIC.rglob("*")) if path.is_file())
    own = {path.relative_to(STATIC).as_posix(): path for path in found}
    return own | {htmx.name: htmx}


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its plain name, such as convene.css."""
    found = {}
    for name, path in _files().items():
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:12]
        stem, _, suffix = name.rpartition(".")
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        compressed = None if suffix == "png" else gzip.compress(content, mtime=0)
        found[name] = Asset(f"{stem}.{digest}.{suffix}", media_type, content, compressed)
    return found


@cache
def _by_public_name() -> dict[str, Asset]:
    return {asset.name: asset for asset in assets().values()}


def asset(name: str) -> str:
    """Return the address of a file: /static/convene.0123456789ab.css."""
    return f"/static/{assets()[name].name}"


@get("/static/{name:path}", include_in_schema=False, opt={"exclude_from_auth": True})
async def static_file(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """Send a file, compressed where the browser takes that."""
    found = _by_public_name().get(name.removeprefix("/"))
    if found is None:
        raise NotFound("There is no such file.")
    headers = {"cache-control": _FOREVER, "vary": "Accept-Encoding"}
    content = found.content
    if found.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        content = found.compressed
    return Response(content, media_type=found.media_type, headers=headers)
