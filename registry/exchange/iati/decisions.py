"""What reviewers decided about overlaps, as elements of IATI.

Where the organisations agreed on a joint programme, on a division of labour, or that a project was
registered twice, both projects name each other in `related-activity` and carry the outcome in a
`tag` of this registry's list of outcomes. Both are made anew by each export and are no part of the
record: a reader here knows them by the vocabulary, and by the element that the relation holds.

The types are those of the code list RelatedActivityType of 2.03 (iatistandard.org):
3, sibling, "a sub-activity that is related to another sub-activity with the same parent", for a
joint programme, whose parts the two are, and for a division of labour, since no other type says
that two activities belong together without one paying for or holding the other;
5, third party, "a report by another organisation on the same activity you are reporting", for a
double registration. Where one organisation registered twice, no type fits; the tag stands alone.
"""

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

from registry import codelists
from registry.exchange.iati.codes import (
    OWN_RELATION,
    OWN_VOCABULARY,
    VOCABULARY_URI,
)
from registry.exchange.iati.elements import narrative, new_element
from registry.exchange.iati.texts import Element

_SCHEME = "overlap_outcomes"
_RELATION_TYPES = {
    "joint-programme": "3",
    "division-of-labour": "3",
    "merged-double-registration": "5",
}
AGREED = tuple(_RELATION_TYPES)
"""The outcomes on which organisations agreed to do something together."""


class Agreement(NamedTuple):
    """What was decided about a project and another one, seen from the first."""

    outcome: str
    identifier: str
    """Of the other project, as its own export has it in iati-identifier."""
    same_organisation: bool
    """Whether one organisation reports both."""


def elements_of_agreements(
    agreements: Iterable[Agreement], declared: Iterable[Element] = ()
) -> dict[str, list[Element]]:
    """Return the elements that say it, by name.

    `declared` are the relations that the project states itself; they are not said again.
    """
    agreements = list(dict.fromkeys(agreements))
    known = {(related.get("ref"), related.get("type")) for related in declared}
    relations = [
        _relation(agreement)
        for agreement in agreements
        if (agreement.identifier, _RELATION_TYPES[agreement.outcome]) not in known
        and not (agreement.outcome == "merged-double-registration" and agreement.same_organisation)
    ]
    outcomes = dict.fromkeys(agreement.outcome for agreement in agreements)
    return {"related-activity": relations, "tag": [_tag(outcome) for outcome in outcomes]}


def _relation(agreement: Agreement) -> Element:
    related = new_element(
        "related-activity", ref=agreement.identifier, type=_RELATION_TYPES[agreement.outcome]
    )
    etree.SubElement(related, OWN_RELATION, decided=agreement.outcome)
    return related


def _tag(outcome: str) -> Element:
    tag = new_element(
        "tag",
        vocabulary=OWN_VOCABULARY,
        vocabulary_uri=f"{VOCABULARY_URI}{_SCHEME}",
        code=outcome,
    )
    tag.append(narrative(codelists.label(_SCHEME, outcome), "en"))
    return tag
