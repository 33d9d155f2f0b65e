"""What mappers tell before they are configured, which might fail so early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipProperty
from sqlalchemy.orm import registry as DeclaredIn
from sqlalchemy.orm.mapper import _all_registries

from flask_continuum.engine.options import Options


def mappers_of(declared: DeclaredIn) -> Iterator[Mapper[Any]]:
    """Yield the mappers of a registry, in which some classes may still wait to be mapped."""
    for manager in list(declared._managers):
        if manager.is_mapped:
            yield manager.mapper


def every_registry() -> Iterator[DeclaredIn]:
    """Yield all registries in the process."""
    yield from list(_all_registries())


def every_mapper() -> Iterator[Mapper[Any]]:
    """Yield the mappers of all registries in the process."""
    for declared in every_registry():
        yield from mappers_of(declared)


def own_hierarchy(mapper: Mapper[Any]) -> list[Mapper[Any]]:
    """Return a mapper and those above it that hold a part of its records, root first.

    Above a concrete class are records of other kinds.
    """
    found = []
    for each in mapper.iterate_to_root():
        found.append(each)
        if each.concrete:
            break
    return found[::-1]


def identity_columns(mapper: Mapper[Any], identity: Iterable[Any]) -> tuple[sa.Column[Any], ...]:
    """Return the key of a mapper's table in the order of an object's identity.

    :param identity: the columns of the identity, or of the same key in the table above.
    """
    own: dict[Any, Any] = {column: column for column in mapper.local_table.primary_key}
    pairs: Any = mapper._inherits_equated_pairs or ()
    for one, other in pairs:
        own |= {a: b for a, b in ((one, other), (other, one)) if b in own}
    key: tuple[Any, ...] = tuple(mapper.local_table.primary_key)
    ordered = tuple(own[column] for column in identity if column in own)
    return ordered if set(ordered) == set(key) else key


def excluded_columns(
    live: sa.Table, mapper: Mapper[Any], options: Mapping[Mapper[Any], Options]
) -> frozenset[str]:
    """Return the keys of a table's columns that are excluded, each by the topmost class that has
    it: in a single-table hierarchy the classes below bring columns of their own.

    :param options: those of each mapper, which a mapper that is not among them shares.
    """
    found: set[str] = set()
    seen: set[str] = set()
    for each in mapper.base_mapper.self_and_descendants:
        if each.local_table is not live:
            continue
        own = options.get(each, options[mapper])
        columns = {
            (key, column.key)
            for key, prop in each._props.items()
            if isinstance(prop, ColumnProperty)
            for column in prop.columns
            if isinstance(column, sa.Column) and column.table is live
        }
        names = own.exclude - own.include
        found |= {column for key, column in columns if key in names and column not in seen}
        seen |= {column for _, column in columns}
    discriminator = mapper.polymorphic_on
    if isinstance(discriminator, sa.Column):
        found.discard(discriminator.key)
    return frozenset(found)


def early_relationships(mapper: Mapper[Any]) -> Iterator[RelationshipProperty[Any]]:
    """Yield the relationships that were declared on a class or on one above it."""
    for prop in list(mapper._props.values()):
        if isinstance(prop, RelationshipProperty):
            yield prop


def early_secondary(
    prop: RelationshipProperty[Any], mapper: Mapper[Any], *, ask: bool
) -> sa.Table | None:
    """Return a relationship's link table if it can be told by now.

    :param ask: call a function that tells it. Where classes are being defined it may not work yet.
    """
    argument: Any = prop._init_args.secondary.argument
    if ask:
        argument = _told(argument)
    if isinstance(argument, str):
        metadata = mapper.local_table.metadata  # type: ignore[attr-defined]
        return metadata.tables.get(argument)  # type: ignore[no-any-return]
    return argument if isinstance(argument, sa.Table) else None


def backref_name(prop: RelationshipProperty[Any]) -> str | None:
    """Return the name of the relationship that this one gives to its target, if it gives one."""
    backref: Any = prop.backref
    return backref if backref is None or isinstance(backref, str) else backref[0]


def leads_to(prop: RelationshipProperty[Any], mapper: Mapper[Any]) -> bool:
    """Tell whether a relationship leads to a mapper's class, as far as can be told by now."""
    target = _told(prop.argument)
    if isinstance(target, str):
        return target.rpartition(".")[2] == mapper.class_.__name__
    return target is mapper or target is mapper.class_


def _told(argument: Any) -> Any:
    """Return what an argument says that may be a function, ``None`` if that is too early."""
    if isinstance(argument, type | Mapper) or not callable(argument):
        return argument
    try:
        return argument()
    except (NameError, AttributeError, LookupError):
        return None  # what it names is declared later; it is asked again then
