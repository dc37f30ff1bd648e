"""The form of an organisation's profile: what was typed, as a record, with what is wrong in it.

Whatever is typed stays: a country that is not known is kept as text and shown again with its error.
"""

from dataclasses import replace
from typing import Any

from litestar.datastructures import FormMultiDict

from registry import codelists
from registry.errors import FieldError
from registry.messages import message
from registry.organisations import ContactPointRecord, MandateRecord, OrganisationRecord

EMPTY_LINES = 2
"""Empty lines for further contact points under those there are."""
_MOST_LINES = 500
TRANSLATED = ("fr", "es")


def read_form(
    form: FormMultiDict, before: OrganisationRecord
) -> tuple[OrganisationRecord, list[FieldError]]:
    """Return the record that the form describes and what has to be mended.

    `before` is what is known now: it keeps what the form does not show (names in other languages).
    """
    errors: list[FieldError] = []
    names = {code: name for code, name in before.names.items() if code not in TRANSLATED}
    names |= {code: name for code in TRANSLATED if (name := _text(form, f"name_{code}"))}
    record = OrganisationRecord(
        name=_text(form, "name"),
        acronym=_text(form, "acronym") or None,
        slug=before.slug,
        names=names,
        aliases=[line.strip() for line in _text(form, "aliases").splitlines() if line.strip()],
        type=_text(form, "type") or None,
        iati_identifier=_text(form, "iati_identifier") or None,
        home_country=_country(errors, "home_country", _text(form, "home_country")),
        website=_text(form, "website") or None,
        icat_member=_text(form, "icat_member") == "yes",
        mandates=_mandates(form),
        contact_points=_contact_points(form, errors),
    )
    return record, errors


def with_new_mandate(record: OrganisationRecord, code: str) -> OrganisationRecord:
    """Return the record with one more mandate to fill in."""
    if code not in codelists.scheme("mandates"):
        return record
    return replace(record, mandates=[*record.mandates, MandateRecord(code)])


def _text(form: FormMultiDict, name: str) -> str:
    value: Any = form.get(name, "")
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""


def _lines(form: FormMultiDict, name: str) -> range:
    number = _text(form, name)
    return range(min(int(number[:9]), _MOST_LINES) if number.isascii() and number.isdigit() else 0)


def _country(errors: list[FieldError], name: str, text: str) -> str | None:
    """Return the code of a country that was typed by name or code."""
    if not text:
        return None
    code = codelists.find_country(text)
    if code is None:
        errors.append(
            FieldError(
                name,
                message(
                    "“{text}” is not a country that Convene knows. Choose one from the list.",
                    text=text,
                ),
            )
        )
    return code or text


def _mandates(form: FormMultiDict) -> list[MandateRecord]:
    return [
        MandateRecord(
            _text(form, f"mandate-{n}"),
            *(
                tuple(str(code) for code in form.getall(f"mandate-{n}-{part}", []))
                for part in ("pillars", "measures", "regions")
            ),
        )
        for n in _lines(form, "mandates")
        if _text(form, f"mandate-{n}") and not _text(form, f"mandate-{n}-remove")
    ]


def _contact_points(form: FormMultiDict, errors: list[FieldError]) -> list[ContactPointRecord]:
    points: list[ContactPointRecord] = []
    for n in _lines(form, "contacts"):
        country, name, email, phone = (
            _text(form, f"contact-{n}-{part}") for part in ("country", "name", "email", "phone")
        )
        if not (country or name or email or phone):
            continue
        here = f"contact-{len(points)}"  # where it stands when the form is shown again
        if not country:
            errors.append(
                FieldError(f"{here}-country", message("Say for which country this contact is."))
            )
        if not name:
            errors.append(
                FieldError(f"{here}-name", message("Name the office or function to call."))
            )
        if email and "@" not in email.strip("@"):
            errors.append(
                FieldError(
                    f"{here}-email", message("“{text}” is not an e-mail address.", text=email)
                )
            )
        code = _country(errors, f"{here}-country", country) or ""
        points.append(ContactPointRecord(code, name, email or None, phone or None))
    return points
