"""From marked classes to tables at once, and to version classes when mappers are configured."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.declarative import AbstractConcreteBase
from sqlalchemy.orm import Mapper
from sqlalchemy.orm import registry as DeclaredIn

from flask_continuum.engine.build.cascades import (
    captured_cascades,
    describe,
    find_cascades,
    reaching_triggers,
    uncaptured_cascades,
    unseen_cascades,
)
from flask_continuum.engine.build.checks import check_names, check_personal, check_track
from flask_continuum.engine.build.classes import build_version_class
from flask_continuum.engine.build.collection import add_query, add_versions, remove_versions
from flask_continuum.engine.build.declared import TableBuilder
from flask_continuum.engine.build.early import (
    mappers_of,
)
from flask_continuum.engine.build.growth import grow
from flask_continuum.engine.build.history import (
    TransactionFactory,
    settle_user_type,
)
from flask_continuum.engine.build.hooks import BuildHooks
from flask_continuum.engine.build.others import Looked, other_writers, tells_records
from flask_continuum.engine.build.pickling import TRANSACTION_CLASS, forget, make_findable, place
from flask_continuum.engine.build.relationships import build_relationships
from flask_continuum.engine.build.tables import sync_columns
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import BESIDE, Registry, VersionedTable
from flask_continuum.engine.version import VersionClassBase

Claim = Callable[[Mapper[Any]], bool]


@dataclass(slots=True, weakref_slot=True, eq=False)
class Builder:
    """Builds what the registry holds, class by class, as the application defines its models.

    :ivar registry: what has been built.
    :ivar options: the manager's options.
    :ivar factory: makes transaction tables and classes.
    :ivar user_cls: the user class, its name, or ``None`` when transactions name no user.
    :ivar strict: whether an unknown option is an error; else it is a warning.
    :ivar claim: takes a class for the manager; false when another manager has it.
    :ivar built: is called for each mapper whose tables are known, so that it can be captured.
    :param metadata_found: is called for each metadata that history begins in.
    :ivar hooks: runs the hooks of plugins.
    :ivar pending: the options of each mapper that has no version class yet.
    :ivar taken: the options of each mapper that has been taken so far.
    :ivar declared: SQLAlchemy's registries of the classes so far, where the user class is found.
    :ivar looked: where classes that are not marked have been looked for.
    :ivar warned: what the database does by itself and there was a warning about.
    :ivar tables: builds version tables.
    """

    registry: Registry
    options: Options
    factory: TransactionFactory
    user_cls: type[Any] | str | None
    strict: bool
    claim: Claim
    built: Callable[[Mapper[Any], tuple[VersionedTable, ...]], None]
    metadata_found: InitVar[Callable[[sa.MetaData], None]]
    hooks: BuildHooks
    pending: dict[Mapper[Any], Options] = field(default_factory=dict)
    taken: dict[Mapper[Any], Options] = field(default_factory=dict)
    declared: set[DeclaredIn] = field(default_factory=set)
    warned: set[str] = field(default_factory=set)
    finishing: bool = False
    looked: Looked = field(default_factory=WeakKeyDictionary)
    lock: threading.RLock = field(default_factory=threading.RLock)
    tables: TableBuilder = field(init=False)

    def __post_init__(self, metadata_found: Callable[[sa.MetaData], None]) -> None:
        self.tables = TableBuilder(
            registry=self.registry,
            factory=self.factory,
            with_user=self.user_cls is not None,
            metadata_found=metadata_found,
            hooks=self.hooks,
            pending=self.pending,
            taken=self.taken,
        )

    # -- when a class is defined ---------------------------------------------------------------

    def add(self, mapper: Mapper[Any]) -> None:
        """Make the version tables of a mapper, if its class is marked and not yet known."""
        model = mapper.class_
        marked = getattr(model, "__versioned__", None)
        if marked is None or issubclass(model, VersionClassBase):
            return
        if isinstance(mapper.local_table, sa.Subquery) and issubclass(model, AbstractConcreteBase):
            return  # it has no records but those of its subclasses
        if not self.claim(mapper):
            return
        if mapper in self.taken:
            # once more, after the manager was detached
            self.built(mapper, self.tables.of(mapper, self.taken[mapper]))
            return
        options = self.options.with_changes(
            marked, f"{model.__name__}.__versioned__", strict=self.strict
        )
        if not (options.versioning and options.create_tables):
            return
        tables = self.tables.of(mapper, options)
        self.pending[mapper] = self.taken[mapper] = self.registry.options[model] = options
        self.declared.add(mapper.registry)
        make_findable(
            model,
            lambda cls: self.registry.of(cls).version_class,
            lambda cls: self.registry.transaction_class_for(cls),
        )
        self.tables.add_links(mapper, options)
        self.built(mapper, tables)

    # -- before tables are created, and when mappers are configured ----------------------------

    def prepare(self, metadata: sa.MetaData) -> None:
        """Settle what only later statements tell: foreign keys' types, named link tables."""
        for mapper, options in list(self.pending.items()):
            self.tables.of(mapper, options)  # columns that came after the class statement
            self.tables.add_links(mapper, options, ask=True)
        if self.pending:
            for mapper in self._mappers():
                self.tables.add_backref_links(mapper)
        for live, entry in self.registry.tables.items():
            if live.metadata is metadata:
                # naming each column that exists already leaves only types to be settled
                sync_columns(entry, frozenset(c.key for c in live.c))
        self.grow()
        settle_user_type(self.registry.history[metadata].transaction, self.user_mapper())

    def finish(self) -> None:
        """Make the version classes of every pending class whose mapper is configured."""
        with self.lock:
            if self.finishing:
                return  # what this does configures mappers, which ends up here again
            self.finishing = True
            try:
                while ready := {m: o for m, o in self.pending.items() if m.configured}:
                    for mapper in ready:
                        del self.pending[mapper]
                    self._finish_mappers(ready)
                # another class may have given relationships to one that was made before
                self._finish_relationships()
                self._finish_hierarchies()
                self.grow()
                self._finish_cascades()
                for mapper, tables in other_writers(self.registry.tables, self.taken, self.looked):
                    self.built(mapper, tables)
            finally:
                self.finishing = False

    def grow(self) -> None:
        """Record columns that came after their tables' history was built."""
        with self.lock:
            grow(self.registry, self.taken)

    def settle(self) -> None:
        """Configure the mappers of pending classes and finish them, or wait until that is done.

        Finishing adds relationships to mappers that are configured already: a query that another
        thread makes of one meanwhile would find it half done.
        """
        if not self.pending and not self.finishing:
            return
        with self.lock:
            if not self.finishing:
                for registry in {mapper.registry for mapper in self.pending}:
                    registry.configure(cascade=True)
                self.finish()

    def _finish_mappers(self, ready: Mapping[Mapper[Any], Options]) -> None:
        for mapper, options in ready.items():
            check_names(mapper, options, strict=self.strict)
            self._finish_links(mapper, options)
        for metadata in self.registry.history:
            self.prepare(metadata)
            self._finish_transaction(metadata)
        # parents first: a version class inherits from that of its model's parent
        made = []
        for mapper in sorted(ready, key=lambda each: len(list(each.iterate_to_root()))):
            options = ready[mapper]
            if options.create_models:
                made.append(self._finish_class(mapper, options))
        self._finish_relationships()
        for model in made:
            add_versions(self.registry.entries[model])
            check_track(self.registry.entries[model])
            check_personal(self.registry.entries[model])
        self.hooks.models_built(self.registry.entries[model] for model in made)

    def _finish_links(self, mapper: Mapper[Any], options: Options) -> None:
        for prop in mapper.relationships:
            if isinstance(prop.secondary, sa.Table):
                self.tables.add_link(prop, prop.key, prop.secondary, options)

    def _finish_relationships(self) -> None:
        for model, entry in self.registry.entries.items():
            self._finish_links(entry.mapper, entry.options)
            relationships = build_relationships(entry, self.registry)
            if relationships != entry.relationships:
                entry = self.registry.entries[model] = replace(entry, relationships=relationships)
            entry.version_class.__continuum__ = entry

    def _finish_hierarchies(self) -> None:
        """Settle in which hierarchies there are records that have no history.

        Those of classes that are not marked have one where they have rows in versioned tables.
        """
        for mapper in self.taken:
            for each in mapper.base_mapper.self_and_descendants:
                is_abstract = each.polymorphic_on is not None and each.polymorphic_identity is None
                if each in self.taken or is_abstract:
                    continue
                known = (self.registry.tables.get(t) for t in each.tables)  # type: ignore[call-overload]
                tables = tuple(entry for entry in known if entry is not None)
                unmarked = getattr(each.class_, "__versioned__", None) is None
                if unmarked and tells_records(each, tables):
                    continue
                for entry in tables:
                    if entry in self.registry.joined:
                        self.registry.joined[entry].mixed = True

    def _finish_cascades(self) -> None:
        """Settle what the database does by itself; warn of what nobody has decided about."""
        tables = self.registry.tables
        found = find_cascades(tables)
        self.registry.cascades = captured_cascades(found, tables)
        self.registry.announced = reaching_triggers(found, tables)
        self.registry.unseen_cascades = unseen_cascades(found, tables)
        concerned = {table for each in found for table in (each.parent, each.child)}
        mappers = [m for m in self._mappers() if not concerned.isdisjoint(m.tables)]
        if not all(mapper.configured for mapper in mappers):
            return  # their relationships are not known yet; this runs again when they are
        for cascade in uncaptured_cascades(found, tables, mappers):
            named = (m.class_.__name__ for m in self.taken if m.local_table is cascade.child)
            message = describe(cascade, next(named, None))
            if message not in self.warned:
                self.warned.add(message)
                warnings.warn(message, UserWarning, stacklevel=2)

    def take_down(self) -> None:
        """Give the names of tables, classes and ``versions`` back: they can be made anew."""
        self.hooks.take_down()
        for entry in reversed(self.registry.entries.values()):  # children before their parents
            remove_versions(entry)
            entry.mapper.registry._dispose_cls(entry.version_class)
        for mapper in self.taken:
            forget(mapper.class_)
        for versioned in self.registry.tables.values():
            versioned.version.metadata.remove(versioned.version)
        for metadata, history in self.registry.history.items():
            for table in history.shared:
                metadata.remove(table)
            metadata.info.pop(BESIDE, None)

    def _finish_class(self, mapper: Mapper[Any], options: Options) -> type[Any]:
        parent = None
        if mapper.inherits is not None and not mapper.concrete:
            parent = self.registry.entries.get(mapper.inherits.class_)
        tables = self.tables.of(mapper, options)
        entry = build_version_class(mapper, options, tables, parent)
        self.registry.entries[mapper.class_] = entry
        return mapper.class_

    def _finish_transaction(self, metadata: sa.MetaData) -> None:
        if metadata in self.registry.transaction_classes:
            return
        table = self.registry.history[metadata].transaction
        user = self.user_mapper()
        if user is not None and user.local_table.metadata is not metadata:  # type: ignore[attr-defined]
            user = None
        created = self.factory.create_class(table, user)
        # from a transaction to all that it may have touched: an undo starts from nothing else
        created.__versioning_registry__ = self.registry
        for mapper in self.taken:
            if mapper.local_table.metadata is metadata:  # type: ignore[attr-defined]
                place(created, mapper.class_, TRANSACTION_CLASS)
                add_query(created, mapper.class_)
                break
        self.registry.transaction_classes[metadata] = created
        self.hooks.transaction_class_built(created, self.registry.history[metadata])

    def user_mapper(self) -> Mapper[Any] | None:
        """Return the mapper of the user class, ``None`` without one."""
        if self.user_cls is None:
            return None
        if isinstance(self.user_cls, type):
            mapper: Mapper[Any] = sa.inspect(self.user_cls)
            return mapper
        named = (each for each in self._mappers() if each.class_.__name__ == self.user_cls)
        return next(named, None)

    def _mappers(self) -> Iterator[Mapper[Any]]:
        """Yield every mapper, versioned or not, beside which a class was marked."""
        for declared in self.declared:
            yield from mappers_of(declared)
