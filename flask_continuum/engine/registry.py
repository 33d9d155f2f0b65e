"""What is versioned: tables, classes, and the tables that history shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.util import AliasedClass

from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.options import Options

LIVE_TABLE = "continuum_live_table"
"""Key in a version table's ``info``: the key of the table that it has the history of."""

FLAG_OF = "continuum_flag_of"
"""Key in a version column's ``info``: the key of the live column whose changes it tells."""

BLANK = "continuum_blank"
"""Key in a version column's ``info``: whether versions of deletions leave it empty."""

MOMENT = "continuum_moment"
"""Key in a version column's ``info``: the expression for the moment that a version speaks of."""

PERSONAL = "personal"
"""Key in a column's ``info`` by which an application says that it holds values about a person."""

OF_USER = "continuum_of_user"
"""Key in a table's ``info``: the column that names the user whose doing a row tells of."""

OF_RECORD = "continuum_of_record"
"""Key in a table's ``info``: the columns that name a record that a row is about, by class name and
key, as pairs."""

BESIDE = "flask_continuum"
"""Where a metadata's ``info`` holds the registry: from a table alone its history is found."""


@dataclass(frozen=True, slots=True, eq=False)
class VersionedTable:
    """One live table and its version table.

    :ivar key: the live columns that identify a record: the primary key, or for a link table the
        columns that link.
    :ivar is_link: whether the table only links two others (it has no version class).
    :ivar options: the options it was built with.
    """

    live: sa.Table
    version: sa.Table
    key: tuple[sa.Column[Any], ...]
    is_link: bool
    options: Options

    @property
    def columns(self) -> tuple[tuple[sa.Column[Any], sa.Column[Any]], ...]:
        """The recorded columns, as pairs of live and version column, the key included."""
        version = self.version.c
        return tuple((c, version[c.key]) for c in self.live.c if c.key in version)

    @property
    def repeats(self) -> bool:
        """Whether several rows may be one record: a link table that may hold a pair twice."""
        if not self.is_link:
            return False
        unique: list[Any] = [self.live.primary_key.columns]
        unique += [c.columns for c in self.live.constraints if isinstance(c, sa.UniqueConstraint)]
        return not any(columns and set(columns) <= set(self.key) for columns in unique)

    @property
    def flags(self) -> tuple[tuple[sa.Column[Any], sa.Column[Any]], ...]:
        """The columns that tell what a version changed, each after the live column."""
        found = ((c.info.get(FLAG_OF), c) for c in self.version.c)
        return tuple((self.live.c[key], c) for key, c in found if key is not None)

    @property
    def blank(self) -> frozenset[str]:
        """The keys of recorded columns that versions of deletions leave empty."""
        return frozenset(c.key for c in self.version.c if BLANK in c.info)

    @property
    def is_native(self) -> bool:
        """Whether triggers of the database write its versions."""
        return self.options.native_versioning

    @property
    def version_key(self) -> tuple[sa.Column[Any], ...]:
        """The key's columns on the version table."""
        return tuple(self.version.c[c.key] for c in self.key)

    @property
    def transaction_id(self) -> sa.Column[Any]:
        """The column with the transaction that made a version."""
        return self.version.c[self.options.transaction_column_name]

    @property
    def moment(self) -> sa.Label[int]:
        """What relationships of a version are as of: the transaction that made it.

        It is an expression of its own, always the same one, so that ``as_of`` can put another
        moment in its place.
        """
        column = self.transaction_id
        own = sa.type_coerce(column, column.type).label("moment")
        found: sa.Label[int] = column.info.setdefault(MOMENT, own)
        return found

    @property
    def end_transaction_id(self) -> sa.Column[Any] | None:
        """The column with the transaction that ended a version; ``None`` without validity."""
        if self.options.strategy != "validity":
            return None
        return self.version.c[self.options.end_transaction_column_name]

    @property
    def operation_type(self) -> sa.Column[Any]:
        """The column with the operation."""
        return self.version.c[self.options.operation_type_column_name]


@dataclass(slots=True, eq=False)
class Hierarchy:
    """The tables that share their records: those of a class and of its joined subclasses.

    :ivar tables: all of them, the root first.
    :ivar mixed: whether some of its classes are not versioned.
    """

    tables: list[VersionedTable]
    mixed: bool = False

    @property
    def root(self) -> VersionedTable:
        """The table that every record of the hierarchy has a row in."""
        return self.tables[0]


@dataclass(frozen=True, slots=True, eq=False)
class VersionedClass:
    """One model and its version class.

    :ivar tables: the model's tables, root first (several with joined inheritance).
    :ivar attributes: live column by attribute key, recorded ones, in mapper order.
    :ivar key_attributes: attribute keys of the primary key, in the key's order.
    :ivar relationships: relationship keys that version objects carry too.
    """

    model: type[Any]
    version_class: type[Any]
    mapper: Mapper[Any]
    options: Options
    tables: tuple[VersionedTable, ...]
    attributes: Mapping[str, sa.Column[Any]]
    key_attributes: tuple[str, ...]
    relationships: tuple[str, ...]

    @property
    def table(self) -> VersionedTable:
        """The table that holds the record's key and, with inheritance, the root's columns."""
        return self.tables[0]

    def key_of(self, thing: Any) -> tuple[Any, ...]:
        """Return the key of a live or version object, as a tuple in the key's order."""
        return tuple(getattr(thing, name) for name in self.key_attributes)


@dataclass(frozen=True, slots=True, eq=False)
class HistoryTables:
    """The tables that a metadata's history shares.

    :ivar transaction: one row for each transaction that changed something.
    :ivar history_column: from which transaction to which a table, or a column, was recorded.
    :ivar erasure: which values were erased.
    :ivar further: the tables of plugins, by name.
    :ivar current: where triggers find the transaction that they write under, if there are any.
    """

    transaction: sa.Table
    history_column: sa.Table
    erasure: sa.Table
    further: dict[str, sa.Table] = field(default_factory=dict)
    current: sa.Table | None = None

    @property
    def shared(self) -> tuple[sa.Table, ...]:
        """All of them."""
        current = () if self.current is None else (self.current,)
        return (
            self.transaction,
            self.history_column,
            self.erasure,
            *current,
            *self.further.values(),
        )


class Action(Enum):
    """What a foreign key makes the database do by itself, as SQL calls it."""

    CASCADE = "CASCADE"
    SET_NULL = "SET NULL"
    SET_DEFAULT = "SET DEFAULT"


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """What the database does by itself to the rows of one table when those of another change.

    :ivar pairs: the referenced columns, each with the column of the foreign key.
    :ivar cause: what happens to a parent: it is deleted, or a referenced column is updated.
    """

    parent: sa.Table
    child: sa.Table
    pairs: tuple[tuple[sa.Column[Any], sa.Column[Any]], ...]
    cause: Operation
    action: Action

    @property
    def effect(self) -> Operation:
        """What happens to the children."""
        deletes = self.cause is Operation.DELETE and self.action is Action.CASCADE
        return Operation.DELETE if deletes else Operation.UPDATE


@dataclass(slots=True)
class Registry:
    """All that one manager versions.

    :ivar configure: finishes pending mappings, so that every class has its version class.
    :ivar joined: the hierarchy of each table that shares its records with others.
    :ivar options: those of each class that is versioned, also without a version class.
    :ivar cascades: by the table that causes it, what the database does by itself and history is
        told to capture, at once or further down.
    :ivar unseen_cascades: likewise what reaches tables whose versions triggers write: MariaDB fires
        none for it.
    :ivar widths: how many columns each live table had when its version table was brought up to it.
    :ivar paused: the tables of which nothing is captured at present.
    :ivar announced: the live tables whose writing makes triggers write versions, by themselves or
        by way of foreign keys.
    """

    configure: Callable[[], None]
    tables: dict[sa.Table, VersionedTable] = field(default_factory=dict)
    joined: dict[VersionedTable, Hierarchy] = field(default_factory=dict)
    options: dict[type[Any], Options] = field(default_factory=dict)
    entries: dict[type[Any], VersionedClass] = field(default_factory=dict)
    history: dict[sa.MetaData, HistoryTables] = field(default_factory=dict)
    transaction_classes: dict[sa.MetaData, type[Any]] = field(default_factory=dict)
    cascades: Mapping[sa.Table, tuple[Cascade, ...]] = field(default_factory=dict)
    unseen_cascades: Mapping[sa.Table, tuple[Cascade, ...]] = field(default_factory=dict)
    widths: dict[VersionedTable, int] = field(default_factory=dict)
    paused: frozenset[VersionedTable] = frozenset()
    announced: frozenset[sa.Table] = frozenset()

    def has_grown(self, table: VersionedTable) -> bool:
        """Tell whether a table has columns that came after its history was built."""
        return self.widths.get(table, 0) not in (0, len(table.live.c))

    def classes(self) -> tuple[VersionedClass, ...]:
        """Return what is versioned, configured, in the order of definition."""
        self.configure()
        return tuple(self.entries.values())

    def of(self, thing: Any) -> VersionedClass:
        """Return the entry of a model, a version class, an alias, or an instance of either.

        :raises ClassNotVersioned: when there is none.
        """
        cls = class_of(thing)
        own = cls.__dict__.get("__continuum__")
        if isinstance(own, VersionedClass):
            return own
        entry = self.entries.get(cls)
        if entry is None:
            self.configure()
            entry = self.entries.get(cls)
        if entry is None:
            raise not_versioned(cls, without_class=cls in self.options)
        return entry

    def tables_of(self, model: type[Any]) -> tuple[VersionedTable, ...]:
        """Return the tables that a model's records are versioned in, root first.

        :raises ClassNotVersioned: when there are none.
        """
        if model not in self.options:
            raise not_versioned(model)
        found: list[VersionedTable] = []
        for mapper in sa.inspect(model).iterate_to_root():
            table = self.tables[mapper.local_table]
            if table not in found:
                found.append(table)
            if mapper.concrete:  # above it are records of other kinds
                break
        return tuple(reversed(found))

    def is_paused(self, model: type[Any]) -> bool:
        """Tell whether changes of a model's records are not captured at present."""
        return bool(self.paused) and not self.paused.isdisjoint(self.tables_of(model))

    def link_table(self, table: sa.Table) -> VersionedTable | None:
        """Return the entry of a link table, or ``None``."""
        entry = self.tables.get(table)
        return entry if entry is not None and entry.is_link else None

    def transaction_class_for(self, thing: Any) -> type[Any]:
        """Return the Transaction class that versions of ``thing`` belong to."""
        return self.transaction_classes[self.of(thing).table.live.metadata]

    def history_of(self, table: VersionedTable) -> HistoryTables:
        """Return the tables of history that live beside ``table``."""
        return self.history[table.live.metadata]

    def native_tables(self, metadata: sa.MetaData) -> tuple[VersionedTable, ...]:
        """Return the tables of a metadata whose versions triggers write."""
        return tuple(
            entry
            for live, entry in self.tables.items()
            if live.metadata is metadata and entry.is_native
        )

    def history_table_names(self) -> Iterator[str]:
        """Yield the name of every table whose content versioning writes."""
        for entry in self.tables.values():
            yield entry.version.name
        for history in self.history.values():
            yield history.transaction.name


def class_of(thing: Any) -> type[Any]:
    """Return the class of an instance, an alias or a class itself."""
    if isinstance(thing, AliasedClass):
        mapped: type[Any] = sa.inspect(thing).mapper.class_
        return mapped
    return thing if isinstance(thing, type) else type(thing)


def model_of(thing: Any) -> type[Any]:
    """Return the model of an object, of a version, of a version class, or a model itself."""
    cls = class_of(thing)
    entry = cls.__dict__.get("__continuum__")
    return entry.model if isinstance(entry, VersionedClass) else cls


def entry_of(thing: Any) -> VersionedClass:
    """Return the entry of a model, a version class, an alias, or an instance of either.

    :raises ClassNotVersioned: when it is not versioned.
    """
    cls = class_of(thing)
    own = cls.__dict__.get("__continuum__")
    if isinstance(own, VersionedClass):
        return own
    manager = getattr(cls, "__versioning_manager__", None)
    if manager is None:
        raise not_versioned(cls)
    registry: Registry = manager.registry
    return registry.of(cls)


def not_versioned(cls: type[Any], *, without_class: bool = False) -> ClassNotVersioned:
    """Return the error for a class that is no versioned one.

    :param without_class: it is versioned, but has no version class, as its options say.
    """
    if without_class:
        return ClassNotVersioned(
            f"{cls.__name__} has a version table, but no version class, which this needs: its "
            f"option create_models is False."
        )
    return ClassNotVersioned(
        f"{cls.__name__} is not versioned. Mark the class with __versioned__ = {{}}, and set "
        f"versioning up (make_versioned or Continuum) for its declarative base."
    )


def registry_beside(metadata: sa.MetaData) -> Registry | None:
    """Return the registry that keeps the history of a metadata's tables, or ``None``."""
    found: Registry | None = metadata.info.get(BESIDE)
    return found
