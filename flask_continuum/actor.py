"""Who is acting, from where and why: from the request, or said by the application itself.

Nothing here sends SQL while a flush runs: the acting user's key is taken from their identity and
their label from what is loaded. (A user who is expired or detached would answer an attribute with
a query or an error.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa
from flask import current_app, g, has_request_context, request
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import InstanceState
from sqlalchemy.orm.exc import ObjectDeletedError

from flask_continuum.engine.attribution import NOBODY, Attribution
from flask_continuum.policy import is_logged_in, is_masked

ADDRESS_LIMIT = 50
LABEL_LIMIT = 255
REQUEST_ID_LIMIT = 128

LABEL_ATTRIBUTES = (
    "display_name",
    "full_name",
    "fullname",
    "name",
    "username",
    "user_name",
    "login",
    "email",
    "mail",
)
"""What names a person; the first that is loaded and not empty."""

_REMEMBERED = "continuum.label"
_NOT_IN_A_REQUEST_ID = re.compile(r"[^\w.:@/+=-]", re.ASCII)


class Unsaid:
    """The type of :data:`UNSAID`."""


UNSAID: Final = Unsaid()
"""Nothing was said about who acts; ``None`` would say that nobody does."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, for applications whose users are no mapped objects.

    :ivar user_id: their primary key, when they are rows of the user class.
    :ivar label: what they are called.
    """

    user_id: Any = None
    label: str | None = None


# --- said by the application -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Saying:
    """What one ``with`` block says; inner blocks are asked first.

    :ivar managers: whose transactions it speaks of.
    :ivar who: a user, a label, an :class:`Actor`, ``None`` for nobody, or :data:`UNSAID`.
    :ivar label: what the user was called when the block began.
    """

    managers: Container[Any]
    attribution: Attribution
    who: Any
    label: str | None


# Each thread and each asynchronous task has its own value, and a tuple is never changed in place.
_SAYINGS: ContextVar[tuple[_Saying, ...]] = ContextVar("flask_continuum_sayings", default=())


@contextmanager
def saying(
    managers: Container[Any], attribution: Attribution = NOBODY, who: Any = UNSAID
) -> Iterator[None]:
    """Say, for the writes inside the block, who acts and why.

    :param managers: the managers whose transactions this is about.
    :param attribution: what is said; fields that stay ``None`` are left to outer blocks and to
        the request.
    :param who: a user, a label, an :class:`Actor`, or ``None`` for nobody.
    """
    who = unwrapped(who)
    said = _Saying(managers, attribution, who, label_of(who, may_load=True))
    _SAYINGS.set((*_SAYINGS.get(), said))
    try:
        yield
    finally:
        # not reset(token): a generator fixture may be closed in another context than it began in
        _SAYINGS.set(tuple(each for each in _SAYINGS.get() if each is not said))


def attribution_of(manager: Any, source: Callable[[], Any] | None = None) -> Attribution:
    """Return what is known about the change being made now, without SQL.

    :param manager: the manager that asks.
    :param source: the application's own way to tell who acts; flask-login when ``None``.
    """
    said = [each for each in _SAYINGS.get() if manager in each.managers]
    found = NOBODY
    who: Any = UNSAID
    label: str | None = None
    for each in reversed(said):
        found = found.filled_from(each.attribution)
        if who is UNSAID and each.who is not UNSAID:
            who, label = each.who, each.label
    if who is UNSAID:
        who = source() if source is not None else loaded_user()
    actor = describe(unwrapped(who), getattr(manager, "user_cls", None))
    return replace(
        found.filled_from(_circumstances()),
        user_id=actor.user_id,
        actor=_bounded(actor.label or label, LABEL_LIMIT),
    )


# --- taken from the request --------------------------------------------------------------------


def current_user(source: Callable[[], Any] | None = None) -> Any:
    """Return the current user, loading them when need be; ``None`` when nobody is logged in.

    :param source: the application's own way to tell who acts; flask-login when ``None``.
    """
    if source is not None:
        user = unwrapped(source())
    else:
        load_user()
        user = loaded_user()
    label_of(user)  # remembered, for when the user is expired
    return user if is_logged_in(user) else None


def loaded_user() -> Any:
    """Return flask-login's user if they are loaded in this request, else ``None``; no SQL."""
    if not has_request_context() or not _has_login():
        return None
    user = g.get("_login_user")
    return user if _is_somebody(user) else None


def is_loadable() -> bool:
    """Return whether this request may have a user whom flask-login has not loaded yet."""
    return has_request_context() and "_login_user" not in g and _has_login()


def load_user() -> None:
    """Have flask-login load the user of this request, unless they are loaded already."""
    if is_loadable():
        from flask_login import current_user as proxy

        unwrapped(proxy)


def is_said(manager: Any) -> bool:
    """Return whether a block has said who acts, so that nobody need be looked for."""
    return any(each.who is not UNSAID and manager in each.managers for each in _SAYINGS.get())


def _has_login() -> bool:
    """Whether the application uses flask-login, and has told it how to find a user."""
    login = getattr(current_app, "login_manager", None)
    return login is not None and bool(
        getattr(login, "user_callback", None) or getattr(login, "request_callback", None)
    )


def _circumstances() -> Attribution:
    """From where a request came and which; nothing of it that may hold a secret, as a path may."""
    if not has_request_context():
        return NOBODY
    context: dict[str, str] = {}
    request_id = _NOT_IN_A_REQUEST_ID.sub("", request.headers.get("X-Request-ID", ""))
    if request_id:
        context["request_id"] = request_id[:REQUEST_ID_LIMIT]
    if request.endpoint:
        context["endpoint"] = request.endpoint
    return Attribution(
        remote_addr=_bounded(request.remote_addr, ADDRESS_LIMIT), context=MappingProxyType(context)
    )


# --- describing a user -------------------------------------------------------------------------


def describe(who: Any, user_cls: type[Any] | str | None) -> Actor:
    """Return the key and the label of somebody, from their identity and what is loaded.

    The key is only that of a row of the user class: that of another class would name somebody
    else. A user whose key has several parts has no ``user_id``.

    :param who: a mapped user, a label, an :class:`Actor`, another object, or ``None``.
    :param user_cls: the user class, or its name; ``None`` when transactions name no user.
    """
    if isinstance(who, Actor):
        return who
    if not _is_somebody(who):
        return Actor()
    label = label_of(who)
    state = _state(who)
    if state is None or not _is_a(who, user_cls):
        return Actor(label=label)
    key = _key(state)
    return Actor(user_id=key[0] if len(key) == 1 else None, label=label)


def label_of(who: Any, *, may_load: bool = False) -> str | None:
    """Return what somebody is called, from what is loaded; remembered while they live.

    :param who: a mapped user, a label, an :class:`Actor`, another object, or ``None``.
    :param may_load: load an expired user; not while a flush runs.
    """
    if isinstance(who, str):
        return who.strip() or None
    if isinstance(who, Actor):
        return who.label
    state = _state(who)
    if state is None:
        # No row: its name may be a property, or in a slot.
        found = (_text(getattr(who, name, None)) for name in LABEL_ATTRIBUTES)
        return next(filter(None, found), None)
    names = _label_attributes(type(who))
    if may_load:
        _load(who, state, names)
    label = _name_in(state.dict, names, hidden_in=type(who)) or state.info.get(_REMEMBERED)
    if label is not None:
        state.info[_REMEMBERED] = label
    return label


def who(transaction: Any) -> str:
    """Return who made a transaction: the label of then, else what the user is called today."""
    if transaction.actor:
        return str(transaction.actor)
    user = getattr(transaction, "user", None)
    name = None if user is None else label_of(user, may_load=True)
    user_id = getattr(transaction, "user_id", None)
    return name or ("unknown" if user_id is None else f"user {user_id}")


def unwrapped(who: Any) -> Any:
    """Return what a proxy such as flask-login's ``current_user`` stands for."""
    unwrap = getattr(who, "_get_current_object", None)
    return unwrap() if callable(unwrap) else who


def _is_somebody(who: Any) -> bool:
    """Whether it is not the anonymous user.

    A row is not asked: ``is_authenticated`` commonly reads a column, which may be expired.
    """
    return _state(who) is not None or is_logged_in(who)


def _state(who: Any) -> InstanceState[Any] | None:
    state = sa.inspect(who, raiseerr=False)
    return state if isinstance(state, InstanceState) else None


def _key(state: InstanceState[Any]) -> tuple[Any, ...]:
    """The primary key: of the identity, or of one that is being inserted what is set already."""
    if state.key is not None:
        return tuple(state.key[1])
    mapper = state.mapper
    return tuple(
        state.dict.get(mapper.get_property_by_column(column).key) for column in mapper.primary_key
    )


def _is_a(who: Any, user_cls: type[Any] | str | None) -> bool:
    if isinstance(user_cls, str):
        return any(cls.__name__ == user_cls for cls in type(who).__mro__)
    return user_cls is not None and isinstance(who, user_cls)


def _label_attributes(cls: type[Any]) -> tuple[str, ...]:
    chosen = (getattr(cls, "__versioned__", None) or {}).get("label")
    return (chosen, *LABEL_ATTRIBUTES) if isinstance(chosen, str) else LABEL_ATTRIBUTES


def _load(who: Any, state: InstanceState[Any], names: Iterable[str]) -> None:
    """Load an expired user; where that cannot be done, what is loaded is all there is to say."""
    expired = next((name for name in names if name in state.expired_attributes), None)
    if expired is None or state.session is None:
        return
    with state.session.no_autoflush, suppress(ObjectDeletedError, MissingGreenlet):
        getattr(who, expired)


def _name_in(
    values: Mapping[str, Any], names: Iterable[str], hidden_in: type[Any] | None = None
) -> str | None:
    """The first name with text in it that is not masked in the model ``hidden_in``."""
    for name in names:
        text = _text(values.get(name))
        if text is not None and (hidden_in is None or not is_masked(hidden_in, name)):
            return text
    return None


def _text(value: Any) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def _bounded(text: str | None, limit: int) -> str | None:
    return text[:limit] if text else None
