"""Who is behind a transaction, as a person or program to show, and what they said about it."""

from __future__ import annotations

from typing import Any

from flask_continuum.actor import label_of
from flask_continuum.admin.contexts import Person
from flask_continuum.admin.links import Links
from flask_continuum.admin.visit import Visit
from flask_continuum.presenters.characters import visible
from flask_continuum.presenters.labels import colour, initials
from flask_continuum.presenters.outside import outside_of
from flask_continuum.presenters.words import _


def unknown() -> Person:
    """Nobody knows who it was."""
    return Person(name=_("Unknown"), initials="?", colour=0, kind="unknown")


def nameless_user(key: Any) -> str:
    """What a user is called who is no more, or has no name."""
    return _("User %(key)s", key=key)


def person_of(transaction: Any | None, links: Links | None = None) -> Person:
    """Who made a transaction: the name it was made under, else the name of its user today.

    :param links: to link a user to the page of what they changed.
    """
    if transaction is None:
        return unknown()
    user_id = getattr(transaction, "user_id", None)
    if user_id is None:
        outside = outside_of(transaction)
        name = transaction.actor or (outside.name if outside else None)
        return program(name) if name else unknown()
    name = transaction.actor
    if not name:
        user = getattr(transaction, "user", None)
        name = (label_of(user, may_load=True) if user is not None else None) or nameless_user(
            user_id
        )
    return _user(name, url=None if links is None else links.person(user_id))


def viewer_of(visit: Visit) -> Person | None:
    """The person at the page."""
    user = visit.access.user
    return None if user is None else _user(label_of(user, may_load=True) or _("You"))


def reader(user_id: str | None, name: str | None, url: str | None) -> Person:
    """Who looked at a page: a user, somebody with a name alone, or nobody that is known."""
    if user_id is None and not name:
        return Person(name=_("Not logged in"), initials="?", colour=0, kind="unknown", url=url)
    return _user(name or nameless_user(user_id), url)


def program(name: str) -> Person:
    """A command, a job or an import."""
    return Person(name=visible(name), initials="⚙", colour=0, kind="program")


def _user(name: str, url: str | None = None) -> Person:
    shown = visible(name)
    return Person(name=shown, initials=initials(shown), colour=colour(shown) + 1, url=url)


def reason_of(transaction: Any) -> str | None:
    """Why a transaction was made, where somebody said it."""
    return visible(transaction.reason) if transaction.reason else None
