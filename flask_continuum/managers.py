"""One manager for each database, whoever asks for it: what shapes tables is settled once.

Every session of the database is listened to: ``db.session``, and those that test suites put in its
place, bound to a connection whose outer transaction they roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from weakref import WeakSet, ref

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.orm import InstanceState, Session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.options import Options
from flask_continuum.engine.plugins.base import PluginCollection
from flask_continuum.state import EXTENSION

Listener = Callable[..., None]

_FOLLOWED = "continuum_followed"
_SHARED = (Session, FlaskSession)
"""Classes of sessions that other databases use too: those are never listened to as a whole."""


@dataclass(frozen=True, slots=True)
class Build:
    """What shapes tables, as it was given."""

    user_cls: type[Any] | str | None
    options: Mapping[str, Any]
    plugins: PluginCollection = field(default_factory=PluginCollection)

    def differences(self, other: Build) -> Iterator[str]:
        """Say in words where another one asks for other tables."""
        if _name(self.user_cls) != _name(other.user_cls):
            yield f"user_cls is {_name(other.user_cls)} and was {_name(self.user_cls)}"
        ours, theirs = (_resolved(each.options) for each in (self, other))
        for option in fields(Options):
            was, now = getattr(ours, option.name), getattr(theirs, option.name)
            if was != now:
                yield f"options[{option.name!r}] is {_shown(now)} and was {_shown(was)}"
        was, now = ([type(p).__name__ for p in each.plugins] for each in (self, other))
        if was != now:
            yield f"plugins are {', '.join(now) or 'none'} and were {', '.join(was) or 'none'}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """The manager of a database, with what it was built from; kept in its metadata's ``info``."""

    manager: VersioningManager
    build: Build


def join_or_create(
    db: SQLAlchemy, build: Build, attribution: Callable[[VersioningManager], Attribution]
) -> VersioningManager:
    """Return the manager that ``db`` has, or a new one.

    :param build: what shapes the tables.
    :param attribution: tells a new manager who acts.
    :raises ImproperlyConfigured: when ``db`` has one that was built otherwise.
    """
    kept: _Kept | None = db.metadata.info.get(EXTENSION)
    if kept is not None:
        differences = "; ".join(kept.build.differences(build))
        if differences:
            raise ImproperlyConfigured(
                f"This database is versioned already, by a Continuum with other options: "
                f"{differences}. What shapes tables belongs to the database and is settled once: "
                f"create Continuum(db=db) beside db and call init_app for each application, or "
                f"give every Continuum the same options."
            )
        return kept.manager
    manager = VersioningManager(
        user_cls=build.user_cls, options=build.options, plugins=build.plugins
    )
    manager.attribution = lambda: attribution(manager)
    db.metadata.info[EXTENSION] = _Kept(manager, build)
    return manager


def attach(
    manager: VersioningManager, db: SQLAlchemy, listeners: Iterable[tuple[str, Listener]]
) -> None:
    """Have a manager version the models of ``db``; it does nothing twice.

    :param listeners: events of sessions and their handlers, attached before those of the manager.
    """
    listeners = tuple(listeners)
    _attach_session(manager, db, db.session, listeners)
    if db.metadata.info.get(_FOLLOWED):
        return
    db.metadata.info[_FOLLOWED] = True
    known: WeakSet[type[Any]] = WeakSet({type(None), *_SHARED, db.session.session_factory.class_})
    # weak, for the models' class would otherwise keep itself alive by what listens to it
    follower, database = ref(manager), ref(db)

    def before_write(mapper: Any, connection: Any, state: InstanceState[Any]) -> None:
        """Listen to a session made beside ``db.session``, the first time that it writes."""
        cls = type(state.session)
        if cls in known:
            return
        known.add(cls)
        found, its = follower(), database()
        if found is not None and its is not None:
            _attach_session(found, its, cls, listeners)

    for name in ("before_insert", "before_update", "before_delete"):
        event.listen(db.Model, name, before_write, raw=True, propagate=True)


def _attach_session(
    manager: VersioningManager,
    db: SQLAlchemy,
    session: Any,
    listeners: Iterable[tuple[str, Listener]],
) -> None:
    for name, listener in listeners:
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)
    manager.attach(base=db.Model, session=session)


def _name(user_cls: type[Any] | str | None) -> str | None:
    return user_cls.__name__ if isinstance(user_cls, type) else user_cls


def _resolved(options: Mapping[str, Any]) -> Options:
    return Options().with_changes(options, "Continuum's options", strict=True)


def _shown(value: Any) -> str:
    return repr(sorted(value)) if isinstance(value, frozenset) else repr(value)
