"""From a handler's data to a page.

How to add a page
-----------------
1. `web/pages/<area>.py`: a handler, listed in `handlers` at the end of the module (`web.app` finds
   it there). It may ask for `session: AsyncSession` (the transaction of the request), `reader:
   Actor` (who asks) and `engine: SearchEngine` by naming them as parameters:

       @get("/countries/{code:str}")
       async def country_page(request: HTMXRequest, session: AsyncSession, reader: Actor,
                              code: str) -> Page:
           overview = await country_overview(session, reader, code)
           return page(request, "countries/country.html", overview=overview)

       handlers = [country_page]

2. `web/templates/<area>/page.html` extends `base.html` and fills the blocks `title` and `content`.
   Where a part is replaced by htmx, put it in a file of its own, `<area>/_results.html`, include it
   in the page, and name it as `fragment=`: the same address answers htmx with that part alone.
3. Texts: `{{ _('Find projects') }}`. Domain sentences: `{{ error.message|say }}`.
   Filters: `label('pillars')`, `country`, `region`, `number`, `amount(currency)`,
   `short_amount(currency)`, `day`, `moment`, `percent`; `period(start, end)` is a function.
   `project_address(identifier, slug)` is the address of a project's page.
   `here(page=2)` is the present address with other parameters (None removes one).
   Macros: `macros/forms.html`, `macros/marks.html`, `macros/lists.html`, `macros/charts.html`.
4. After a change: `return redirect(request, "/projects/…", notice=message("Published."))`.
   When the form was wrong, render it again with `status=422` and `errors=` (FieldErrors), and
   begin it with `{{ forms.error_summary(errors) }}`.
   Anything else: raise an error of `registry.errors`; `web.errors` shows it.

Every form that posts contains `{{ csrf_input|safe }}`. Nothing inline: no `style=`, `onclick=`,
`<script>` or `hx-on`; the Content-Security-Policy refuses them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template
from litestar.response.base import ASGIResponse
from litestar.utils.scope.state import ScopeState

from registry import codelists
from registry.messages import Message
from registry.permissions import VISITOR, may
from web import charts, formats, i18n
from web.assets import asset
from web.delivery import unless_known
from web.project_addresses import project_address
from web.security import NOTICE_COOKIE, SESSION_COOKIE, secret_of, signed, unsigned

TEMPLATES = Path(__file__).parent / "templates"
_ONE_YEAR = 365 * 24 * 3600
_NOTICE_LIFETIME = 60


class Page(Template):
    """A page or a fragment, written in the language of its reader."""

    def to_asgi_response(self, app: Any, request: Any, **kwargs: Any) -> ASGIResponse:
        """Render; Litestar calls this after the handler has returned."""
        with i18n.speaking(i18n.language_of(request)):
            response = super().to_asgi_response(app, request, **kwargs)
        return response if _is_kept_nowhere(request) else unless_known(request, response)

    def create_template_context(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Add what every page knows to what the handler gave."""
        return {**_surroundings(request), **super().create_template_context(request)}


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    fragment: str | None = None,
    status: int = 200,
    **context: Any,
) -> Page:
    """Return the whole page, or only its fragment when htmx asks for it."""
    chosen = fragment if fragment and wants_fragment(request) else template
    response = Page(
        chosen,
        context=context,
        status_code=status,
        media_type="text/html",
        headers={
            "vary": "HX-Request, Cookie, Accept-Language",
            "cache-control": _cache_control(request),
        },
    )
    _remember_language(request, response)
    if request.cookies.get(NOTICE_COOKIE):
        response.delete_cookie(NOTICE_COOKIE)
    return response


def redirect(
    request: Request[Any, Any, Any], path: str, *, notice: Message | None = None
) -> Response[Any]:
    """Send the reader to another page of ours after a change, which then shows the notice.

    To htmx this is a header, since it would follow an ordinary redirect within the fragment.
    """
    response: Response[Any]
    if is_htmx(request):
        response = Response("", headers={"hx-redirect": path}, media_type="text/html")
    else:
        response = Redirect(path, status_code=303)
    if notice is not None:
        settings = request.app.state.settings
        response.set_cookie(
            Cookie(
                key=NOTICE_COOKIE,
                value=signed(notice.as_json(), secret_of(settings)),
                max_age=_NOTICE_LIFETIME,
                httponly=True,
                samesite="lax",
                secure=settings.secure_cookies,
            )
        )
    return response


def is_htmx(request: Request[Any, Any, Any]) -> bool:
    """Tell whether htmx made this request."""
    return isinstance(request, HTMXRequest) and bool(request.htmx)


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Tell whether htmx wants a part of the page, not a whole page for its history."""
    return (
        is_htmx(request)
        and not request.headers.get("hx-history-restore-request")
        and not request.headers.get("hx-boosted")
    )


@cache
def environment() -> Environment:
    """Return Jinja with the filters and functions that templates use.

    One for the process: a template takes some 50 ms to compile.
    """
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    jinja.install_gettext_callables(  # type: ignore[attr-defined]
        i18n.gettext, i18n.ngettext, newstyle=True
    )
    told: dict[str, Callable[..., Any]] = {
        "say": i18n.say,
        "label": _label,
        "with_label": lambda code, scheme: (code, _label(code, scheme)),
        "country": lambda code: codelists.country_name(code, i18n.language()),
        "region": lambda code: codelists.region_name(code, i18n.language()),
        "region_link": lambda code: (
            f"/regions/{code}",
            codelists.region_name(code, i18n.language()),
        ),
        "number": formats.number,
        "percent": formats.percent,
        "signed": formats.signed,
        "amount": formats.amount,
        "short_amount": formats.short_amount,
        "day": formats.day,
        "month": formats.month,
        "moment": formats.moment,
    }
    jinja.filters |= {name: _when_shown(tell) for name, tell in told.items()}
    jinja.globals |= {
        "asset": asset,
        "period": formats.period,
        "project_address": project_address,
        "scheme": codelists.scheme,
        "sum_up": charts.sum_up,
        "pillar_of": codelists.pillar_of,
        "PILLAR_PREFIX": codelists.PILLAR_PREFIX,
        "LANGUAGES": i18n.LANGUAGES,
        "language": i18n.language,
        "today": lambda: datetime.now(UTC).date(),
    }
    return jinja


def _when_shown(tell: Callable[..., Any]) -> Callable[..., Any]:
    """Keep Jinja from applying a filter to a constant when it compiles: 0.99 is 0,99 in French."""

    @pass_context
    def filtered(_context: Context, *arguments: Any) -> Any:
        return tell(*arguments)

    return filtered


def _label(code: str | None, scheme: str) -> str:
    return "–" if code is None else codelists.label(scheme, code, i18n.language())


def _surroundings(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return what base.html needs; also on error pages, where no handler was reached."""
    reader = request.scope.get("user") or VISITOR
    token = ScopeState.from_scope(request.scope).csrf_token
    notice = unsigned(request.cookies.get(NOTICE_COOKIE), secret_of(request.app.state.settings))
    return {
        "reader": reader,
        "may": lambda action, organisation_id=None, country=None: may(
            reader, action, organisation_id, country
        ),
        "has_session": "user" not in request.scope and SESSION_COOKIE in request.cookies,
        "csrf_token": token if isinstance(token, str) else "",
        "path": request.url.path,
        "here": _address_maker(request),
        "notice": notice,
    }


def _address_maker(request: Request[Any, Any, Any]) -> Callable[..., str]:
    pairs = [(name, value) for name, value in request.query_params.multi_items() if value]

    def here(**changes: Any) -> str:
        """Return the present address with some parameters changed; None removes one."""
        kept = [(name, value) for name, value in pairs if name not in changes]
        for name, value in changes.items():
            if value is None:
                continue
            values = value if isinstance(value, list | tuple) else [value]
            kept += [(name, str(one)) for one in values]
        query = urlencode(kept)
        return f"{request.url.path}?{query}" if query else request.url.path

    return here


def _cache_control(request: Request[Any, Any, Any]) -> str:
    """Pages of somebody who is signed in leave no copy on a computer that others use."""
    return "no-store" if _is_kept_nowhere(request) else "private, no-cache"


def _is_kept_nowhere(request: Request[Any, Any, Any]) -> bool:
    reader = request.scope.get("user") or VISITOR
    return bool(reader.signed_in)


def _remember_language(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    wanted = request.query_params.get("lang")
    if wanted in i18n.LANGUAGES:
        response.set_cookie(
            Cookie(
                key=i18n.LANGUAGE_COOKIE,
                value=wanted,
                max_age=_ONE_YEAR,
                httponly=True,
                samesite="lax",
                secure=request.app.state.settings.secure_cookies,
            )
        )
