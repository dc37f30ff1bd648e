"""What the template says about each column, in words that are translated."""

from registry.messages import Message, message

REQUIRED = message("Required.")
TO_BE_PUBLISHED = message("Required to be published.")

MEANINGS: dict[str, Message] = {
    "identifier": message(
        "The number of the project in your organisation. With it, a file can update the project "
        "later. Without it, the registry gives one."
    ),
    "iati_identifier": message("If the project is published in IATI."),
    "reporting_org": message(
        "The organisation that reports the project: its name, acronym or IATI identifier."
    ),
    "reporting_org_type": message("What kind of organisation that is; one code."),
    "title": message("What is done, for whom, where. It is what people search for."),
    "description": message(
        "What assistance is given, to whom, by what means. Write about groups, never about "
        "persons: no names, addresses or case details of victims."
    ),
    "language": message("The language of title and description; two letters."),
    "status": message("How far the project is today."),
    "start_date": message("The day it starts: 2025-01-31."),
    "end_date": message("The day it ends: 2027-12-31."),
    "countries": message(
        "Codes or names of countries. Add the per cent of the budget where you know them."
    ),
    "regions": message("Codes of UN M49 regions, for what is not for named countries."),
    "locations": message(
        "Provinces, districts or cities, separated by semicolons. Two projects in different "
        "provinces are no overlap. Do not say where a shelter is: there is a field for that below."
    ),
    "pillars": message(
        "The five pillars of the Framework for Action. At least one, to be published."
    ),
    "measures": message("The measures of the Framework for Action; see the sheet of codes."),
    "activity_types": message("What kind of activity it is."),
    "target_groups": message("Who is trained, assisted or reached."),
    "exploitation_forms": message("Leave it empty if the project is about all forms."),
    "mandates": message("Under which mandate of your organisation it is done."),
    "budget": message("The whole sum, in full: 900000"),
    "currency": message("Three letters of ISO 4217"),
    "participating_orgs": message(
        "Other organisations, each with its role: funding, accountable, extending or implementing."
    ),
    "related": message("Other projects by their identifiers, each with what it is to this one."),
    "url": message("The page of the project on your own site."),
    "contact_name": message("An office or function rather than a person."),
    "contact_email": message("Where somebody who plans something similar can write to."),
    "visibility": message("Everybody, members of the registry, or only you and the secretariat."),
    "partner_contacts": message(
        "Restricted: only your organisation and the secretariat see how local partners are reached."
    ),
    "shelter_locations": message(
        "Restricted: only your organisation and the secretariat see where shelters are."
    ),
}
"""Column -> what belongs there."""

HINTS: dict[str, Message] = {
    "rows": message("Write one project a row on the first sheet, then upload this file."),
    "several": message("Separate several values by semicolons: prosecution;protection."),
    "codes": message("The sheet of codes lists every code. Their names are understood too."),
    "dates": message("Write dates as dates of the spreadsheet, or as 2025-01-31."),
    "empty": message("Leave empty what you do not know; columns that you do not need can go."),
    "keep": message(
        "In a row of a project that is registered already, an empty cell empties its field. "
        "(keep) in a cell leaves the field as it is."
    ),
    "example": message(
        "The row with the identifier EXAMPLE is left out when the file is read. Delete it, or "
        "leave it where it is."
    ),
}
"""What stands above the list of columns."""

KEPT = message("leaves the field of a registered project as it is")
"""What stands beside '(keep)' in a list of codes."""

HEADINGS: dict[str, Message] = {
    "title": message("Projects for the registry"),
    "column": message("Column"),
    "name": message("Name in files"),
    "meaning": message("What it says"),
    "required": message("Required?"),
    "example": message("Example"),
    "list": message("List"),
    "code": message("Code"),
}

_TO_BE_PUBLISHED = frozenset({"description", "status", "countries", "pillars"})


def required(column: str) -> Message | None:
    """Return what to say of a column that is needed, None for any other."""
    if column in ("reporting_org", "title"):
        return REQUIRED
    return TO_BE_PUBLISHED if column in _TO_BE_PUBLISHED else None
