"""Version classes: mapped beside their models, with the same attributes and inheritance."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, column_property
from sqlalchemy.sql import visitors

from flask_continuum.engine.naming import version_class_name
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import VersionedClass, VersionedTable
from flask_continuum.engine.version import VersionClassBase


def build_version_class(
    mapper: Mapper[Any],
    options: Options,
    tables: tuple[VersionedTable, ...],
    parent: VersionedClass | None,
) -> VersionedClass:
    """Map the version class of a model whose mapper is configured.

    :param tables: the version tables of the model's tables, root first.
    :param parent: the entry of the versioned class that the model inherits from.
    """
    attributes = recorded_attributes(mapper, tables)
    namespace: dict[str, Any] = {
        "__module__": mapper.class_.__module__,
        "__doc__": f"A version of {mapper.class_.__name__}.",
        "__mapper_args__": _mapper_arguments(mapper, tables, parent),
        "__versioned__": None,
    }
    own_table = parent is None or tables[-1] is not parent.tables[-1]
    if own_table:
        local = tables[-1]
        recorded = {live for table in tables for live, _ in table.columns}
        namespace["__table__"] = local.version
        for key, column in attributes.items():
            if column.table is local.live:
                # a key shared with the parent's table: declarative must be told that it is
                shared = mapper.attrs[key].columns
                columns = [to_version(each, tables) for each in shared if each in recorded]
                namespace[key] = column_property(*columns) if len(columns) > 1 else columns[0]
        for name in _bookkeeping(options):
            namespace[name] = (
                column_property(local.version.c[name], *_inherited(tables[:-1], name))
                if len(tables) > 1 and not mapper.concrete
                else local.version.c[name]
            )
    else:
        # a single-table subclass: declarative must not look for a table of its own
        namespace["__tablename__"] = None
    name = version_class_name(mapper.class_, with_module=options.use_module_name)
    version_class = type(name, _bases(mapper, options, parent), namespace)
    entry = VersionedClass(
        model=mapper.class_,
        version_class=version_class,
        mapper=mapper,
        options=options,
        tables=tables,
        attributes=attributes,
        key_attributes=tuple(
            mapper.get_property_by_column(column).key for column in mapper.primary_key
        ),
        relationships=(),
    )
    return entry


def recorded_attributes(
    mapper: Mapper[Any], tables: tuple[VersionedTable, ...]
) -> dict[str, sa.Column[Any]]:
    """Return the recorded columns of a configured mapper by attribute key."""
    recorded = {live for table in tables for live, _ in table.columns}
    found: dict[str, sa.Column[Any]] = {}
    for prop in mapper.column_attrs:
        for column in prop.columns:
            if isinstance(column, sa.Column) and column in recorded:
                found[prop.key] = column
                break
    return found


def _bases(
    mapper: Mapper[Any], options: Options, parent: VersionedClass | None
) -> tuple[type[Any], ...]:
    if parent is not None:
        return (parent.version_class,)
    if options.base_classes:
        return (VersionClassBase, *options.base_classes)
    for cls in mapper.class_.__mro__:
        # the declarative base is the class that brought the registry in
        brings = "registry" in cls.__dict__ or "_sa_registry" in cls.__dict__
        if brings and sa.inspect(cls, raiseerr=False) is None:
            return (VersionClassBase, cls)
    return (VersionClassBase, mapper.registry.generate_base())


def _bookkeeping(options: Options) -> tuple[str, ...]:
    names = [options.transaction_column_name, options.operation_type_column_name]
    if options.strategy == "validity":
        names.insert(1, options.end_transaction_column_name)
    return tuple(names)


def _inherited(tables: tuple[VersionedTable, ...], name: str) -> list[sa.Column[Any]]:
    return [table.version.c[name] for table in reversed(tables)]


def _mapper_arguments(
    mapper: Mapper[Any], tables: tuple[VersionedTable, ...], parent: VersionedClass | None
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if mapper.polymorphic_on is not None and parent is None:
        arguments["polymorphic_on"] = to_version(mapper.polymorphic_on, tables)
    if mapper.polymorphic_identity is not None:
        arguments["polymorphic_identity"] = mapper.polymorphic_identity
    if mapper.concrete:
        arguments["concrete"] = True
    elif parent is not None and tables[-1] is not parent.tables[-1]:
        arguments["inherit_condition"] = _inherit_condition(mapper, tables[-1], parent)
    if mapper.polymorphic_load:
        arguments["polymorphic_load"] = mapper.polymorphic_load
    return arguments


def _inherit_condition(
    mapper: Mapper[Any], local: VersionedTable, parent: VersionedClass
) -> sa.ColumnElement[bool]:
    above = parent.tables[-1]
    condition = to_version(mapper.inherit_condition, (*parent.tables, local))
    return sa.and_(condition, local.transaction_id == above.transaction_id)


def to_version(expression: Any, tables: tuple[VersionedTable, ...]) -> Any:
    """Return ``expression`` with live columns replaced by their version columns."""
    columns = {live: version for table in tables for live, version in table.columns}

    def replace(element: Any, **_: Any) -> Any:
        return columns.get(element) if isinstance(element, sa.Column) else None

    if isinstance(expression, sa.Column):
        return columns.get(expression, expression)
    return visitors.replacement_traverse(expression, {}, replace)
