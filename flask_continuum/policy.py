"""Who may do what with the history: a decision for each action, with its reason.

Nothing is allowed unless a policy says so. Pages and helpers ask before they show or change
anything, and show the reason of a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ColumnProperty, InstanceState, RelationshipProperty

from flask_continuum.presenters.words import _


class Action(StrEnum):
    """What somebody wants to do."""

    VIEW = "view"
    """See the history at all, of a model, of a record."""
    VIEW_FIELD = "view_field"
    """See the values of one field or relationship; denied, it is masked."""
    REVERT = "revert"
    """Put a record, or with a field or relationship only that, back to what it was."""
    UNDO = "undo"
    """Put back all that a transaction changed."""
    EXPORT = "export"
    """Take the history away as a file."""
    ERASE = "erase"
    """Remove values from the history for good."""
    VIEW_ACCESS_LOG = "view_access_log"
    """See who looked at which page of the history."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, and why; true when allowed.

    :ivar allowed: whether it may be done.
    :ivar reason: why not (or why), in a sentence for whoever asked.
    """

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


def allow(reason: str = "") -> Decision:
    """Return a yes."""
    return Decision(True, reason)


def deny(reason: str) -> Decision:
    """Return a no, with its reason in a sentence."""
    return Decision(False, reason)


class Policy:
    """Decides over every action; this one allows nothing.

    Subclass it (or :class:`DefaultPolicy`, to narrow or widen what that allows), override
    :meth:`decide`, and give the class or an instance to ``Continuum(policy=...)``.
    """

    def decide(
        self,
        action: Action,
        user: Any,
        *,
        model: type[Any] | None = None,
        record: Any = None,
        version: Any = None,
        field: str | None = None,
        relationship: str | None = None,
    ) -> Decision:
        """Return whether ``user`` may do it.

        Asked often, for each field of each row on a page: take what is loaded, issue no SQL.

        :param action: what is wanted.
        :param user: the current user; ``None`` when nobody is logged in.
        :param model: the model concerned; ``None`` asks about the history as a whole.
        :param record: the record as it is now, where it is known and not deleted.
        :param version: the version concerned, where there is one.
        :param field: the attribute key of the field concerned.
        :param relationship: the key of the relationship concerned.
        """
        return deny(_("This policy allows nothing."))


class DefaultPolicy(Policy):
    """Allows users for whom ``CONTINUUM_ADMIN_USER`` says so; secrets and rights stay out of it.

    A field is masked when its column has ``info={"masked": True}`` or a name like those of
    secrets (``password_hash``, ``api_token``); ``info={"masked": False}`` shows it. A field or
    relationship that carries rights (``info={"role": True}``, or a name such as ``roles`` or
    ``is_admin``) is shown and never put back; ``info={"role": False}`` allows that, except on the
    acting user's own record.

    :param admin_user: called with the current user, true for those who may; ``None`` is nobody.
    """

    def __init__(self, admin_user: Callable[[Any], bool] | None = None) -> None:
        self.admin_user = admin_user

    def decide(
        self,
        action: Action,
        user: Any,
        *,
        model: type[Any] | None = None,
        record: Any = None,
        version: Any = None,
        field: str | None = None,
        relationship: str | None = None,
    ) -> Decision:
        """Return whether ``user`` may do it."""
        person = self._may_enter(user)
        if not person or model is None:
            return person
        key = field or relationship
        puts_back = action in (Action.REVERT, Action.UNDO)
        if key is not None and is_masked(model, key):
            if puts_back:
                return deny(_("A secret: it is never put back."))
            if action is Action.VIEW_FIELD:
                return deny(_("A secret: its values are not shown."))
        if puts_back and carries_rights(model, key):
            return deny(_("It carries rights: those are given, never put back."))
        if puts_back and key is not None and _opens_doors(key) and is_same_person(user, record):
            return deny(_("It decides over your own access."))
        return person

    def _may_enter(self, user: Any) -> Decision:
        if self.admin_user is None:
            return deny(
                "Nobody may see the history yet: set CONTINUUM_ADMIN_USER to a function that gets "
                "the current user and returns True for those who may, or give Continuum a policy."
            )
        if not is_logged_in(user):
            return deny(_("Log in to see the history."))
        if not self.admin_user(user):
            return deny(_("You have no access to the history."))
        return allow()


def is_logged_in(user: Any) -> bool:
    """Return whether ``user`` is somebody: not ``None``, and not flask-login's anonymous user."""
    return user is not None and bool(getattr(user, "is_authenticated", True))


def is_same_person(user: Any, record: Any) -> bool:
    """Return whether ``record`` is the row of ``user``, compared by identity and without SQL."""
    ours, theirs = _identity(user), _identity(record)
    return ours is not None and ours == theirs


def is_masked(model: type[Any], key: str) -> bool:
    """Return whether a field's values are hidden: marked so, or named like a secret.

    :param model: the model.
    :param key: the attribute key of a field or relationship.
    """
    marked = _info(model, key).get("masked")
    return bool(marked) if marked is not None else _sounds_like(_SECRET, key)


def carries_rights(model: type[Any], key: str | None = None) -> bool:
    """Return whether a field, a relationship or all of a model gives rights.

    It does when ``info={"role": True}`` on the column, the relationship or the table says so, and
    else when the name of the attribute, of the related model or of the model sounds like it.

    :param model: the model.
    :param key: an attribute key; ``None`` asks about the model as a whole.
    """
    mapper = sa.inspect(model)
    marked = _info(model, key).get("role") if key is not None else None
    if marked is None:
        marked = getattr(mapper.local_table, "info", {}).get("role")
    if marked is not None:
        return bool(marked)
    if _sounds_like(_RIGHTS_MODEL, model.__name__):
        return True
    if key is None:
        return False
    related = mapper.relationships.get(key)
    if related is None:
        return _sounds_like(_RIGHTS, key)
    if _sounds_like(_RIGHTS_MODEL, related.mapper.class_.__name__) or _sounds_like(_RIGHTS, key):
        return True
    return any(
        _info(other.parent.class_, other.key).get("role", _sounds_like(_RIGHTS, other.key))
        for other in _other_sides(related)
    )


def _other_sides(related: RelationshipProperty[Any]) -> Iterator[RelationshipProperty[Any]]:
    """The same link as the related model has it: ``User.groups`` for ``Group.members``."""
    pairs = {frozenset(pair) for pair in related.local_remote_pairs or ()}
    for other in related.mapper.relationships:
        if (
            other.secondary is related.secondary
            and {frozenset(pair) for pair in other.local_remote_pairs or ()} == pairs
            and other is not related
        ):
            yield other


def _opens_doors(key: str) -> bool:
    """Whether a field, whatever is marked on it, decides over the access of whose record it is."""
    return _sounds_like(_RIGHTS, key) or _sounds_like(_ACCOUNT, key)


def _identity(thing: Any) -> Any:
    """The identity key of a mapped object, behind a proxy or not; ``None`` for anything else."""
    unwrap = getattr(thing, "_get_current_object", None)
    state = sa.inspect(unwrap() if unwrap is not None else thing, raiseerr=False)
    return state.key if isinstance(state, InstanceState) else None


def _info(model: type[Any], key: str) -> dict[str, Any]:
    """What ``info`` of a column or relationship says; empty for what is gone from the model."""
    attribute = sa.inspect(model).attrs.get(key)
    if attribute is None:
        return {}
    marks: dict[str, Any] = dict(attribute.info)
    if isinstance(attribute, ColumnProperty):
        for column in attribute.columns:
            marks.update(getattr(column, "info", {}))
    return marks


# A name is read as words: password_hash and passwordHash are "password" and "hash".

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SECRET = re.compile(
    r"\b(passwords?|passwd|pwd|passphrase|passcode|secrets?|tokens?|credentials?|otp|totp|mfa|cvv"
    r"|cvc|apikeys?|privatekey|(api|access|private|encryption|signing|session) keys?"
    r"|(recovery|backup) codes?|security answers?)\b"
)
_RIGHTS = re.compile(
    r"\b(roles?|permissions?|privileges?|grants?|scopes?|entitlements?|superuser|admin|is staff"
    r"|groups|access level)\b"
)
_RIGHTS_MODEL = re.compile(r"\b(roles?|permissions?|privileges?)\b")
_ACCOUNT = re.compile(
    r"\b(active|enabled|disabled|banned|blocked|suspended|locked|confirmed|verified|approved|staff"
    r"|group|access|level)\b"
)


def _sounds_like(pattern: re.Pattern[str], name: str) -> bool:
    return pattern.search(" ".join(_WORD.findall(name)).lower()) is not None
