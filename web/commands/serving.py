"""`convene serve`: database, index, background work and pages in one process."""

import argparse
import signal
import socket
from ipaddress import ip_address
from typing import Any

from registry.database import Database
from registry.errors import Unavailable
from registry.overlap.model import model_in_use
from registry.settings import settings
from web.commands.console import Console, as_json, open_database


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the command and its arguments."""
    serve = commands.add_parser(
        "serve", parents=[shared], help="serve the pages (and everything they need)"
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    serve.add_argument(
        "--demo",
        action="store_true",
        help="fill an empty registry with the demonstration, and show its sign-ins",
    )
    serve.set_defaults(run=run_serve)


async def run_serve(options: argparse.Namespace, console: Console) -> int:
    """Serve until Ctrl-C or SIGTERM, then finish what is under way."""
    model_in_use()  # a file that is no model is to be told of before anything is judged
    listening = _listen(options.host, options.port)
    try:
        async with open_database() as database:
            demo = await _demonstrate(database, console) if options.demo else None
            if demo and not _is_loopback(listening):
                console.say(
                    "Others can reach this address, and all know the demonstration's password."
                )
            await _serve(database, listening, _address(listening), demo, console)
    finally:
        listening.close()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is begun."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        # asyncio sends small answers at once only where it is told that this is TCP.
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OverflowError as error:
        raise Unavailable(f"There is no port {port}.") from error
    except OSError as error:
        raise Unavailable(
            f"Convene can't listen on {host}:{port} ({error.strerror}). Choose another with "
            "--port or --host."
        ) from error
    return listening


def _is_loopback(listening: socket.socket) -> bool:
    return ip_address(str(listening.getsockname()[0])).is_loopback


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (only compared)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _demonstrate(database: Database, console: Console) -> list[tuple[str, str]]:
    """Fill an empty registry; return the sign-ins of the demonstration if this registry is one."""
    from registry.demo import DEMO_PASSWORD, demo_sign_ins, load_demo

    loaded = await load_demo(database)
    if loaded is not None:
        console.say(
            f"Loaded the demonstration: {loaded.organisations} organisations, "
            f"{loaded.projects} invented projects."
        )
    return [(f"{email} / {DEMO_PASSWORD}", what) for email, what in await demo_sign_ins(database)]


async def _serve(
    database: Database,
    listening: socket.socket,
    address: str,
    demo: list[tuple[str, str]] | None,
    console: Console,
) -> None:
    from web.app import create_app
    from web.server import GreetingServer

    app = create_app(settings(), database=database)
    server = GreetingServer(app, _greeting(address, demo, console), settings().forwarded_allow_ips)
    # uvicorn stops on these signals and then raises them again for whoever was there before it;
    # the database is still to be closed then, so nothing more may happen.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    await server.serve(sockets=[listening])
    if not server.started:
        raise Unavailable("The web server did not start; the reason is above.")


def _greeting(address: str, demo: list[tuple[str, str]] | None, console: Console) -> str:
    if console.json:
        sign_ins = [dict(zip(("sign_in", "role"), pair, strict=True)) for pair in demo or ()]
        return as_json({"address": address, "demo": sign_ins}) + "\n"
    lines = [f"Convene is at {address}"]
    if demo:
        width = max(len(sign_in) for sign_in, _ in demo)
        lines += ["", "Sign in as (e-mail / password)"]
        lines += [f"  {sign_in.ljust(width)}   {what}" for sign_in, what in demo]
    elif demo is not None:
        lines.append("This registry has data of its own; the demonstration was left out.")
    lines += ["", "Ctrl-C stops it."]
    return "\n".join(lines) + "\n"
