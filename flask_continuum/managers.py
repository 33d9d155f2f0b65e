"""One manager for each database, whoever asks for it: what shapes tables is settled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask_sqlalchemy import SQLAlchemy

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.options import Options
from flask_continuum.state import EXTENSION


@dataclass(frozen=True, slots=True)
class Build:
    """What shapes tables, as it was given."""

    user_cls: type[Any] | str | None
    options: Mapping[str, Any]

    def differences(self, other: Build) -> Iterator[str]:
        """Say in words where another one asks for other tables."""
        if _name(self.user_cls) != _name(other.user_cls):
            yield f"user_cls is {_name(other.user_cls)} and was {_name(self.user_cls)}"
        ours, theirs = (_resolved(each.options) for each in (self, other))
        for option in fields(Options):
            was, now = getattr(ours, option.name), getattr(theirs, option.name)
            if was != now:
                yield f"options[{option.name!r}] is {_shown(now)} and was {_shown(was)}"


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
    manager = VersioningManager(user_cls=build.user_cls, options=build.options)
    manager.attribution = lambda: attribution(manager)
    db.metadata.info[EXTENSION] = _Kept(manager, build)
    return manager


def _name(user_cls: type[Any] | str | None) -> str | None:
    return user_cls.__name__ if isinstance(user_cls, type) else user_cls


def _resolved(options: Mapping[str, Any]) -> Options:
    return Options().with_changes(options, "Continuum's options", strict=True)


def _shown(value: Any) -> str:
    return repr(sorted(value)) if isinstance(value, frozenset) else repr(value)
