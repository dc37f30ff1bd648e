"""`convene search-key`: a key for the search server, so that Convene needs no master key."""

import argparse
import asyncio
import os
from pathlib import Path
from typing import Any

from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.settings import settings
from web.commands.console import Console


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the command and its arguments."""
    key = commands.add_parser(
        "search-key",
        parents=[shared],
        help="make the key for Convene's own indexes on a Meilisearch server",
    )
    key.add_argument("--to", metavar="FILE", type=Path, help="write it here (default: print it)")
    key.set_defaults(run=run_search_key)


async def run_search_key(options: argparse.Namespace, console: Console) -> int:
    """Make the key, or find the one that was made, with MEILI_MASTER_KEY of the environment."""
    from search.meili_keys import keep_key, make_key

    url, master_key = settings().meili_url, os.environ.get("MEILI_MASTER_KEY")
    missing = [
        FieldError(name, message("Set this variable of the environment."))
        for name, value in (("MEILI_URL", url), ("MEILI_MASTER_KEY", master_key))
        if not value
    ]
    if missing:
        raise Invalid(missing)
    key = await asyncio.to_thread(make_key, str(url), str(master_key))
    if options.to is None:
        console.result({"key": key}, [key])
    else:
        keep_key(options.to, key)
        console.result({"file": str(options.to)}, [f"The key is in {options.to}."])
    return 0
