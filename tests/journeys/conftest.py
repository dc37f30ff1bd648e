"""A browser, and Convene served as `make run` serves it: a process of its own, its own data."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from registry.demo import DEMO_PASSWORD
from tests.web.post_office import PostOffice, open_post_office

ROOT = Path(__file__).parents[2]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_OUTLINE = {"heading-order", "empty-heading", "page-has-heading-one", "landmark-one-main", "region"}
_START_TIMEOUT = 240
"""Seconds until the demonstration must be loaded and searchable."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the journeys of a file together: they follow each other. Single pages go anywhere."""
    for item in items:
        if ROOT / "tests/journeys" in item.path.parents and item.path.name != "test_every_page.py":
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@dataclass
class Served:
    """A running Convene with the demonstration registry."""

    url: str
    home: Path
    environment: dict[str, str]
    office: PostOffice
    """The mail server that it sends messages to."""

    def convene(self, *arguments: str) -> str:
        """Run the command on the same data and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "web.cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout


@pytest.fixture(scope="session")
def office() -> Iterator[PostOffice]:
    """A mail server for all journeys."""
    with open_post_office() as opened:
        yield opened


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, office: PostOffice) -> Iterator[Served]:
    """Convene with its demonstration, on a free port."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "MEILI_URL", "MEILI_KEY"}
    } | {
        "CONVENE_HOME": str(home),
        "CONVENE_URL": f"http://127.0.0.1:{port}",
        "SMTP_URL": f"smtp://127.0.0.1:{office.port}?tls=no",
        "SMTP_FROM": "Convene <registry@example.org>",
    }
    log = (home / "serve.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "web.cli", "serve", "--demo", "--port", str(port)],
        env=environment,
        cwd=ROOT,
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/readyz", process, home / "serve.log")
        yield Served(url, home, environment, office)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if not any(json.load(answer)["waiting"].values()):
                    return  # indexed, and every project compared with the others
            time.sleep(0.5)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"Convene did not start:\n{log.read_text()[-3000:]}")


# Playwright keeps an event loop running while it is open, so it is closed after the last journey.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The Chromium of the machine, headless."""
    path = os.environ.get("CHROMIUM") or next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if path is None:
        pytest.fail("The journeys need Chromium: run `make chromium`, or set CHROMIUM to its path.")
    arguments = [
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        # Chromium prepares the suggestions of its address bar for every window that it opens, in
        # processes of their own. Nobody types there, and it takes a third of all processor time.
        "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=arguments)
        yield opened
        opened.close()


BOTH_WIDTHS: Any = {"params": [WIDE, NARROW], "ids": ["wide", "narrow"]}


@pytest.fixture(**BOTH_WIDTHS)
def context(
    browser: Browser, served: Served, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """A fresh browser window, at 1280 and at 390 pixels."""
    with _machine(browser, served, request.param) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when a script breaks or the security policy is violated."""
    opened = context.new_page()
    complaints = _complaints_of(opened)
    yield opened
    assert complaints == []


@pytest.fixture(scope="module", **BOTH_WIDTHS)
def window(
    browser: Browser, served: Served, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, list[str]]]:
    """A window that stays open, since that takes longer than a page; and what broke in it."""
    with _machine(browser, served, request.param) as opened:
        page = opened.new_page()
        yield page, _complaints_of(page)


@pytest.fixture
def visitor(window: tuple[Page, list[str]]) -> Iterator[Page]:
    """Somebody who only looks at pages: like `page`, but in a window where others were before."""
    page, complaints = window
    page.context.clear_cookies()
    complaints.clear()
    yield page
    assert complaints == []


ComeBack = Callable[[Page, str], None]
"""Signs somebody in (e-mail) who has a session already."""


@pytest.fixture(scope="session")
def come_back(served: Served) -> ComeBack:
    """People who sign in once, and then bring their cookies along."""
    sessions: dict[str, list[Any]] = {}

    def coming(page: Page, email: str) -> None:
        if email in sessions:
            page.context.add_cookies(sessions[email])
        else:
            sign_in(page, email)
            sessions[email] = page.context.cookies()

    return coming


SignIn = Callable[..., Page]
"""Signs somebody in (e-mail, password) at a machine of their own, and gives their page."""


@pytest.fixture
def arrive(browser: Browser, served: Served, page: Page) -> Iterator[SignIn]:
    """More people, each at a machine of their own, with screens like that of `page`."""
    complaints: list[list[str]] = []
    with ExitStack() as machines:

        def arriving(email: str, password: str = DEMO_PASSWORD) -> Page:
            machine = machines.enter_context(_machine(browser, served, page.viewport_size))
            opened = machine.new_page()
            complaints.append(_complaints_of(opened))
            sign_in(opened, email, password)
            return opened

        yield arriving
    assert not any(complaints), complaints


@contextmanager
def _machine(browser: Browser, served: Served, viewport: Any) -> Iterator[BrowserContext]:
    """Open a browser that nobody has used, with a screen of this size, and close it."""
    opened = browser.new_context(
        base_url=served.url, viewport=viewport, locale="en-GB", reduced_motion="reduce"
    )
    opened.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    yield opened
    opened.close()


def _complaints_of(page: Page) -> list[str]:
    """Return a list that takes up what breaks on a page from now on."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: (
            complaints.append(line.text) if "Content Security Policy" in line.text else None
        ),
    )
    return complaints


def sign_in(page: Page, email: str, password: str = DEMO_PASSWORD) -> None:
    """Sign in through the form, as one of the demonstration's people."""
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def check_accessibility(page: Page) -> None:
    """Fail when axe finds a serious violation or a broken outline, or the page scrolls sideways."""
    found = _violations(page)
    check_width(page)
    assert _serious(found) == [], page.url


def check_contrast_in_the_dark(page: Page) -> None:
    """Fail when something can hardly be read by those whose system is dark.

    Only in the wide window: colours are the same in both.
    """
    if page.viewport_size == NARROW:
        return
    page.emulate_media(color_scheme="dark")
    found = _violations(page, runOnly=["color-contrast"])
    page.emulate_media(color_scheme="light")
    assert _serious(found) == [], page.url


def _violations(page: Page, **options: Any) -> list[dict[str, Any]]:
    """Run axe, all rules or those of the options; its script is sent to a page once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    run = "options => axe.run(options).then(results => results.violations)"
    found: list[dict[str, Any]] = page.evaluate(run, {"resultTypes": ["violations"]} | options)
    return found


def _serious(violations: list[dict[str, Any]]) -> list[str]:
    """Return those that bar somebody's way, and headings that do not lead through the page."""
    return [
        f"{v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes'][:3]]}"
        for v in violations
        if v["impact"] in {"serious", "critical"} or v["id"] in _OUTLINE
    ]


def check_width(page: Page) -> None:
    """Fail when the page is wider than the window."""
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{page.url} is {overflow} px wider than the window"
