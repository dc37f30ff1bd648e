"""How answers travel: compressed, and not at all when the browser has them already.

Compressing a page that holds a secret (the form token) next to words that a stranger chose could
give the secret away by the page's size (BREACH, Gluck, Harris and Prado 2013). A stranger can only
choose words by sending the browser here from another site, so such requests get plain pages.
"""

import hashlib
from typing import Any

from litestar import Request
from litestar.config.compression import CompressionConfig
from litestar.datastructures import Headers
from litestar.middleware.compression import CompressionMiddleware
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

_SMALLEST = 1024  # bytes; less goes into one packet anyway
_LEVEL = 5  # of gzip: most of the saving, in half the time of the highest
_OF_A_BODY = ("content-length", "content-type")
_COMPRESSED_ALREADY = ["^/static/", r"\.(xlsx|pdf)$"]


class CompressionWithinSite(CompressionMiddleware):
    """Compresses unless the browser comes from another site."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer compressed or plain."""
        if Headers.from_scope(scope).get("sec-fetch-site") == "cross-site":
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def compression() -> CompressionConfig:
    """Return how the application compresses."""
    return CompressionConfig(
        backend="gzip",
        minimum_size=_SMALLEST,
        gzip_compress_level=_LEVEL,
        middleware_class=CompressionWithinSite,
        exclude=_COMPRESSED_ALREADY,
    )


def has_already(request: Request[Any, Any, Any], tag: str) -> bool:
    """Say whether the browser has the content of this name."""
    names = request.headers.get("if-none-match", "").split(",")
    return tag in (name.strip() for name in names)


def unless_known(request: Request[Any, Any, Any], response: ASGIResponse) -> ASGIResponse:
    """Name the content of a page by its hash; send nothing when the browser has just that.

    The name is weak, since it is the same for the compressed and the plain page.
    """
    if request.method not in ("GET", "HEAD") or response.status_code != 200:
        return response
    tag = f'W/"{hashlib.blake2b(bytes(response.body), digest_size=12).hexdigest()}"'
    if has_already(request, tag):
        kept = [pair for pair in response.headers.items() if pair[0] not in _OF_A_BODY]
        return ASGIResponse(status_code=304, headers=[*kept, ("etag", tag)], media_type="text/html")
    response.headers["etag"] = tag
    return response
