"""The web server: uvicorn, quiet, with a greeting."""

import socket
import sys
from typing import Any

import uvicorn

GRACE = 5
"""Seconds that requests may take to end after Ctrl-C."""


class GreetingServer(uvicorn.Server):
    """A web server that says where it is once it really answers.

    `proxies` are addresses or networks, with commas between them: what these say in
    X-Forwarded-For and X-Forwarded-Proto counts; the same from anybody else does not.
    """

    def __init__(self, app: Any, greeting: str, proxies: str) -> None:
        self.greeting = greeting
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                lifespan="on",
                server_header=False,
                proxy_headers=True,
                forwarded_allow_ips=proxies,
                timeout_graceful_shutdown=GRACE,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then greet."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(self.greeting)
            sys.stdout.flush()
