"""The web application: everything is wired here and nowhere else."""

import logging
import pkgutil
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import structlog
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.plugins.htmx import HTMXPlugin, HTMXRequest
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from sqlmodel.ext.asyncio.session import AsyncSession

import web.api.v1
import web.pages
from registry import news
from registry.database import Database
from registry.errors import Unavailable
from registry.mail_settings import mail_settings
from registry.overlap import detector
from registry.permissions import Actor
from registry.settings import Settings
from registry.settings import settings as settings_of_environment
from search import sync
from search.engine import SearchEngine, open_engine
from web.assets import static_file
from web.background import Work, running
from web.delivery import compression
from web.errors import respond
from web.import_processes import follow_imports
from web.kept_counts import KeptCounts
from web.mail.post import Post
from web.page_cache import PageCache
from web.rendering import environment
from web.security import (
    SessionAuthentication,
    add_security_headers,
    csrf_config,
    limit_forms,
    refuse_nul,
    secret_of,
)

_FORM_OVERHEAD = 1024 * 1024
"""What a form may weigh besides its file, in bytes."""


def create_app(
    settings: Settings | None = None,
    *,
    database: Database | None = None,
    background: bool = True,
) -> Litestar:
    """Return the application.

    `database` is one that is open already and is left open; without it the application opens its
    own. Without `background` nothing but requests is worked on.
    """
    settings = settings or settings_of_environment()
    configure_logging()
    pages = PageCache()
    return Litestar(
        route_handlers=[static_file, *_handlers()],
        state=State({"settings": settings, "pages": pages, "kept_counts": KeptCounts()}),
        lifespan=[partial(_lifespan, database, background)],
        dependencies={
            "session": Provide(provide_session),
            "database": Provide(provide_database, sync_to_thread=False),
            "reader": Provide(provide_reader, sync_to_thread=False),
            "engine": Provide(provide_engine, sync_to_thread=False),
        },
        plugins=[HTMXPlugin()],
        request_class=HTMXRequest,
        template_config=TemplateConfig(instance=JinjaTemplateEngine(engine_instance=environment())),
        csrf_config=csrf_config(settings),
        compression_config=compression(),
        middleware=[limit_forms, pages, DefineMiddleware(SessionAuthentication)],
        before_request=refuse_nul,
        before_send=[add_security_headers],
        exception_handlers={Exception: respond, HTTPException: respond},
        request_max_body_size=settings.max_upload + _FORM_OVERHEAD,
        openapi_config=None,
        logging_config=None,
    )


def _handlers() -> list[Any]:
    """Return the handlers of every module in web/pages, and of the API."""
    modules = [
        import_module(f"{package.__name__}.{module.name}")
        for package in (web.pages, web.api.v1)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    return [handler for module in modules for handler in getattr(module, "handlers", [])]


async def provide_session(request: Request[Any, Any, Any]) -> AsyncIterator[AsyncSession]:
    """Give the transaction of a request: committed when it succeeds, else rolled back."""
    async with request.app.state.database.session() as session:
        yield session


def provide_database(request: Request[Any, Any, Any]) -> Database:
    """Give the database, for work that is committed before the request ends."""
    database: Database = request.app.state.database
    return database


def provide_reader(request: Request[Any, Any, Any]) -> Actor:
    """Give who asks: the signed-in person, or a visitor."""
    reader: Actor = request.user
    return reader


def provide_engine(request: Request[Any, Any, Any]) -> SearchEngine:
    """Give the search engine."""
    engine: SearchEngine = request.app.state.engine
    return engine


@asynccontextmanager
async def _lifespan(given: Database | None, background: bool, app: Litestar) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    database = given or await Database.open(settings)
    try:
        engine = await open_engine(settings)
        app.state.database, app.state.engine = database, engine
        try:
            async with _works(database, engine, settings, background):
                yield
        finally:
            await app.state.kept_counts.close()
            await engine.close()
    finally:
        await app.state.pages.close()
        if given is None:
            await database.close()


def _works(
    database: Database, engine: SearchEngine, settings: Settings, wanted: bool
) -> AbstractAsyncContextManager[None]:
    if not wanted:
        return running({})
    works: dict[str, Work] = {
        "search index": lambda: sync.follow(database, engine),
        "overlap detector": lambda: detector.follow(database),
        "imports": lambda: follow_imports(database, settings),
        "news": lambda: news.follow(database),
    }
    try:
        mail = mail_settings(settings)
    except Unavailable as error:
        structlog.get_logger().error("no messages are sent", reason=str(error))
    else:
        if mail is not None:
            works |= Post.of(database, engine, mail, secret_of(settings)).works()
    return running(works)


def configure_logging() -> None:
    """Write logs as lines of JSON: time, level, event and its facts; no personal data."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        # A command that ran in this process before may have left out what is only worth knowing.
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
