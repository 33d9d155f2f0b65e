"""Questions about models, versions and sessions that applications ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.registry import VersionedClass, class_of, entry_of
from flask_continuum.engine.version import VersionClassBase


def version_class(model: Any) -> type[Any]:
    """Return the version class of a model, or of an instance of it.

    :raises ClassNotVersioned: when the model is not versioned.
    """
    return entry_of(model).version_class


def parent_class(version_cls: Any) -> type[Any]:
    """Return the live class of a version class.

    :raises ClassNotVersioned: when it is not a version class.
    """
    cls = class_of(version_cls)
    if not issubclass(cls, VersionClassBase) or not hasattr(cls, "__continuum__"):
        raise ClassNotVersioned(
            f"{cls.__name__} is not a version class. version_class() gives that of a model."
        )
    return cls.__continuum__.model


def transaction_class(cls: Any) -> type[Any]:
    """Return the Transaction class for a live or version class.

    :raises ClassNotVersioned: when the class is not versioned.
    """
    entry = entry_of(cls)
    found: type[Any] = get_versioning_manager(entry.model).registry.transaction_class_for(cls)
    return found


def get_versioning_manager(obj_or_class: Any) -> Any:
    """Return the manager of a class, an instance or an alias.

    :raises ClassNotVersioned: when it is not versioned.
    """
    cls = class_of(obj_or_class)
    own = cls.__dict__.get("__continuum__")
    model = own.model if isinstance(own, VersionedClass) else cls
    manager = getattr(model, "__versioning_manager__", None)
    if manager is None:
        raise ClassNotVersioned(
            f"{cls.__name__} is not versioned. Mark the class with __versioned__ = {{}}."
        )
    return manager


def is_versioned(obj_or_class: Any) -> bool:
    """Tell whether changes of an object, or of a class's objects, are versioned."""
    cls = class_of(obj_or_class)
    if issubclass(cls, VersionClassBase):
        return False
    manager = getattr(cls, "__versioning_manager__", None)
    if manager is None:
        return False
    try:
        manager.registry.of(cls)
    except ClassNotVersioned:
        return False
    return True


def tx_column_name(obj: Any) -> str:
    """Return the name of the column with the transaction that made a version."""
    return entry_of(obj).options.transaction_column_name


def end_tx_column_name(obj: Any) -> str:
    """Return the name of the column with the transaction that ended a version."""
    return entry_of(obj).options.end_transaction_column_name


def count_versions(obj: Any) -> int:
    """Return how many versions a live object has; 0 for one that was never saved.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    entry = entry_of(obj)
    state = sa.inspect(obj)
    session = object_session(obj)
    if session is None or state.identity is None:
        return 0
    table = entry.table
    count = session.execute(
        sa.select(sa.func.count())
        .select_from(table.version)
        .where(*(c == v for c, v in zip(table.version_key, state.identity, strict=True)))
    ).scalar_one()
    return int(count)


def changeset(obj: Any) -> dict[str, list[Any]]:
    """Return the pending changes of a live object: ``{key: [new, old]}``.

    The order is that of SQLAlchemy-Continuum; versions' changesets are ``[old, new]``.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    found = {}
    state = sa.inspect(obj)
    for key in entry_of(obj).attributes:
        history = state.attrs[key].history
        if history.has_changes():
            new = history.added[0] if history.added else None
            old = history.deleted[0] if history.deleted else None
            found[key] = [new, old]
    return found


def is_modified(obj: Any) -> bool:
    """Tell whether a live object has unsaved changes that would be versioned.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    state = sa.inspect(obj)
    return any(state.attrs[key].history.has_changes() for key in entry_of(obj).attributes)


def versioned_objects(session: Session) -> Iterator[Any]:
    """Yield the versioned objects of a session."""
    return (obj for obj in session if is_versioned(obj))


def is_session_modified(session: Session) -> bool:
    """Tell whether anything in a session is new, deleted or changed that would be versioned."""
    if any(is_versioned(obj) for obj in (*session.new, *session.deleted)):
        return True
    return any(is_versioned(obj) and is_modified(obj) for obj in session.dirty)
