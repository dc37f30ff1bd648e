"""Who may do what: one table, and the two functions that every face of Convene asks."""

from dataclasses import dataclass
from typing import Literal

from registry.errors import NotAllowed

Scope = Literal["nowhere", "own", "own-country", "everywhere"]

ROLES = ("visitor", "member", "organisation-administrator", "reviewer", "secretariat")
"""From the least to the most; an account has exactly one of them, never 'visitor'."""

PERMISSIONS: dict[str, dict[str, Scope]] = {
    "project.edit": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "everywhere",
    },
    "project.import": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "everywhere",
    },
    "organisation.edit": {"organisation-administrator": "own", "secretariat": "everywhere"},
    "organisation.members": {"organisation-administrator": "own", "secretariat": "everywhere"},
    "organisation.register": {"secretariat": "everywhere"},
    "overlap.comment": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "everywhere",
        "secretariat": "everywhere",
    },
    "overlap.propose": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "everywhere",
        "secretariat": "everywhere",
    },
    "overlap.vote": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "everywhere",
        "secretariat": "everywhere",
    },
    "overlap.assign": {"reviewer": "everywhere", "secretariat": "everywhere"},
    "overlap.reopen": {"reviewer": "everywhere", "secretariat": "everywhere"},
    "overlap.follow-up": {"reviewer": "everywhere", "secretariat": "everywhere"},
    "overlap.decide": {"reviewer": "everywhere", "secretariat": "everywhere"},
    "meeting.read": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "everywhere",
        "secretariat": "everywhere",
    },
    "meeting.hold": {"secretariat": "everywhere"},
    "follow-up.read": {
        "member": "everywhere",
        "organisation-administrator": "everywhere",
        "reviewer": "everywhere",
        "secretariat": "everywhere",
    },
    "recommendation.record": {"secretariat": "everywhere"},
    "recommendation.follow-up": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "everywhere",
    },
    "action.enter": {"reviewer": "own", "secretariat": "everywhere"},
    "action.edit": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "everywhere",
    },
    "contact.read": {
        "member": "everywhere",
        "organisation-administrator": "everywhere",
        "reviewer": "everywhere",
        "secretariat": "everywhere",
    },
    "contact.edit": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "everywhere",
    },
    "practice.write": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "everywhere",
    },
    "practice.review": {"reviewer": "everywhere", "secretariat": "everywhere"},
    "request.file": {
        "member": "own-country",
        "organisation-administrator": "own-country",
        "reviewer": "own-country",
        "secretariat": "everywhere",
    },
    "request.offer": {
        "member": "own",
        "organisation-administrator": "own",
        "reviewer": "own",
        "secretariat": "own",
    },
    "request.board": {"reviewer": "everywhere", "secretariat": "everywhere"},
    "registry.administer": {"secretariat": "everywhere"},
}
"""action -> role -> where. 'own' is the organisation of the account; 'own-country' is the country
of whose authorities that organisation is one. A role that an action does not name may not do it."""


@dataclass(frozen=True)
class Actor:
    """Who acts or reads: a signed-in person, a visitor, or the registry itself."""

    account_id: int | None
    name: str
    role: str
    organisation_id: int | None = None
    speaks_for: str | None = None
    """The country (alpha-2) of whose authorities the actor's organisation is one."""

    @property
    def signed_in(self) -> bool:
        """Whether this is somebody whom the registry knows."""
        return self.role != "visitor"


VISITOR = Actor(None, "visitor", "visitor")
COMMAND_LINE = Actor(None, "command line", "secretariat")
"""Whoever has a shell on the machine acts for the secretariat."""
REGISTRY = Actor(None, "registry", "secretariat")
"""The registry's own background work."""


def may(
    actor: Actor, action: str, organisation_id: int | None = None, country: str | None = None
) -> bool:
    """Tell whether the actor may do this to something of that organisation, or of that State."""
    scope = PERMISSIONS[action].get(actor.role, "nowhere")
    if scope == "own-country":
        return country is not None and country == actor.speaks_for
    if scope == "own":
        return organisation_id is not None and organisation_id == actor.organisation_id
    return scope == "everywhere"


def require(
    actor: Actor, action: str, organisation_id: int | None = None, country: str | None = None
) -> None:
    """Raise NotAllowed unless the actor may do this."""
    if may(actor, action, organisation_id, country):
        return
    if not actor.signed_in:
        raise NotAllowed("Sign in to do this.")
    raise NotAllowed("Your account may not do this. Ask your organisation's administrator.")
