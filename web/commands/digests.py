"""`convene digests`: the messages that Convene sends."""

import argparse
from dataclasses import asdict
from typing import Any

from registry import digests, request_notices
from registry.errors import Unavailable
from registry.mail_settings import mail_settings
from registry.models import now
from registry.settings import settings
from web.commands.console import Console, open_database
from web.commands.finding import open_index


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the command and its arguments."""
    command = commands.add_parser(
        "digests",
        parents=[shared],
        help="say how many messages are due, or send them",
    )
    when = command.add_mutually_exclusive_group()
    when.add_argument("--send", action="store_true", help="send those that are due")
    when.add_argument(
        "--now", action="store_true", help="send all there is to tell, before it is due too"
    )
    command.set_defaults(run=run_digests)


async def run_digests(options: argparse.Namespace, console: Console) -> int:
    """Say what is due, or send it."""
    if options.send or options.now:
        return await _send(console, early=options.now)
    at = now()
    async with open_database() as database, database.session() as session:
        waiting = await digests.waiting(session, at)
        notices = await request_notices.waiting(session, at)
    mail = mail_settings(settings())
    console.result(
        asdict(waiting) | {"notices": notices, "sends_mail": mail is not None},
        [
            f"{waiting.daily:,} searches are told daily, {waiting.weekly:,} weekly; "
            f"{waiting.due:,} are due now.",
            f"{notices:,} notices about requests wait to be sent.",
            *(
                [f"The next are due on {waiting.next_at:%Y-%m-%d at %H:%M} UTC."]
                if waiting.next_at and not waiting.due
                else []
            ),
            *([] if mail else ["No messages are sent: SMTP_URL is not set."]),
        ],
    )
    return 0


async def _send(console: Console, *, early: bool) -> int:
    from web.mail.post import Post
    from web.security import secret_of

    mail = mail_settings(settings())
    if mail is None:
        raise Unavailable("No messages are sent: set SMTP_URL, SMTP_FROM and CONVENE_URL.")
    async with open_database() as database, open_index(database) as engine:
        post = Post.of(database, engine, mail, secret_of(settings()))
        done = await post.send_due(now(), early=early)
    console.result(
        asdict(done),
        [
            f"{done.sent:,} messages sent; nothing new in {done.nothing_new:,} searches; "
            f"{done.refused:,} not taken by the server.",
            f"{done.notices:,} notices about requests, {done.contacts_asked:,} contact points "
            f"asked, {done.reminders:,} reminders of the work plan.",
        ],
    )
    return 0
