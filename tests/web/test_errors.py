"""Errors say what happened and what to do, on pages and to programs."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from litestar.exceptions import NotFoundException, ValidationException
from sqlalchemy.exc import OperationalError

from registry.database import Database
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound, Unavailable
from registry.messages import message
from registry.settings import Settings
from tests.web.conftest import Browser, text_of
from web.app import create_app
from web.errors import problem_of

REFUSED = Invalid([FieldError("title", message("Give a title."))])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (REFUSED, 422),
        (NotFound("There is no such case."), 404),
        (NotAllowed("Not yours."), 403),
        (Conflict("Too late.", {"title": ("a", "b")}), 409),
        (Unavailable("The server sleeps."), 503),
        (OperationalError("select", {}, Exception("refused")), 503),
        (ValidationException("bad"), 400),
        (NotFoundException(), 404),
        (RuntimeError("secret detail"), 500),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert problem.title and problem.advice
    assert "secret detail" not in problem.detail


async def test_an_unknown_page(browser: Browser) -> None:
    answer = await browser.get("/no/such/page")
    assert answer.status_code == 404
    text = text_of(answer)
    assert "There is no such page" in text
    assert "Search" in text


async def test_a_visitor_is_led_to_sign_in(browser: Browser) -> None:
    answer = await browser.get("/account")
    assert answer.url.path == "/sign-in"
    assert answer.url.params["next"] == "/account"


async def test_an_unexpected_error_shows_a_number_and_no_trace(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    browser.app.state.engine = None  # what no one expects
    answer = await browser.get("/readyz?email=a@example.org")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    logged = capsys.readouterr().err
    assert "Traceback" in logged
    assert "a@example.org" not in logged
    reference = text_of(answer).split("the number below.")[1].split()[0]
    assert reference in logged


async def test_htmx_is_told_in_place(browser: Browser) -> None:
    answer = await browser.fragment("/countries/ZZ")
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#problem"
    assert "<html" not in answer.text


async def test_programs_get_problem_details(browser: Browser) -> None:
    answer = await browser.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == 404
    assert problem["title"]
    assert problem["detail"]


async def test_a_database_that_is_away_is_told_apart_from_a_fault(tmp_path: Path) -> None:
    away = Database(f"postgresql+asyncpg://postgres@/nothing?host={tmp_path}")
    app = create_app(Settings(home=tmp_path), database=away, background=False)
    async with LifespanManager(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://convene.test") as client:
            page = await client.get("/countries")
            ready = await client.get("/readyz")
            alive = await client.get("/healthz")
    assert page.status_code == 503
    assert "Try again in a minute" in page.text
    assert str(tmp_path) not in page.text
    assert ready.status_code == 503
    assert alive.status_code == 200
