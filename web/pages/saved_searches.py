"""The searches that somebody keeps: the list, what is new in one, and how they are told of it."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import saved_searches as saved
from registry.catalogue import project_views, readable_ids
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.mail_settings import sends_mail
from registry.messages import message
from registry.models import SavedSearch
from registry.news import newest_number
from registry.permissions import Actor
from registry.saved_searches import AlreadySaved
from search.engine import SearchEngine
from search.whats_new import WhatsNew, count_new, whats_new
from web import i18n
from web.i18n import sentence
from web.pages.feeds import SUFFIX
from web.project_addresses import address_of, site_of
from web.project_search import organisation_labels, parameters_of, query_of
from web.rendering import page, redirect
from web.saved_searches import (
    feed_key,
    in_words,
    organisations_named,
    queries_of_saved,
    query_of_saved,
    search_address,
)
from web.security import secret_of

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
LIST = "/account/searches"
MOST_COUNTED = 100
"""What is new is counted to here on the list; beyond it says 'more than'."""
MOST_SHOWN = 50
FREQUENCIES = (
    ("never", sentence("No messages")),
    ("daily", sentence("Daily, when something is new")),
    ("weekly", sentence("On Mondays, when something is new")),
)


@get("/account/searches")
async def list_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Response[Any]:
    """Show all of a person's searches, what they ask, and how much is new in each."""
    searches = await saved.own_searches(session, reader)
    read = await queries_of_saved(session, searches, reader)
    queries = {search.id: query for search, query in zip(searches, read, strict=True)}
    asked = {
        search.id or 0: (query, search.seen_number)
        for search in searches
        if (query := queries[search.id]) is not None
    }
    new = await count_new(session, engine, asked, MOST_COUNTED + 1)
    organisations = await organisation_labels(session, organisations_named(queries.values()))
    language = i18n.language_of(request)
    words = {
        key: in_words(query, reader, organisations, language) for key, (query, _) in asked.items()
    }
    return page(
        request,
        "account/searches.html",
        searches=searches,
        words=words,
        new=new,
        search_address=search_address,
        most_counted=MOST_COUNTED,
        most=saved.MOST_SEARCHES,
        **_about_messages(request),
    )


@get("/account/searches/new")
async def new_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show the form that saves the search of the parameters; visitors sign in first."""
    return await _form(request, session, reader, request.url.query)


@post("/account/searches", status_code=200)
async def save(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Form
) -> Response[Any]:
    """Save a search, and lead back to it."""
    asked = data.get("query", "")
    query = await query_of(session, reader, saved.parameters_in(asked))
    try:
        search = await saved.save_search(
            session,
            reader,
            saved.query_string(parameters_of(query)),
            **_settings(request, data),
        )
    except AlreadySaved as error:
        return _saved_before(request, error.search)
    except Invalid as error:
        return await _form(request, session, reader, asked, values=data, errors=error.errors)
    done = message("The search is saved. You find it under your name, in “Saved searches”.")
    return redirect(request, search_address(search), notice=done)


@get("/account/searches/{search_id:int}")
async def search_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine, search_id: int
) -> Response[Any]:
    """Show what is new in a search, and how its owner is told."""
    search = await saved.own_search(session, reader, search_id)
    return await _search_page(request, session, reader, engine, search)


@post("/account/searches/{search_id:int}", status_code=200)
async def change(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    engine: SearchEngine,
    search_id: int,
    data: Form,
) -> Response[Any]:
    """Rename a search, or change how often messages come."""
    version = data.get("version", "")
    errors: tuple[FieldError, ...]
    try:
        await saved.change_search(
            session,
            reader,
            search_id,
            version=int(version[:9]) if version.isdecimal() else 0,
            **_settings(request, data),
        )
    except Conflict:
        said = message("You have changed this search in another window. This is how it is now.")
        errors, data, status = (FieldError("", said),), {}, 409
    except Invalid as error:
        errors, status = error.errors, 422
    else:
        return redirect(request, f"{LIST}/{search_id}", notice=message("The change is saved."))
    search = await saved.own_search(session, reader, search_id)
    return await _search_page(
        request, session, reader, engine, search, values=data, errors=errors, status=status
    )


@post("/account/searches/{search_id:int}/{action:str}", status_code=200)
async def act(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    search_id: int,
    action: str,
    data: Form,
) -> Response[Any]:
    """Delete a search, note that its news are seen, or make or end the address of its feed."""
    address = f"{LIST}/{search_id}"
    if action == "delete":
        await saved.delete_search(session, reader, search_id)
        return redirect(request, LIST, notice=message("The search is deleted."))
    if action == "seen":
        number = data.get("upto", "")
        await saved.mark_seen(
            session, reader, search_id, int(number[:18]) if number.isdecimal() else 0
        )
        return redirect(request, LIST)
    if action == "feed":
        await saved.renew_feed(session, reader, search_id)
        done = message("The feed has an address. Keep it to yourself: it needs no password.")
        return redirect(request, f"{address}#feed", notice=done)
    if action == "end-feed":
        await saved.end_feed(session, reader, search_id)
        done = message("The feed has ended; its address answers no more.")
        return redirect(request, f"{address}#feed", notice=done)
    raise NotFound("There is no such page.")


async def _form(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    asked: str,
    values: Mapping[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
) -> Response[Any]:
    """Show the form for a new search, or that it was saved before."""
    query = await query_of(session, reader, saved.parameters_in(asked))
    parameters = saved.query_string(parameters_of(query))
    mark = saved.fingerprint(parameters)
    for search in await saved.own_searches(session, reader):
        if search.fingerprint == mark:
            return _saved_before(request, search)
    language = i18n.language_of(request)
    organisations = await organisation_labels(session, organisations_named([query]))
    words = in_words(query, reader, organisations, language)
    given = values or {}
    return page(
        request,
        "account/new_search.html",
        status=422 if errors else 200,
        query=parameters,
        words=words,
        name=given.get("name", ", ".join(said for _, said in words)[: saved.LONGEST_NAME]),
        frequency=given.get("frequency", "weekly" if sends_mail(_options(request)) else "never"),
        message_language=given.get("language", language),
        errors=errors,
        **_about_messages(request),
    )


async def _search_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    engine: SearchEngine,
    search: SavedSearch,
    *,
    values: Mapping[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Response[Any]:
    query = await query_of_saved(session, search, reader)
    new, ids = WhatsNew(await newest_number(session), []), list[int]()
    if query is not None:
        new = await whats_new(session, engine, query, search.seen_number)
        ids = await readable_ids(session, reader, (one.project_id for one in new.news))
    organisations = await organisation_labels(session, organisations_named([query]))
    key = feed_key(search, secret_of(_options(request)))
    given = values or {}
    return page(
        request,
        "account/search.html",
        status=status,
        search=search,
        readable=query is not None,
        words=in_words(query, reader, organisations, i18n.language_of(request)) if query else [],
        search_address=search_address,
        views=await project_views(session, reader, ids[:MOST_SHOWN]),
        news={one.project_id: one for one in new.news},
        new_total=len(ids),
        upto=new.upto,
        address_of=address_of,
        feed_address=f"{site_of(request)}/feeds/{key}{SUFFIX}" if key else None,
        name=given.get("name", search.name),
        frequency=given.get("frequency", search.frequency),
        message_language=given.get("language", search.language),
        errors=errors,
        **_about_messages(request),
    )


def _saved_before(request: HTMXRequest, search: SavedSearch) -> Response[Any]:
    known = message("You have saved this search already, as “{name}”.", name=search.name)
    return redirect(request, f"{LIST}/{search.id}", notice=known)


def _settings(request: HTMXRequest, data: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form says about name and messages; nothing waits where none are sent."""
    options = _options(request)
    return {
        "name": data.get("name", ""),
        "frequency": data.get("frequency", "never") if sends_mail(options) else "never",
        "language": data.get("language") or i18n.language_of(request),
        "hour": options.digest_hour,
    }


def _about_messages(request: HTMXRequest) -> dict[str, Any]:
    """Return what the pages say about messages in this registry."""
    options = _options(request)
    return {
        "sends_mail": sends_mail(options),
        "hour": options.digest_hour,
        "frequencies": FREQUENCIES,
        "feed_suffix": SUFFIX,
    }


def _options(request: HTMXRequest) -> Any:
    return request.app.state.settings


handlers = [list_page, new_page, save, search_page, change, act]
