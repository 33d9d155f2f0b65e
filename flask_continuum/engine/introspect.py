"""Questions about models, versions and sessions that applications ask."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import (
    ColumnProperty,
    InstanceState,
    InstrumentedAttribute,
    RelationshipProperty,
    Session,
    object_session,
)

from flask_continuum.engine.errors import ClassNotVersioned, ImproperlyConfigured
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import (
    Registry,
    VersionedTable,
    class_of,
    entry_of,
    model_of,
    not_versioned,
)
from flask_continuum.engine.version import VersionClassBase


def version_class(model: Any) -> type[Any]:
    """Return the version class of a model, of an instance of it or of a version.

    A model that has version tables only (``create_models`` is False) is returned as it is.

    :raises ClassNotVersioned: when the model is not versioned.
    """
    cls = class_of(model)
    if _is_built(cls) and not options_of(cls).create_models:
        return cls
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
    registry = _registry_of(cls)
    registry.configure()
    return registry.transaction_classes[_tables_of(cls)[0].live.metadata]


def get_versioning_manager(obj_or_class: Any) -> Any:
    """Return the manager of a class, an instance or an alias.

    :raises ClassNotVersioned: when it is not versioned.
    """
    model = model_of(obj_or_class)
    manager = getattr(model, "__versioning_manager__", None)
    if manager is None:
        raise not_versioned(model)
    return manager


def is_versioned(obj_or_class: Any) -> bool:
    """Tell whether changes of an object, or of a class's objects, are versioned."""
    cls = class_of(obj_or_class)
    if issubclass(cls, VersionClassBase):
        return False
    return _is_built(cls) and not _registry_of(cls).is_paused(cls)


def _is_built(cls: type[Any]) -> bool:
    manager = getattr(cls, "__versioning_manager__", None)
    return manager is not None and cls in manager.registry.options


def options_of(obj_or_class: Any) -> Options:
    """Return the options that a model is versioned with, those of its manager among them.

    :raises ClassNotVersioned: when it is not versioned.
    """
    model = model_of(obj_or_class)
    found = _registry_of(model).options.get(model)
    if found is None:
        raise not_versioned(model)
    return found


def option(obj_or_class: Any, option_name: str) -> Any:
    """Return the value of an option: that of the model, else that of its manager.

    :raises ClassNotVersioned: when it is not versioned.
    :raises ImproperlyConfigured: when there is no such option.
    """
    options = options_of(obj_or_class)
    known = {each.name for each in dataclasses.fields(options)}
    if option_name not in known:
        raise ImproperlyConfigured(
            f"There is no option {option_name!r}.{nearest(option_name, known)}"
        )
    if option_name == "versioning":
        return is_versioned(model_of(obj_or_class))  # it may be switched off at present
    return getattr(options, option_name)


def tx_column_name(obj: Any) -> str:
    """Return the name of the column with the transaction that made a version."""
    return options_of(obj).transaction_column_name


def end_tx_column_name(obj: Any) -> str:
    """Return the name of the column with the transaction that ended a version."""
    return options_of(obj).end_transaction_column_name


def end_tx_attr(obj: Any) -> Any:
    """Return the attribute of the version class that says where a version ended.

    :raises ImproperlyConfigured: when versions do not say so (the strategy ``"subquery"``).
    """
    entry = entry_of(obj)
    if entry.table.end_transaction_id is None:
        raise ImproperlyConfigured(
            f"The versions of {entry.model.__name__} have no end: their strategy is 'subquery'. "
            f"A version ends where the next one begins."
        )
    return getattr(entry.version_class, entry.options.end_transaction_column_name)


def count_versions(obj: Any) -> int:
    """Return how many versions a live object has; 0 for one that was never saved.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    table = _tables_of(obj)[0]
    state = sa.inspect(obj)
    session = object_session(obj)
    if session is None or state.identity is None:
        return 0
    is_record = (c == v for c, v in zip(table.version_key, state.identity, strict=True))
    count = sa.select(sa.func.count()).select_from(table.version).where(*is_record)
    with session.no_autoflush:
        return session.execute(count, bind_arguments={"mapper": state.mapper}).scalar_one()


def changeset(obj: Any) -> dict[str, list[Any]]:
    """Return the pending changes of a live object: ``{key: [old, new]}``, as versions have them.

    A new object had nothing before, one that is to be deleted will have nothing after. What was
    there before is loaded where it is not at hand.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    state = sa.inspect(obj)
    keys = [prop.key for prop in versioned_column_properties(obj)]
    if state.deleted:
        return {key: [state.dict[key], None] for key in keys if key in state.dict}
    if state.persistent and obj in state.session.deleted:
        with state.session.no_autoflush:
            return {key: [getattr(obj, key), None] for key in keys}
    found: dict[str, list[Any]] = {}
    replaced = []
    for key in keys:
        history = state.attrs[key].history
        if history.has_changes():
            found[key] = [each[0] if each else None for each in (history.deleted, history.added)]
            if state.persistent and not history.deleted:
                replaced.append(key)
    for key, old in _stored(state, replaced).items():
        found[key][0] = old
        if state.mapper.attrs[key].columns[0].type.compare_values(*found[key]):
            del found[key]
    return found


def _stored(state: InstanceState[Any], keys: Sequence[str]) -> Mapping[str, Any]:
    """Return what the database holds for attributes that were set without looking at them."""
    session = state.session
    if not keys or session is None or state.identity is None:
        return {}
    model, mapper = state.class_, state.mapper
    statement = sa.select(*(getattr(model, key) for key in keys)).where(
        *(column == part for column, part in zip(mapper.primary_key, state.identity, strict=True))
    )
    with session.no_autoflush:
        row = session.execute(statement).first()
    return {} if row is None else dict(zip(keys, row, strict=True))


def is_modified(obj: Any) -> bool:
    """Tell whether a live object has unsaved changes that would be versioned.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    state = sa.inspect(obj)
    return any(
        state.attrs[prop.key].history.has_changes() for prop in versioned_column_properties(obj)
    )


def is_modified_or_deleted(obj: Any) -> bool:
    """Tell whether a live object is to be deleted, or has unsaved changes to be versioned.

    :raises ClassNotVersioned: when its class is not versioned.
    """
    session = object_session(obj)
    return (session is not None and obj in session.deleted) or is_modified(obj)


def versioned_column_properties(obj_or_class: Any) -> Iterator[ColumnProperty[Any]]:
    """Yield the properties of a model whose columns are recorded.

    :raises ClassNotVersioned: when it is not versioned.
    """
    recorded = {live for table in _tables_of(obj_or_class) for live, _ in table.columns}
    for prop in sa.inspect(model_of(obj_or_class)).column_attrs:
        if any(column in recorded for column in prop.columns):
            yield prop


def versioned_relationships(
    obj: Any, versioned_column_keys: Iterable[str]
) -> Iterator[RelationshipProperty[Any]]:
    """Yield the relationships of a model that begin at one of these columns.

    :param versioned_column_keys: keys of columns, as the table has them.
    """
    keys = frozenset(versioned_column_keys)
    for prop in sa.inspect(model_of(obj)).relationships:
        is_ours = issubclass(prop.mapper.class_, VersionClassBase)
        if not is_ours and any(column.key in keys for column in prop.local_columns):
            yield prop


def is_table_column(column: Any) -> bool:
    """Tell whether something is a column of a table, or an attribute that stands for one."""
    found = column.property if isinstance(column, InstrumentedAttribute) else column
    if isinstance(found, ColumnProperty):
        found = found.columns[0]
    return isinstance(found, sa.Column)


def is_internal_column(model: Any, column_name: str) -> bool:
    """Tell whether versions of a model keep a column for their own account.

    :raises ClassNotVersioned: when it is not versioned.
    """
    options = options_of(model)
    return column_name in (
        options.transaction_column_name,
        options.end_transaction_column_name,
        options.operation_type_column_name,
    )


def versioned_objects(session: Session) -> Iterator[Any]:
    """Yield the versioned objects of a session."""
    return (obj for obj in session if is_versioned(obj))


def is_session_modified(session: Session) -> bool:
    """Tell whether anything in a session is new, deleted or changed that would be versioned."""
    if any(is_versioned(obj) for obj in (*session.new, *session.deleted)):
        return True
    return any(is_versioned(obj) and is_modified(obj) for obj in session.dirty)


def _registry_of(thing: Any) -> Registry:
    registry: Registry = get_versioning_manager(thing).registry
    return registry


def _tables_of(thing: Any) -> tuple[VersionedTable, ...]:
    return _registry_of(thing).tables_of(model_of(thing))
