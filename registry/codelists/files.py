"""The JSON files of this folder, each read once."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read_file(name: str) -> Any:
    """Return the parsed content of a data file of this package, e.g. `codes.json`."""
    return json.loads((files(__package__) / name).read_text(encoding="utf-8"))
