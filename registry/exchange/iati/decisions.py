"""What reviewers decided, as elements of IATI."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.exchange.iati.texts import Element
from registry.exchange.record import ProjectRecord


class Agreement(NamedTuple):
    """What was decided about a project and another one."""

    outcome: str


def elements_of_agreements(
    record: ProjectRecord, agreements: Sequence[Agreement]
) -> dict[str, list[Element]]:
    """Return the elements that say it, by name."""
    return {}
