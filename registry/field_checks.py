"""What may be wrong with fields that many records have: texts, measures, the language."""

from collections.abc import Collection

from registry import codelists
from registry.errors import FieldError
from registry.messages import Message, message
from registry.personal_data import suspicious_parts


def too_long(longest: int) -> Message:
    """Return what is said of a text that is too long."""
    return message("Use at most {longest} letters.", longest=longest)


def text_errors(
    name: str, text: str, longest: int, looked: bool = False, needed: bool = True
) -> list[FieldError]:
    """Return what is wrong with a text that others read; `longest` in letters.

    What looks like personal data is wrong, unless somebody `looked` at it.
    """
    if not text.strip():
        return [FieldError(name, message("This is needed."))] if needed else []
    if len(text) > longest:
        return [FieldError(name, too_long(longest))]
    return [] if looked else [FieldError(name, found) for found in suspicious_parts(text)]


def measure_errors(measures: Collection[str]) -> list[FieldError]:
    """Return what is wrong with the measures of the Framework for Action that are named."""
    if not measures:
        return [FieldError("measures", message("Choose at least one measure."))]
    if not set(measures) <= set(codelists.scheme("measures")):
        return [FieldError("measures", message("One of these measures does not exist."))]
    return []


def language_errors(language: str) -> list[FieldError]:
    """Return what is wrong with the language in which a text is written."""
    if language in codelists.LANGUAGES:
        return []
    return [FieldError("language", message("Choose the language of the text."))]
