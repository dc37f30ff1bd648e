"""What the reasons for a lead are called, and what their values mean."""

from dataclasses import dataclass

from registry.coordination.division import (
    ENOUGH_COUNTRIES,
    ENOUGH_PROJECTS,
    ENOUGH_YEARS,
    REASONS,
)
from registry.messages import Message, message


@dataclass(frozen=True)
class ReasonText:
    """A reason in words."""

    name: str
    title: Message
    about: Message
    """When its value is 1, and what makes it less."""


TEXTS = {
    one.name: one
    for one in (
        ReasonText(
            "mandate",
            message("Mandate"),
            message(
                "A mandate covers the pillar, in a region in which the country lies: 1, else 0."
            ),
        ),
        ReasonText(
            "competency",
            message("Core competency"),
            message("Such a mandate names the measure itself: 1, else 0."),
        ),
        ReasonText(
            "projects",
            message("Active projects here"),
            message(
                "Those that it registered and that name the measure; one of others in which it "
                "takes part counts half. {enough} or more: 1.",
                enough=ENOUGH_PROJECTS,
            ),
        ),
        ReasonText(
            "years",
            message("Years here"),
            message(
                "Since its first project here under the measure began. {enough} or more: 1.",
                enough=ENOUGH_YEARS,
            ),
        ),
        ReasonText(
            "money",
            message("Part of the money"),
            message("Its part of the money that runs here under the measure, net."),
        ),
        ReasonText(
            "elsewhere",
            message("The measure in other countries"),
            message(
                "Countries in which its projects under the measure run. {enough} or more: 1.",
                enough=ENOUGH_COUNTRIES,
            ),
        ),
        ReasonText(
            "contact",
            message("Contact point here"),
            message("It has named one in the country: 1, else 0."),
        ),
        ReasonText(
            "icat",
            message("Member of ICAT"),
            message("It takes part in the coordination group: 1, else 0."),
        ),
    )
}
assert tuple(TEXTS) == REASONS  # noqa: S101 (each reason is explained, in its order)
