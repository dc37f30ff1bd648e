"""Errors as people and programs are shown them: what happened, and what to do.

Pages get an error page, htmx a short notice in place, `/api/` problem details (RFC 9457).
A stack trace goes to the log, with a number that the page shows.
"""

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from registry.accounts import TooManyAttempts
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound, Unavailable
from registry.messages import Message
from registry.permissions import VISITOR
from web.i18n import sentence
from web.rendering import is_htmx, page
from web.security import without_key

log = structlog.get_logger()

_TITLES = {
    400: sentence("This request can't be understood"),
    403: sentence("You may not do this"),
    404: sentence("There is no such page"),
    405: sentence("This page can't do that"),
    409: sentence("Somebody else was faster"),
    413: sentence("This file is too large"),
    422: sentence("Some of it has to be mended"),
    429: sentence("Too many attempts"),
    500: sentence("Something went wrong on our side"),
    503: sentence("Convene can't answer just now"),
}
_ADVICE = {
    400: sentence("Go back, check what you entered, and try again."),
    403: sentence(
        "If you think you should be able to, ask the administrator of your organisation."
    ),
    404: sentence(
        "It may have been withdrawn, or the address may be mistyped. Search for it instead."
    ),
    405: sentence("Go back and try again from the page itself."),
    409: sentence("Open the page again to see what was changed, then make your change once more."),
    413: sentence("Split it into smaller files and upload them one after the other."),
    422: sentence("Go back and mend the fields below."),
    429: sentence("Wait 15 minutes, then try again."),
    500: sentence(
        "Nothing was saved. Try again; if it fails again, tell the secretariat the number below."
    ),
    503: sentence("Nothing was saved. Try again in a minute."),
}


@dataclass(frozen=True)
class Problem:
    """An error, ready to be shown."""

    status: int
    detail: str = ""
    fields: tuple[FieldError, ...] = ()
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    reference: str | None = None

    @property
    def title(self) -> str:
        """What happened, in one line."""
        return _TITLES.get(self.status) or HTTPStatus(self.status).phrase

    @property
    def advice(self) -> str:
        """What to do now."""
        return _ADVICE.get(self.status, _ADVICE[400])


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911 - one line per kind of error
    """Return how an error is shown."""
    match error:
        case Invalid():
            return Problem(422, fields=error.errors)
        case NotFound():
            return Problem(404, str(error))
        case NotAllowed():
            return Problem(403, str(error))
        case Conflict():
            return Problem(409, str(error), changes=error.changes)
        case TooManyAttempts():
            return Problem(429, str(error))
        case IntegrityError():
            return Problem(409)
        case Unavailable() | OperationalError() | InterfaceError() | ConnectionError():
            return Problem(503)  # how to mend it is for the operator: in the log
        case DBAPIError() if isinstance(getattr(error.orig, "__cause__", None), asyncpg.DataError):
            return Problem(400)
        case HTTPException() if error.status_code < 500:
            return _of_http(error)
    return Problem(500, reference=secrets.token_hex(4))


def _of_http(error: HTTPException) -> Problem:
    fields: tuple[FieldError, ...] = ()
    if isinstance(error.extra, list):
        fields = tuple(
            FieldError(str(one.get("key", "")), Message("{text}", {"text": one["message"]}))
            for one in error.extra
            if isinstance(one, dict) and "message" in one
        )
    if "CSRF" in error.detail:
        return Problem(
            403, "The page was open for too long, or cookies are switched off. Load it again."
        )
    known = error.status_code in _TITLES and error.status_code != 400
    return Problem(error.status_code, "" if known else error.detail, fields)


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer a request whose handler raised an error."""
    problem = problem_of(error)
    _write_down(request, error, problem)
    if request.url.path.startswith("/api/"):
        return _problem_json(problem)
    reader = request.scope.get("user", VISITOR)
    if isinstance(error, NotAllowed) and not reader.signed_in:
        return _to_sign_in(request, problem)
    return _as_page(request, problem)


def _as_page(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    response = page(
        request,
        "errors/error.html",
        fragment="errors/_problem.html",
        status=problem.status,
        problem=problem,
    )
    if is_htmx(request):
        response.headers |= {"hx-retarget": "#problem", "hx-reswap": "innerHTML"}
    return response


def _to_sign_in(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    """Lead a visitor to sign in and back; what was posted can't be brought along."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "GET" and not is_htmx(request):
        return Response(
            "", status_code=303, headers={"location": f"/sign-in?next={quote(wanted, safe='')}"}
        )
    return _as_page(request, problem)


def _problem_json(problem: Problem) -> Response[Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail or problem.advice,
    }
    if problem.fields:
        body["errors"] = [
            {"field": one.field, "message": str(one.message)} for one in problem.fields
        ]
    if problem.changes:
        body["changes"] = {
            name: {"before": before, "now": now} for name, (before, now) in problem.changes.items()
        }
    if problem.reference:
        body["reference"] = problem.reference
    return Response(body, status_code=problem.status, media_type="application/problem+json")


def _write_down(request: Request[Any, Any, Any], error: Exception, problem: Problem) -> None:
    """Log what an operator has to know; addresses without their query, which may name people."""
    path = without_key(request.url.path)
    where = {"method": request.method, "path": path, "status": problem.status}
    if "client disconnected" in getattr(error, "detail", ""):
        log.info("reader left before the answer", **where)
    elif problem.status >= 500:
        log.error("request failed", reference=problem.reference, exc_info=error, **where)
    elif problem.status in {403, 409, 429}:
        log.info("request refused", kind=type(error).__name__, **where)
