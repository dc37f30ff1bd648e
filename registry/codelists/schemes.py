"""Tagging schemes: pillars and measures of the Framework for Action, and the registry's own."""

from dataclasses import dataclass
from functools import cache

from registry.codelists.files import read_file

LANGUAGES = ("en", "fr", "es")

PILLAR_PREFIX = {
    "prosecution": "PROS",
    "protection": "PROT",
    "prevention": "PREV",
    "national-cooperation": "NATC",
    "international-cooperation": "INTC",
}
_PILLAR_OF_PREFIX = {prefix: pillar for pillar, prefix in PILLAR_PREFIX.items()}


@dataclass(frozen=True)
class Code:
    """One code of a scheme, with its labels by language (en, fr, es)."""

    code: str
    labels: dict[str, str]


@cache
def _schemes() -> dict[str, dict[str, Code]]:
    return {
        name: {code: Code(code, labels) for code, labels in codes.items()}
        for name, codes in read_file("codes.json")["schemes"].items()
    }


def scheme(name: str) -> dict[str, Code]:
    """Return the codes of a scheme such as `pillars`, in the order of the file.

    Raises KeyError for a scheme that does not exist.
    """
    return _schemes()[name]


def label(scheme: str, code: str, language: str = "en") -> str:
    """Return what to show for a code: its label, else the English one, else the code itself."""
    known = _schemes()[scheme].get(code)
    if known is None:
        return code
    return known.labels.get(language) or known.labels.get("en") or code


def pillar_of(measure_code: str) -> str:
    """Return the pillar that a measure belongs to: `PROS-2` -> `prosecution`.

    Raises KeyError when no pillar has such measures.
    """
    return _PILLAR_OF_PREFIX[measure_code.partition("-")[0]]
