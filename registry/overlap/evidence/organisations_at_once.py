"""What many pairs say by their organisations and money, as arrays (see at_once.py)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.paired import Numbers, Pairs, Truths, meet, number
from registry.overlap.relations import PAYS, SAME


def coordinated(pairs: Pairs) -> Truths:
    """Tell which pairs know of each other by their records."""
    a, b = pairs.a, pairs.b
    partners = ((pairs.partners & SAME) > 0).any(axis=1) & ((pairs.reporters & SAME) == 0)
    found: Truths = partners | meet(a["related"], b["identifiers"])
    return found | meet(b["related"], a["identifiers"])


def of_one_organisation(pairs: Pairs) -> Truths:
    """Tell which pairs can't be since one organisation reports both (see judging.may_duplicate)."""
    same: Truths = (pairs.reporters & SAME) > 0
    return same


def values(pairs: Pairs) -> dict[str, Numbers]:
    """Return what the reporting organisations and the roles of all say. That two projects
    coordinate is left out of account, as by `Screen`."""
    a, b = pairs.a, pairs.b
    same = (pairs.reporters & SAME) > 0
    one = (a["registered"] > 0) & (a["registered"] == b["registered"])
    one |= a["registrant"] == b["registrant"]
    return {
        "partner": number(same, 0.0),
        "declared": number(same, 0.0),
        "same-organisation": number(one, 1.0),
        "offices": number(same & ~one, 1.0),
        **_roles_of_others(pairs, same),
    }


def _roles_of_others(pairs: Pairs, same: Truths) -> dict[str, Numbers]:
    """Return `roles` and `third-partner`; `roles` as high as it is, or higher where a government
    pays of which one of them is an agency, or where neither names who might be the other."""
    organisations, a, b = pairs.columns.organisations, pairs.a, pairs.b
    own, other = pairs.participants
    width = own.shape[1]
    both = (organisations.related(*np.broadcast_arrays(own[:, :, None], other[:, None])) & SAME) > 0
    working = _both(*(_roles(side, "implementing", width) for side in (a, b)))
    working &= both
    paid = ((pairs.partners & PAYS) > 0).any(axis=1)
    told = (own[:, 0] > 0) & (other[:, 0] > 0) & ~same
    open_to = (a["implementing"] == 0) & (b["funding"] == 0)
    open_to |= (b["implementing"] == 0) & (a["funding"] == 0)
    strangers = np.where(open_to, 0.0, -1.0)
    roles = np.where(paid, 1.5, np.where(working.any(axis=(1, 2)), 0.4, strangers))
    third = pairs.columns.thirds[pairs.at[0], :width] & ((pairs.partners[:, :width] & SAME) == 0)
    paying = _both(*(_roles(side, "funding", width) for side in (a, b)))
    met = np.asarray((both & ~paying & third[:, :, None]).any(axis=(1, 2)))
    return {
        "roles": np.where(told, roles, 0.0).astype(np.float32),
        "third-partner": number(met, 1.0),
    }


def _roles(side: NDArray[Any], role: str, width: int) -> Truths:
    """Tell which of so many participants have a role, by their places in the row."""
    bits = np.unpackbits(side[role][:, None], axis=1, bitorder="little")
    has: Truths = bits[:, :width] > 0
    return has


def _both(own: Truths, its: Truths) -> Truths:
    """Tell of each participant of the one with each of the other whether it is so of both."""
    both: Truths = own[:, :, None] & its[:, None, :]
    return both


def budget(pairs: Pairs) -> Numbers:
    """As high as it is, or higher where a text speaks of a contribution, or one project is for
    several countries, only in part for its own, or pays for the other."""
    a, b = pairs.a, pairs.b
    exact = (a["amount"] == b["amount"]) & (a["currency"] == b["currency"])
    value = np.where(exact, 1.3, np.clip(1.0 - np.abs(a["usd"] - b["usd"]) / 0.3, -1.5, 1.0))
    smaller = np.where(a["usd"] < b["usd"], a["contributes"], b["contributes"])
    value = np.where((value < 0.0) & smaller, 0.9, value)
    shared = a["several"] | b["several"] | _in_part(a) | _in_part(b)
    value = np.where((value < 0.0) & shared, 1.0, value)
    named = ((pairs.partners & (SAME | PAYS)) > 0).any(axis=1)
    value = np.where((value < 0.0) & named, 0.0, value)
    return np.where(np.isnan(a["usd"]) | np.isnan(b["usd"]), 0.0, value).astype(np.float32)


def _in_part(side: NDArray[Any]) -> Truths:
    """Tell of which projects only a share falls to a country."""
    shares = side["shares"]
    return np.asarray(((shares > 0.0) & (shares < 1.0)).any(axis=1))
