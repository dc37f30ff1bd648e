"""Whom the web server believes about where a request comes from."""

from typing import Any

import httpx
import pytest

from registry.settings import Settings
from web.server import GreetingServer


async def says_who(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the scheme and address that reached the application."""
    said = f"{scope['scheme']} {scope['client'][0]}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": said})


@pytest.mark.parametrize(
    ("setting", "proxy", "said"),
    [
        (None, "127.0.0.1", "https 203.0.113.7"),
        (None, "172.18.0.1", "http 172.18.0.1"),
        ("", "172.18.0.1", "http 172.18.0.1"),
        ("172.16.0.0/12, 10.0.0.5", "172.18.0.1", "https 203.0.113.7"),
        ("172.16.0.0/12, 10.0.0.5", "10.0.0.5", "https 203.0.113.7"),
        ("172.16.0.0/12, 10.0.0.5", "10.0.0.6", "http 10.0.0.6"),
    ],
)
async def test_only_the_named_proxies_say_for_whom_they_ask(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, proxy: str, said: str
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if setting is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", setting)
    server = GreetingServer(says_who, "", Settings().forwarded_allow_ips)
    server.config.load()
    app: Any = server.config.loaded_app
    transport = httpx.ASGITransport(app=app, client=(proxy, 4711))
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(transport=transport, base_url="http://convene.test") as client:
        assert (await client.get("/", headers=headers)).text == said
