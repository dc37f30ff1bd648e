"""`convene user`: who may sign in."""

import argparse
import getpass
import secrets
import sys
from typing import Any

from registry.accounts import SHORTEST_PASSWORD, add_account
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.organisations import find_organisation
from registry.permissions import COMMAND_LINE, ROLES
from web.commands.console import Console, open_database


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the commands and their arguments."""
    user = commands.add_parser("user", help="add accounts")
    actions = user.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    add = actions.add_parser("add", parents=[shared], help="add an account that may sign in")
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--role", required=True, choices=ROLES[1:])
    add.add_argument("--organisation", metavar="ORG", help="name, acronym or identifier")
    add.add_argument("--name", default="", help="the person's name (default: the e-mail)")
    add.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from stdin (default: ask for it, or make one without a terminal)",
    )
    add.set_defaults(run=run_add)


async def run_add(options: argparse.Namespace, console: Console) -> int:
    """Add an account; a password that was made up is shown once."""
    password, made = _password(options)
    async with open_database() as database, database.session() as session:
        organisation = None
        if options.organisation:
            organisation = await find_organisation(session, options.organisation)
            if organisation is None:
                unknown = message(
                    "There is no organisation called '{name}'.", name=options.organisation
                )
                raise Invalid([FieldError("organisation", unknown)])
        account = await add_account(
            session,
            COMMAND_LINE,
            email=options.email,
            name=options.name,
            role=options.role,
            password=password,
            organisation_id=organisation.id if organisation else None,
        )
    result = {
        "email": account.email,
        "name": account.name,
        "role": account.role,
        "organisation": organisation.name if organisation else None,
    }
    lines = [f"{account.email} may sign in as {account.role}."]
    if made:
        result["password"] = password
        lines.append(f"Password, shown only now: {password}")
    console.result(result, lines)
    return 0


def _password(options: argparse.Namespace) -> tuple[str, bool]:
    """Return the password and whether it was made up here."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if options.json or not sys.stdin.isatty():
        return secrets.token_urlsafe(12), True
    first = getpass.getpass(f"Password (at least {SHORTEST_PASSWORD} characters): ")
    if first != getpass.getpass("The same again: "):
        raise Invalid([FieldError("password", message("The two passwords are not the same."))])
    return first, False
