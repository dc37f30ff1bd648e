"""What a form was sent with, and choices that several forms offer."""

from collections.abc import Mapping
from typing import Any

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.folding import fold
from registry.messages import message

_RELOAD = message("Load the page again, then try once more.")


def text_in(form: Mapping[str, Any], name: str) -> str:
    """Return a text as it was typed, without white space around it, with one kind of line ends."""
    return str(form.get(name, "")).replace("\r\n", "\n").strip()


def version_in(form: Mapping[str, Any], name: str = "version") -> int:
    """Return the version of something that the person saw.

    Raises Invalid where the form does not say: the page was changed by hand, or cut.
    """
    text = str(form.get(name, ""))
    if not (text.isascii() and text.isdecimal()):
        raise Invalid([FieldError("", _RELOAD)])
    return int(text[:9])


def country_choices(language: str) -> list[tuple[str, str]]:
    """Return code and name of all countries, by name."""
    named = [(code, codelists.country_name(code, language)) for code in codelists.countries()]
    return sorted(named, key=lambda one: fold(one[1]))


def country_and_measure(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the country and the measure to which an address narrows a list.

    What it asks for that does not exist is left out: ''.
    """
    known = {"country": codelists.countries(), "measure": codelists.scheme("measures")}
    given = {name: parameters.get(name, "").upper() for name in known}
    return {name: value if value in known[name] else "" for name, value in given.items()}
