"""What each kind of evidence is called and what it looks at, for people."""

from collections.abc import Mapping
from typing import NamedTuple

from registry.messages import Message, message


class Meaning(NamedTuple):
    """A kind of evidence in words."""

    title: Message
    looks_at: Message


MEANINGS: Mapping[str, Meaning] = {
    "meaning": Meaning(
        message("Meaning of the texts"),
        message("How near title and description are in meaning, in whatever languages."),
    ),
    "subjects": Meaning(
        message("Subjects"),
        message(
            "What the texts speak of: shelters, referral, fishing boats. Rare subjects count more."
        ),
    ),
    "words": Meaning(
        message("Rare words"),
        message(
            "Words that few other projects use. Phrases that an organisation repeats do not count."
        ),
    ),
    "titles": Meaning(
        message("Titles"), message("How many of the telling words of the titles are the same.")
    ),
    "figures": Meaning(
        message("Figures in the texts"),
        message("Numbers that both texts give, such as 850 persons. Years do not count."),
    ),
    "measures": Meaning(
        message("Measures and pillars"),
        message("The tags of the Framework for Action, as far as both projects have them."),
    ),
    "activities": Meaning(
        message("Kind of work"),
        message("Training, equipment, research and so on, by the tags and by the texts."),
    ),
    "beneficiaries": Meaning(
        message("For whom"),
        message("Victims, children, judges, police and so on, by the tags and by the texts."),
    ),
    "approach": Meaning(
        message("Way of working"),
        message(
            "Help to people, training of practitioners, prevention, policies or research: a course "
            "for survivors is help, a course for the police is not."
        ),
    ),
    "agreement": Meaning(
        message("Agreement of all"),
        message(
            "Whether the work, the way of working and the people agree, all of them: the weakest "
            "of the three counts."
        ),
    ),
    "settings": Meaning(
        message("Surroundings"),
        message(
            "Where people are exploited as the texts tell: private homes, boats, farms, the street."
        ),
    ),
    "exploitation": Meaning(
        message("Forms of exploitation"),
        message("The tags, as far as both projects have them."),
    ),
    "ages": Meaning(
        message("Children or adults"),
        message("Whether both give help, but one to children and the other to adults."),
    ),
    "origins": Meaning(
        message("Where the people come from"),
        message("Whether the texts speak of people of different countries."),
    ),
    "countries": Meaning(
        message("Countries"),
        message(
            "How much of each project lies in countries of both; one country of ten is little."
        ),
    ),
    "extent": Meaning(
        message("Programme and component"),
        message("One covers many countries, the other few: rather a programme and its part."),
    ),
    "locations": Meaning(
        message("Provinces and towns"),
        message(
            "The same places, or explicitly different ones, by lists and texts. Who names no place "
            "says nothing."
        ),
    ),
    "months": Meaning(
        message("Months in common"),
        message("How much of the shorter project runs at the same time as the other."),
    ),
    "dates": Meaning(
        message("Beginning and end"),
        message("Two records of one project begin and end on nearly the same days."),
    ),
    "phases": Meaning(
        message("Phases"), message("Titles that name different phases: one follows the other.")
    ),
    "budget": Meaning(
        message("Budgets"),
        message("Whether the budgets are worth the same, in one currency or in two."),
    ),
    "roles": Meaning(
        message("Funder and implementer"),
        message("One pays for what the other carries out: the two ends of one project."),
    ),
    "partner": Meaning(
        message("Partners"),
        message("One record names the organisation of the other as partner, or refers to it."),
    ),
    "third-partner": Meaning(
        message("A third partner"),
        message("An organisation that takes part in both, and so knows of both."),
    ),
    "mention": Meaning(
        message("Mentions"), message("The text of one speaks of the organisation of the other.")
    ),
    "declared": Meaning(
        message("Declared to belong together"),
        message("One record names the other as parent, part, sibling or joint programme."),
    ),
    "identifiers": Meaning(
        message("Identifiers"),
        message("The same identifier, or a grant number or identifier that both texts give."),
    ),
    "offices": Meaning(
        message("Offices of one organisation"),
        message(
            "Headquarters and country office, or members of one federation, by their names in any "
            "language. What both register may be one project."
        ),
    ),
    "same-organisation": Meaning(
        message("Same organisation"),
        message("One organisation registered both, and knows of both."),
    ),
}
"""Name of a kind of evidence -> its meaning, by theme: texts, assistance, place and time,
organisations and money."""
