"""Partners stand around the organisation, always at the same places."""

import math

import pytest

from registry.organisation_overview import Partner
from web.network import HEIGHT, MOST, WIDTH, network


def partners(number: int) -> list[Partner]:
    return [
        Partner(f"Partner {n} of the network", None, ("funding",), number - n)
        for n in range(number)
    ]


@pytest.mark.parametrize("number", [1, 2, 5, MOST, MOST + 5])
def test_partners_stand_apart_within_the_picture(number: int) -> None:
    drawn = network(partners(number))
    assert len(drawn.nodes) == min(number, MOST)
    places = [(node.x, node.y) for node in drawn.nodes]
    for n, one in enumerate(places):
        assert 20 < one[0] < WIDTH - 20 and 20 < one[1] < HEIGHT - 20
        assert all(math.dist(one, other) > 27 for other in places[n + 1 :]), "circles do not touch"
    assert drawn == network(partners(number)), "the same every time"


def test_the_more_projects_the_wider_the_line() -> None:
    widths = [node.width for node in network(partners(5)).nodes]
    assert widths == sorted(widths, reverse=True) and len(set(widths)) == 5
    assert min(widths) >= 1


def test_roles_are_letters_and_the_first_is_the_style_of_the_line() -> None:
    two = Partner("Sida", "sida", ("funding", "reported"), 2)
    one = Partner("La Strada", None, ("implementing",), 1)
    drawn = network([two, one])
    assert [(node.letters, node.role) for node in drawn.nodes] == [
        ("RF", "reported"),
        ("I", "implementing"),
    ]
    assert drawn.roles == (("reported", "R"), ("funding", "F"), ("implementing", "I"))


def test_nobody_is_a_picture_without_nodes() -> None:
    assert network([]).nodes == ()


def test_long_names_are_shortened() -> None:
    (node,) = network([Partner("Ministry of Labour and Social Protection", None, (), 1)]).nodes
    assert node.label.endswith("…") and len(node.label) <= 16
