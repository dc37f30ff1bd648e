"""What in a free text looks like personal data of victims, so that a person looks before it is
published.

Only what a pattern can tell with few false alarms: e-mail addresses, telephone numbers, numbers of
passports and identity cards, dates of birth. Amounts, years, project identifiers and the contact
of the project itself, which has fields of its own, are left alone.
"""

import re
from collections.abc import Iterator

from registry.errors import FieldError
from registry.exchange.record import ProjectRecord
from registry.messages import Message, message

_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 4
"""What follows has at least so many; most texts have fewer, and are done with."""
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = r"\(?\d(?:[ \u00a0\u202f().\-/]{0,2}\d){5,14}"
_PHONE = re.compile(
    rf"(?:\+|\b00){_NUMBER}"
    r"|\b(?:tel|téléphone|telephone|phone|mobile|móvil|celular|teléfono|portable|whatsapp|viber"
    r"|telegram|телефон|тел)\b[^\d\n]{0,12}"
    rf"\+?{_NUMBER}",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:passport|passeport|pasaporte|паспорт|identity card|identity number|id card|id number"
    r"|id no|national id|carte d['’]identité|cédula|dni|documento de identidad)\b"
    r"[^\d\n]{0,20}?\b(?=[A-Z0-9\-]{6,14}\b)(?=(?:[A-Z\-]*\d){4})[A-Z0-9][A-Z0-9\-]+",
    re.IGNORECASE,
)
_BIRTH = re.compile(
    r"(?:\bborn (?:on|in)|\bborn:?|\bdate of birth|\bd\.?o\.?b\.?|\bnée?\(?e?\)? (?:le|en)"
    r"|\bdate de naissance|\bnacid[oa] (?:el|en)|\bfecha de nacimiento|\bдата рождения)"
    r"[^\d\n]{0,15}(?:\d{1,2}[./\- ](?:\d{1,2}|[^\W\d]{3,12})[./\- ]\d{2,4}|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2} (?:de )?[^\W\d]{3,12}(?: de)? \d{4}|[A-Z][a-z]{2,8} \d{1,2},? \d{4})",
    re.IGNORECASE,
)


def personal_data_in(record: ProjectRecord) -> list[FieldError]:
    """Return what looks like personal data in the titles and descriptions, by field."""
    found: list[FieldError] = []
    for name, texts in (("title", record.titles), ("description", record.descriptions)):
        for language, text in texts.items():
            field = name if language == record.language else f"{name}_{language}"
            found += [FieldError(field, what) for what in suspicious_parts(text)]
    return found


def suspicious_parts(text: str) -> Iterator[Message]:
    """Yield a sentence for each part of a text that looks like personal data."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield message("'{text}' looks like an e-mail address.", text=match[0])
    if len(_DIGIT.findall(text)) < _FEWEST_DIGITS:
        return
    for match in _PHONE.finditer(text):
        yield message("'{text}' looks like a telephone number.", text=match[0].strip())
    for match in _DOCUMENT.finditer(text):
        yield message("'{text}' looks like the number of a personal document.", text=match[0])
    for match in _BIRTH.finditer(text):
        yield message("'{text}' looks like somebody's date of birth.", text=match[0])
