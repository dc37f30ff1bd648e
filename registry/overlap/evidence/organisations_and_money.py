"""Who takes part and with how much: roles, partners, links between records, budgets."""

import math
from decimal import Decimal

from registry import wording
from registry.folding import fold
from registry.messages import Message, message
from registry.overlap.background import Background
from registry.overlap.evidence.evidence import Evidence, between, kind
from registry.overlap.names import OrganisationKeys
from registry.overlap.profile import Profile

_HANDS = frozenset({"implementing", "accountable", "extending"})
"""Roles of those who do the work."""
_SHARE_MARGIN = 0.04
"""Rates of exchange move: three quarters of a budget may be 72 % or 78 % of it."""


@kind("same-organisation", 0.0, 1.0)
def same_organisation(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One organisation registered both; it knows of both."""
    if not a.organisation.registers_as(b.organisation):
        return None
    return Evidence(
        "same-organisation",
        1.0,
        lambda: message(
            "Both were registered by {organisation}.", organisation=a.organisation.short
        ),
    )


@kind("offices", 0.0, 1.0)
def offices(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Two offices or members of one organisation registered them: headquarters and country."""
    own, other = a.organisation, b.organisation
    if a.signs.isdisjoint(b.signs) or own.registers_as(other) or not own.same_as(other):
        return None
    return Evidence(
        "offices",
        1.0,
        lambda: message(
            "{a} and {b} seem to be two offices of one organisation.", a=own.short, b=other.short
        ),
    )


@kind("declared", 0.0, 1.0)
def declared(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One record names the other as parent, part, sibling or joint programme."""
    if not (_belongs(a, b) or _belongs(b, a)):
        return None
    return Evidence(
        "declared",
        1.0,
        lambda: message("The records declare that the two projects belong together."),
    )


def _belongs(one: Profile, other: Profile) -> bool:
    # 'co-funded' says who pays, and is what two records of one project say of each other.
    return any(
        fold(relation.identifier) in other.identifiers
        for relation in one.record.related
        if relation.type != "co-funded"
    )


@kind("partner", 0.0, 1.0)
def partner(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One names the other's organisation among those that take part."""
    if a.organisation.same_as(b.organisation):
        return None
    if a.related & b.identifiers or b.related & a.identifiers:
        return Evidence("partner", 1.0, lambda: _told_reference(a, b))
    if a.signs.isdisjoint(b.signs):
        return None
    if _roles_of(a, b.organisation):
        return Evidence("partner", 1.0, lambda: _told_partner(a, b))
    if _roles_of(b, a.organisation):
        return Evidence("partner", 1.0, lambda: _told_partner(b, a))
    return None


def _told_reference(a: Profile, b: Profile) -> Message:
    one, other = (a, b) if a.related & b.identifiers else (b, a)
    return message(
        "The record of {a} refers to that of {b}.",
        a=one.organisation.short,
        b=other.organisation.short,
    )


def _told_partner(one: Profile, other: Profile) -> Message:
    names = {"a": one.organisation.short, "b": other.organisation.short}
    return message("{a} names {b} as a partner.", **names)


@kind("third-partner", 0.0, 1.0)
def third_partner(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """A third organisation takes part in both, and works in one of them: it knows of both.

    Ministries and the police take part in whatever is done with them, and seldom compare.
    """
    third = None if a.signs.isdisjoint(b.signs) else _third_of(a, b)
    if third is None:
        return None
    return Evidence("third-partner", 1.0, lambda: message("{name} takes part in both.", name=third))


def _third_of(a: Profile, b: Profile) -> str | None:
    for role, own in a.participants:
        for its, other in b.participants:
            if "funding" == role == its or not own.same_as(other) or own.public:
                continue
            if not own.same_as(a.organisation) and not own.same_as(b.organisation):
                return own.short
    return None


@kind("mention", 0.0, 1.0)
def mention(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One text speaks of the other's organisation, so that they know of each other."""
    if a.organisation.same_as(b.organisation):
        return None
    if _mentions(a, b):
        return Evidence("mention", 1.0, lambda: _told_mention(a, b))
    if _mentions(b, a):
        return Evidence("mention", 1.0, lambda: _told_mention(b, a))
    return None


def _mentions(one: Profile, other: Profile) -> bool:
    return any(name in one.folded for name in other.organisation.in_texts)


def _told_mention(one: Profile, other: Profile) -> Message:
    names = {"a": one.organisation.short, "b": other.organisation.short}
    return message("The text of {a} mentions {b}.", **names)


@kind("roles", -2.0, 1.5)
def roles(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """One has the money and the other does the work: the two ends of one project."""
    if a.organisation.same_as(b.organisation):
        return None
    if a.participants and b.participants:
        return _roles_of_both(a, b)
    return _partner_of_another(a, b) or _partner_of_another(b, a)


def _roles_of_both(a: Profile, b: Profile) -> Evidence | None:
    if a.signs.isdisjoint(b.signs):
        return _strangers(a, b)
    of_a, of_b = _roles_of(b, a.organisation), _roles_of(a, b.organisation)
    if "implementing" in of_a | of_b and _works_in_own(a) and _works_in_own(b):
        return Evidence(
            "roles",
            -2.0,
            lambda: message(
                "{a} and {b} each carry out a part, with the other as partner.",
                a=a.organisation.short,
                b=b.organisation.short,
            ),
        )
    ends, turned = _ends(a, b, of_b), _ends(b, a, of_a)
    funder, implementer = (a, b) if ends >= turned else (b, a)
    ends = max(ends, turned)
    if ends:
        return Evidence(
            "roles",
            ends,
            lambda: message(
                "{funder} funds what {implementer} implements.",
                funder=funder.organisation.short,
                implementer=implementer.organisation.short,
            ),
        )
    common = [
        own.short
        for role, own in a.participants
        for its, other in b.participants
        if role == its == "implementing" and own.same_as(other)
    ]
    if common:
        return Evidence("roles", 0.4, lambda: message("{name} implements both.", name=common[0]))
    return _strangers(a, b)


def _partner_of_another(one: Profile, other: Profile) -> Evidence | None:
    """One gives the other's organisation work in a project for which it does not pay itself."""
    pays = (role == "funding" and k.pays_as(one.organisation) for role, k in one.participants)
    if one.organisation.government or any(pays):
        return None
    if _HANDS.isdisjoint(_roles_of(one, other.organisation)):
        return None
    return Evidence("roles", -1.0, lambda: _told_partner(one, other))


def _strangers(a: Profile, b: Profile) -> Evidence | None:
    """Two who do not name each other, though each names who pays or who does the work."""
    if _leaves_open(a, b) or _leaves_open(b, a):
        return None
    return Evidence("roles", -1.0, lambda: _told_strangers(a, b))


def _leaves_open(funder: Profile, implementer: Profile) -> bool:
    """Tell whether the first pays and does not say whom, and the second does not say who pays."""
    pays = (k.pays_as(funder.organisation) for role, k in funder.participants if role == "funding")
    return (
        any(pays)
        and not any(role in _HANDS for role, _ in funder.participants)
        and not any(role == "funding" for role, _ in implementer.participants)
    )


def _told_strangers(a: Profile, b: Profile) -> Message:
    return message(
        "Neither {a} nor {b} names the other among its partners.",
        a=a.organisation.short,
        b=b.organisation.short,
    )


@kind("identifiers", 0.0, 2.0)
def identifiers(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They have one identifier, or one text gives the other's, or both give one grant number."""
    own, other = a.record.iati_identifier, b.record.iati_identifier
    if own and own == other:
        return Evidence(
            "identifiers", 2.0, lambda: message("Both have the identifier {id}.", id=own)
        )
    for one, two in ((a, b), (b, a)):
        for identifier in two.identifiers:
            if len(identifier) > 4 and f" {identifier} " in one.folded:
                return Evidence(
                    "identifiers", 1.5, lambda: message("One text gives the other's identifier.")
                )
    codes = a.codes & b.codes
    if codes:
        return Evidence(
            "identifiers", 1.0, lambda: message("Both texts give the code {code}.", code=min(codes))
        )
    return None


@kind("budget", -1.5, 1.3)
def budget(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Their budgets are the same in one currency, or a share of the other, or quite different."""
    if a.usd is None or b.usd is None:
        return None
    ratio = abs(math.log(float(a.usd) / float(b.usd)))
    exact = a.record.budget == b.record.budget and a.record.currency == b.record.currency
    value = 1.3 if exact else between(-1.5, 1.0 - ratio / 0.3, 1.0)
    if value < 0.0:
        own, other = float(a.usd) * _share_told(a, b), float(b.usd) * _share_told(b, a)
        within = 1.0 - abs(math.log(own / other)) / 0.3
        if within > 0.0:
            regional = a if len(a.countries) > len(b.countries) else b
            return Evidence("budget", within, lambda: _told_part(a, b, regional))
        part, whole = (a, b) if a.usd < b.usd else (b, a)
        if not part.contributes and _pays_for(part, whole):
            return None  # others may pay for the rest
        if part.contributes:
            share = float(part.usd or 0) / float(whole.usd or 1)
            told = any(abs(share - percent / 100) < _SHARE_MARGIN for percent in part.percentages)
            return Evidence("budget", 0.9 if told else 0.0, lambda: _told_share(part, whole, share))
    return Evidence("budget", value, lambda: _told_budgets(a, b, exact, alike=ratio < 0.3))


def _pays_for(part: Profile, whole: Profile) -> bool:
    """Tell whether the first's own record has it pay and the other's organisation do the work."""
    if part.organisation.same_as(whole.organisation):
        return False
    return any(
        role == "funding" and keys.pays_as(part.organisation) for role, keys in part.participants
    ) and not _HANDS.isdisjoint(_roles_of(part, whole.organisation))


def _share_told(one: Profile, other: Profile) -> float:
    """Return the share of a project in the countries of another: 1 unless its record tells it."""
    if not all(country.percentage for country in one.record.countries):
        return 1.0
    return sum(share for code, share in one.countries.items() if code in other.countries) or 1.0


def _told_part(a: Profile, b: Profile, regional: Profile) -> Message:
    return message(
        "What falls to the countries in common is about the same in both budgets, {a} and {b} "
        "({share} of that of {organisation}).",
        a=_budget(a),
        b=_budget(b),
        share=wording.share(_share_told(regional, b if regional is a else a)),
        organisation=regional.organisation.short,
    )


def _told_share(part: Profile, whole: Profile, share: float) -> Message:
    return message(
        "The budget of {a} is {share} of that of {b}, and its text speaks of a contribution.",
        a=part.organisation.short,
        b=whole.organisation.short,
        share=wording.share(share),
    )


def _told_budgets(a: Profile, b: Profile, exact: bool, alike: bool) -> Message:
    own, other = _budget(a), _budget(b)
    if exact:
        return message("The budgets are the same: {amount}.", amount=own)
    if not alike:
        return message("The budgets differ: {a} and {b}.", a=own, b=other)
    if a.record.currency == b.record.currency:
        return message("The budgets are about the same: {a} and {b}.", a=own, b=other)
    return message(
        "The budgets are worth about the same: {a} and {b}.",
        a=own,
        b=other,
    )


def _budget(profile: Profile) -> wording.Value:
    return wording.money(profile.record.budget or Decimal(0), profile.record.currency or "USD")


def _roles_of(profile: Profile, organisation: OrganisationKeys) -> set[str]:
    return {role for role, keys in profile.participants if keys.same_as(organisation)}


def _works_in_own(project: Profile) -> bool:
    return "implementing" in _roles_of(project, project.organisation)


def _ends(funder: Profile, implementer: Profile, working: set[str]) -> float:
    """Return how surely the first pays for what the second does: 0, 1 or 1.5; `working` are the
    roles that the organisation of the second has in the first."""
    given = not _HANDS.isdisjoint(working)
    if given and _works_in_own(funder):
        given = False  # a partner in the other's own project, not the hands for its money
    received = any(
        role == "funding" and keys.pays_as(funder.organisation)
        for role, keys in implementer.participants
    )
    if given != received:  # the other half may stand in the text alone
        given = given or _mentions(funder, implementer)
        received = received or _mentions(implementer, funder)
    return 1.5 if given and received else 1.0 if given or received else 0.0
