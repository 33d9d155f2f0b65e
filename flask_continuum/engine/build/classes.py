"""Version classes: mapped beside their models, with the same attributes and inheritance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapper, MapperProperty, synonym

from flask_continuum.engine.build.derived import (
    add_descriptors,
    derived_properties,
    is_recorded,
)
from flask_continuum.engine.build.early import own_hierarchy
from flask_continuum.engine.build.pickling import VERSION_CLASS, place
from flask_continuum.engine.build.tables import to_version
from flask_continuum.engine.naming import version_class_name
from flask_continuum.engine.options import Options
from flask_continuum.engine.read import siblings
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
    above = parent if parent is not None and tables[-1] is parent.tables[-1] else None
    version_class = _make_class(mapper, options, parent)
    properties = _properties(mapper, options, tables, attributes, parent)
    mapped = {column for columns in properties.values() for column in columns}
    unmapped = {c for table in tables for c in table.version.c if c not in mapped}
    derived = {
        key: prop
        for key, prop in derived_properties(
            mapper, tables, attributes, inherited=parent is not None
        )
        if key not in options.exclude
    }
    derived |= _other_names_of_flags(tables, properties)
    mapper.registry.map_imperatively(
        version_class,
        # a class of a single-table hierarchy has no table of its own
        None if above is not None else _selectable(mapper, tables, parent),
        properties={**properties, **derived},
        exclude_properties=unmapped,
        inherits=None if parent is None else parent.version_class,
        **_mapper_arguments(mapper, tables, parent),
    )
    _load_together(sa.inspect(version_class))
    event.listen(version_class, "load", siblings.note, raw=True)
    add_descriptors(mapper, version_class, options.exclude)
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


def _make_class(mapper: Mapper[Any], options: Options, parent: VersionedClass | None) -> type[Any]:
    """Make the version class, not yet mapped.

    It inherits what the declarative base can do. Mapping it by hand keeps away from it what the
    base does to models: name their tables, give them columns, make dataclasses of them.
    """
    name = version_class_name(mapper.class_, with_module=options.use_module_name)
    namespace = {
        "__doc__": f"A version of {mapper.class_.__name__}.",
        "__versioned__": None,
        "__abstract__": True,  # a declarative base does not map what it is told is abstract
    }
    version_class = type(name, _bases(mapper, options, parent), namespace)
    del version_class.__abstract__  # type: ignore[attr-defined]
    place(version_class, mapper.class_, VERSION_CLASS)
    return version_class


def _selectable(
    mapper: Mapper[Any], tables: tuple[VersionedTable, ...], parent: VersionedClass | None
) -> Any:
    """Return the class's own version table, joined to those of parents that are not marked."""
    if parent is not None or len(tables) == 1:
        return tables[-1].version
    found: Any = tables[0].version
    joined = [each for each in own_hierarchy(mapper) if each.inherit_condition is not None]
    for each, above, local in zip(joined, tables[:-1], tables[1:], strict=True):
        found = found.join(local.version, _inherit_condition(each, local, above, tables))
    return found


def _properties(
    mapper: Mapper[Any],
    options: Options,
    tables: tuple[VersionedTable, ...],
    attributes: Mapping[str, sa.Column[Any]],
    parent: VersionedClass | None,
) -> dict[str, list[sa.Column[Any]]]:
    """Return what the version class maps beyond its parent, by attribute key."""
    own = {tables[-1].live} if parent is not None else {table.live for table in tables}
    above = {} if parent is None or parent.tables[-1] is not tables[-1] else parent.attributes
    recorded = {live for table in tables for live, _ in table.columns}
    found: dict[str, list[sa.Column[Any]]] = {}
    for key, column in attributes.items():
        if column.table in own and key not in above:
            # an attribute may stand for a column of each table
            columns = [each for each in mapper.attrs[key].columns if each in recorded]
            found[key] = [to_version(each, tables) for each in columns]
    for name, columns in _further(tables, own, attributes, above):
        found.setdefault(name, [])[:0] = columns
    if not above:
        for name in _bookkeeping(options):
            found[name] = [table.version.c[name] for table in reversed(tables)]
    return found


def _further(
    tables: tuple[VersionedTable, ...],
    own: set[sa.Table],
    attributes: Mapping[str, sa.Column[Any]],
    above: Mapping[str, sa.Column[Any]],
) -> Iterator[tuple[str, list[sa.Column[Any]]]]:
    """Yield what plugins have added: flags under the name of their attribute, and the rest."""
    keys = {column: key for key, column in attributes.items() if key not in above}
    for table in tables:
        flags = {flag: live for live, flag in table.flags}
        usual = {*_bookkeeping(table.options), *(version.key for _, version in table.columns)}
        for column in table.version.c:
            live = flags.get(column)
            if live is not None and live in keys and table.live in own:
                yield flag_name(keys[live], live, column), [column]
            elif live is None and column.key not in usual and not above:
                yield column.key, [column]


def _other_names_of_flags(
    tables: tuple[VersionedTable, ...], properties: Mapping[str, list[sa.Column[Any]]]
) -> dict[str, MapperProperty[Any]]:
    """Return the column's own names of flags whose attribute is called otherwise."""
    flags = {flag for table in tables for _, flag in table.flags}
    return {
        columns[0].key: synonym(name)
        for name, columns in properties.items()
        if columns[0] in flags and columns[0].key not in properties
    }


def flag_name(key: str, live: sa.Column[Any], flag: sa.Column[Any]) -> str:
    """Return the attribute of a flag, which is called as that of the live column is."""
    begins = flag.key.startswith(live.key)
    return key + flag.key.removeprefix(live.key) if begins else flag.key


def _bookkeeping(options: Options) -> tuple[str, ...]:
    names = [options.transaction_column_name, options.operation_type_column_name]
    if options.strategy == "validity":
        names.insert(1, options.end_transaction_column_name)
    return tuple(names)


def _mapper_arguments(
    mapper: Mapper[Any], tables: tuple[VersionedTable, ...], parent: VersionedClass | None
) -> dict[str, Any]:
    own = tables[-1] if parent is None or tables[-1] is not parent.tables[-1] else None
    arguments: dict[str, Any] = {}
    if parent is None and is_recorded(mapper.polymorphic_on, tables):
        arguments["polymorphic_on"] = to_version(mapper.polymorphic_on, tables)
    if mapper.polymorphic_identity is not None:
        arguments["polymorphic_identity"] = mapper.polymorphic_identity
    if mapper.polymorphic_load:
        arguments["polymorphic_load"] = mapper.polymorphic_load
    if own is not None and parent is not None:
        arguments["inherit_condition"] = _inherit_condition(mapper, own, parent.tables[-1], tables)
    return arguments


def _load_together(mapper: Mapper[Any]) -> None:
    """Load the columns of a single-table subclass with those of the classes above.

    They are at hand: no version needs a statement of its own for them.
    """
    for above in mapper.iterate_to_root():
        if above is not mapper and above.local_table is mapper.local_table:
            above._add_with_polymorphic_subclass(mapper)  # type: ignore[no-untyped-call]


def _inherit_condition(
    mapper: Mapper[Any],
    local: VersionedTable,
    above: VersionedTable,
    tables: tuple[VersionedTable, ...],
) -> sa.ColumnElement[bool]:
    condition = to_version(mapper.inherit_condition, tables)
    return sa.and_(condition, local.transaction_id == above.transaction_id)
