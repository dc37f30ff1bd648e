"""Who is asking, and what a browser may do with our pages.

Sessions live on the server: the cookie holds an opaque token, the database its hash. Every form
posts the token of `csrf_input` (htmx sends it as a header, set once on <body>). The
Content-Security-Policy allows files of our own and nothing inline, so a text that somebody
registers can never run.
"""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, Headers, MutableScopeHeaders
from litestar.exceptions import ClientException, ValidationException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)
from litestar.types import Message as ASGIMessage

from registry.accounts import actor_of
from registry.permissions import VISITOR
from registry.settings import Settings

SESSION_COOKIE = "convene_session"
NOTICE_COOKIE = "convene_notice"
CSRF_COOKIE = "convene_csrf"
CSRF_HEADER = "x-csrftoken"
LARGEST_FORM = 2 * 1024 * 1024
"""Bytes of a form that brings no file: the longest description, in any script, in three languages.
To take apart the worst of this size takes about a second."""
_FORM_TYPE = "application/x-www-form-urlencoded"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_ONE_YEAR = 365 * 24 * 3600


KEYED_ADDRESSES = ("/feeds/", "/unsubscribe/", "/contacts/confirm/")
"""Addresses that end in a key: whoever knows one needs no sign-in. No log may hold them."""


def without_key(path: str) -> str:
    """Return a path as it may be written down."""
    return next((f"{start}…" for start in KEYED_ADDRESSES if path.startswith(start)), path)


class SessionAuthentication(AbstractAuthenticationMiddleware):
    """Finds the Actor of a request by its session cookie; without one it is a visitor."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Return the Actor as `request.user` and the session's token as `request.auth`."""
        token = connection.cookies.get(SESSION_COOKIE)
        if not token:
            return AuthenticationResult(user=VISITOR, auth=None)
        async with connection.app.state.database.session() as session:
            return AuthenticationResult(user=await actor_of(session, token), auth=token)


async def add_security_headers(message: ASGIMessage, scope: Scope) -> None:
    """Put the security headers on every response, error pages and files included."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if scope["litestar_app"].state.settings.secure_cookies:
        headers.setdefault("strict-transport-security", f"max-age={_ONE_YEAR}")


def limit_forms(app: ASGIApp) -> ASGIApp:
    """Refuse forms without a file beyond LARGEST_FORM, before anything reads them.

    Any visitor may post, and taking apart a form of tens of megabytes would hold up everybody.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        left = LARGEST_FORM

        async def counted() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            nonlocal left
            message = await receive()
            if message["type"] == "http.request":
                left -= len(message["body"])
                if left < 0:
                    raise ClientException("The form is too large.", status_code=413)
            return message

        plain = Headers.from_scope(scope).get("content-type", "").lower().strip()
        await app(scope, counted if plain.startswith(_FORM_TYPE) else receive, send)

    return limited


async def refuse_nul(request: Request[Any, Any, Any]) -> None:
    """Refuse NUL characters in an address: no text has them, and PostgreSQL can't hold them."""
    if b"%00" in request.scope.get("query_string", b"") or "\x00" in request.scope["path"]:
        raise ValidationException("The address contains a NUL character.")


def csrf_config(settings: Settings) -> CSRFConfig:
    """Return the protection of all unsafe methods against forged requests."""
    return CSRFConfig(
        secret=secret_of(settings),
        cookie_name=CSRF_COOKIE,
        cookie_httponly=True,
        cookie_secure=settings.secure_cookies,
        cookie_samesite="lax",
        header_name=CSRF_HEADER,
    )


def secret_of(settings: Settings) -> str:
    """Return the secret that signs form tokens; made at first use and kept in the home folder."""
    if settings.secret:
        return settings.secret
    path = settings.home / "secret"
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text()


def begin_session(response: Response[Any], token: str, settings: Settings) -> None:
    """Give the browser a new session; whatever it held before is replaced."""
    response.set_cookie(
        Cookie(
            key=SESSION_COOKIE,
            value=token,
            max_age=settings.session_lifetime,
            httponly=True,
            samesite="lax",
            secure=settings.secure_cookies,
        )
    )


def end_session(response: Response[Any]) -> None:
    """Take the session from the browser."""
    response.delete_cookie(SESSION_COOKIE)


def local_path(address: str | None, otherwise: str = "/") -> str:
    """Return the address if it leads to a page of this site, so that no link can send people away.

    A browser reads `//host` and `/\\host` as other sites, and drops control characters.
    """
    if not address or not address.startswith("/") or address[1:2] in {"/", "\\"}:
        return otherwise
    if any(ord(character) < 32 or character == "\\" for character in address):
        return otherwise
    parts = urlsplit(address)
    return otherwise if parts.scheme or parts.netloc else address


def signed(value: dict[str, Any], secret: str) -> str:
    """Return a value for a cookie that only we can have written."""
    body = base64.urlsafe_b64encode(json.dumps(value, default=str).encode()).decode()
    return f"{body}.{_signature(body, secret)}"


def unsigned(text: str | None, secret: str) -> dict[str, Any] | None:
    """Return what `signed` was given, or None when it was not we who wrote it."""
    body, _, signature = (text or "").partition(".")
    expected = _signature(body, secret)
    if not body or not hmac.compare_digest(signature.encode(), expected.encode()):
        return None
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
    return value


def _signature(body: str, secret: str) -> str:
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
