"""Partners of an organisation as a picture: it stands in the middle, they stand around it.

The picture has always the same places for the same partners: the busiest at the top, the others
clockwise. How many projects two have in common is the width of their line; the role is a letter
and a style of line, never a colour alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from registry.organisation_overview import REPORTED, Partner

MOST = 12
"""Partners that fit around; the table has more."""
WIDTH, HEIGHT = 460, 380
_ACROSS, _DOWN = 112, 140
"""Half axes of the ellipse on which partners stand."""
_THICKEST = 9.0
_LONGEST = 16
"""Letters of a name beside its place."""
LETTERS = {
    REPORTED: "R",
    "funding": "F",
    "implementing": "I",
    "accountable": "A",
    "extending": "E",
}
"""Role -> its letter, in the order in which one of several roles is the main one."""


@dataclass(frozen=True)
class Node:
    """A partner, where it stands, its line to the middle, and where its name begins or ends."""

    partner: Partner
    label: str
    x: float
    y: float
    width: float
    role: str
    letters: str
    anchor: str
    """start, end or middle, as SVG has it."""
    text_x: float
    text_y: float


@dataclass(frozen=True)
class Network:
    """The picture, with the roles that occur in it."""

    nodes: tuple[Node, ...]
    roles: tuple[tuple[str, str], ...]
    """Role and letter, for the legend."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def middle(self) -> tuple[int, int]:
        """Where the organisation itself stands."""
        return self.width // 2, self.height // 2


def network(partners: Sequence[Partner]) -> Network:
    """Return the picture of the first partners, which are those of most common projects."""
    shown = partners[:MOST]
    most = max((one.projects for one in shown), default=1)
    nodes = tuple(_node(one, place, len(shown), most) for place, one in enumerate(shown))
    named = {role for node in nodes for role in node.partner.roles}
    return Network(nodes, tuple((role, LETTERS[role]) for role in LETTERS if role in named))


def _node(partner: Partner, place: int, number: int, most: int) -> Node:
    angle = 2 * math.pi * place / number - math.pi / 2
    across, down = math.cos(angle), math.sin(angle)
    x, y = WIDTH / 2 + _ACROSS * across, HEIGHT / 2 + _DOWN * down
    anchor = "middle" if abs(across) < 0.2 else "start" if across > 0 else "end"
    # Names beside the circle, those at the top and bottom above and below it.
    text_x = x if anchor == "middle" else x + math.copysign(18, across)
    text_y = y + math.copysign(26, down) if anchor == "middle" else y
    known = [role for role in LETTERS if role in partner.roles]
    return Node(
        partner=partner,
        label=_short(partner.name),
        x=round(x, 1),
        y=round(y, 1),
        width=round(1 + (_THICKEST - 1) * (partner.projects - 1) / max(most - 1, 1), 1),
        role=known[0] if known else REPORTED,
        letters="".join(LETTERS[role] for role in known),
        anchor=anchor,
        text_x=round(text_x, 1),
        text_y=round(text_y, 1),
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…"
