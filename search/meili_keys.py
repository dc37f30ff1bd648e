"""The key with which Convene asks a Meilisearch server: limited to its own indexes.

Only this module ever sees the master key; it runs once, when a server is set up.
"""

import os
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from meilisearch.client import Client
from meilisearch.errors import MeilisearchApiError, MeilisearchError

from registry.errors import Unavailable
from search.meili import INDEX, KEY_ACTIONS

_UID = str(uuid5(NAMESPACE_URL, "convene:search-key:1"))
"""The key's own name: making it a second time gives the same key."""


def make_key(url: str, master_key: str) -> str:
    """Return the limited key of a server, which is made if there is none.

    Raises Unavailable when no server answers, or it does not accept the master key.
    """
    server = Client(url, master_key, timeout=10)
    try:
        return _known_key(server) or _new_key(server)
    except MeilisearchError as error:
        raise Unavailable(
            f"The Meilisearch server at {url} gives no key ({error}). Check MEILI_URL, and that "
            "MEILI_MASTER_KEY is the server's."
        ) from error


def _known_key(server: Client) -> str | None:
    try:
        return str(server.get_key(_UID).key)
    except MeilisearchApiError as error:
        if error.code == "api_key_not_found":
            return None
        raise


def _new_key(server: Client) -> str:
    made = server.create_key(
        {
            "uid": _UID,
            "name": "Convene",
            "description": "Convene: its own indexes, and nothing else",
            "actions": list(KEY_ACTIONS),
            "indexes": [f"{INDEX}*"],
            "expiresAt": None,
        }
    )
    return str(made.key)


def keep_key(path: Path, key: str) -> None:
    """Write the key into a file that only its owner can read."""
    beside = path.with_name(f"{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{key}\n")
    os.replace(beside, path)
