"""``make_versioned``: versioning for plain SQLAlchemy with one default manager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.plugins.base import Plugin

versioning_manager = VersioningManager(strict=False)
"""The manager that everything falls back to; ``Continuum`` makes its own."""


def make_versioned(
    mapper: Any = Mapper,
    session: Any = Session,
    manager: VersioningManager = versioning_manager,
    plugins: Iterable[Plugin] | None = None,
    options: Mapping[str, Any] | None = None,
    user_cls: type[Any] | str | None = "User",
) -> None:
    """Version every marked class, before or after the classes are defined.

    :param mapper: a declarative base, or ``Mapper`` for the classes of every base.
    :param session: a session class, session factory or scoped session.
    :param manager: the manager that takes the classes.
    :param plugins: see :mod:`flask_continuum.plugins`; ``None`` leaves those of the manager.
    :param options: options by name, which the ``__versioned__`` of a class overrides.
    :param user_cls: the class of users, its name, or ``None`` when transactions name no user.
    """
    manager.set_up(options=options, user_cls=user_cls, plugins=plugins)
    manager.attach(mapper, session, sa.Engine)


def remove_versioning(
    mapper: Any = Mapper,
    session: Any = Session,
    manager: VersioningManager = versioning_manager,
) -> None:
    """Stop versioning: take every listener away and forget every class.

    :param mapper: kept for compatibility, like ``session``: the manager knows what it listens to.
    """
    manager.reset()


def manager_or_default(manager: VersioningManager | None) -> VersioningManager:
    """Return the manager, or the one of ``make_versioned`` if it versions anything.

    :raises ImproperlyConfigured: when there is none.
    """
    if manager is not None:
        return manager
    if not versioning_manager.registry.tables:
        raise ImproperlyConfigured(
            "Nothing is versioned by make_versioned(), so the manager has to be named: "
            "continuum.manager with Flask, or the VersioningManager of your own."
        )
    return versioning_manager
