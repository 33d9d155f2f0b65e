"""Version tables, made as soon as classes and their relationships tell what they record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipProperty

from flask_continuum.engine.build.checks import check_key
from flask_continuum.engine.build.early import (
    backref_name,
    early_relationships,
    early_secondary,
    excluded_columns,
    identity_columns,
    leads_to,
    own_hierarchy,
)
from flask_continuum.engine.build.history import (
    TransactionFactory,
    create_current_table,
    create_history_tables,
)
from flask_continuum.engine.build.hooks import BuildHooks
from flask_continuum.engine.build.tables import build_version_table, sync_columns
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.options import Options
from flask_continuum.engine.registry import BESIDE, Hierarchy, Registry, VersionedTable


@dataclass(slots=True, eq=False)
class TableBuilder:
    """Builds the tables of a registry, before any mapper is configured.

    :ivar registry: what has been built.
    :ivar factory: makes transaction tables.
    :ivar with_user: whether transactions name their user.
    :ivar metadata_found: is called for each metadata that history begins in.
    :ivar hooks: runs the hooks of plugins.
    :ivar pending: the options of each mapper that has no version class yet.
    :ivar taken: the options of each mapper that has been taken so far.
    """

    registry: Registry
    factory: TransactionFactory
    with_user: bool
    metadata_found: Callable[[sa.MetaData], None]
    hooks: BuildHooks
    pending: dict[Mapper[Any], Options]
    taken: dict[Mapper[Any], Options]

    def of(self, mapper: Mapper[Any], options: Options) -> tuple[VersionedTable, ...]:
        """Return the tables of a mapper, root first, built or brought up to what it has by now.

        :raises ImproperlyConfigured: when it is not mapped to tables, or has no usable key.
        """
        found: list[VersionedTable] = []
        for each in own_hierarchy(mapper):
            live = each.local_table
            if not isinstance(live, sa.Table):
                raise ImproperlyConfigured(
                    f"{mapper.class_.__name__} is mapped to {type(live).__name__}, not to a table, "
                    f"and cannot be versioned."
                )
            if found and live is found[-1].live:
                continue
            if not found:
                check_key(mapper, live)
            excluded = excluded_columns(live, mapper, {**self.taken, mapper: options})
            entry = self.registry.tables.get(live)
            if entry is not None and entry.is_link:
                # known as a link table so far: its records are told apart by the primary key now
                live.metadata.remove(entry.version)
                entry = None
            if entry is None:
                self._ensure_history(live.metadata)
                key = identity_columns(each, found[-1].key if found else mapper.primary_key)
                entry = build_version_table(live, options, excluded=excluded, key=key)
                self.registry.tables[live] = entry
                self._ensure_current(entry)
            else:
                sync_columns(entry, excluded)
            self.hooks.add_columns(entry, each.class_)
            found.append(entry)
        self._add_hierarchy(found)
        return tuple(found)

    def _add_hierarchy(self, tables: list[VersionedTable]) -> None:
        if len(tables) < 2:
            return
        joined = self.registry.joined
        hierarchy = joined.setdefault(tables[0], Hierarchy([tables[0]]))
        for table in tables[1:]:
            if table.is_native is not tables[0].is_native:
                raise ImproperlyConfigured(
                    f"{table.live.name} and {tables[0].live.name} hold the same records, so the "
                    f"option native_versioning must be the same for both classes."
                )
        for table in tables[1:]:
            if joined.setdefault(table, hierarchy) is hierarchy and table not in hierarchy.tables:
                hierarchy.tables.append(table)

    def _ensure_history(self, metadata: sa.MetaData) -> None:
        if metadata not in self.registry.history:
            self.registry.history[metadata] = create_history_tables(
                metadata, self.factory, with_user=self.with_user
            )
            self.hooks.add_tables(self.registry.history[metadata])
            metadata.info[BESIDE] = self.registry
            self.metadata_found(metadata)

    def _ensure_current(self, entry: VersionedTable) -> None:
        """Make what triggers are told by, where the first table has some."""
        metadata = entry.live.metadata
        history = self.registry.history[metadata]
        if entry.is_native:
            self.registry.announced |= {entry.live}
            if history.current is None:
                current = create_current_table(metadata, history.transaction)
                self.registry.history[metadata] = replace(history, current=current)

    # -- link tables ---------------------------------------------------------------------------

    def add_links(self, mapper: Mapper[Any], options: Options, *, ask: bool = False) -> None:
        """Version the link tables that are known already, without configuring the mapper.

        ``create_all()`` right after the class statements must find them.

        :param ask: call functions that tell a link table.
        """
        for prop in early_relationships(mapper):
            secondary = early_secondary(prop, mapper, ask=ask)
            if secondary is not None:
                self.add_link(prop, prop.key, secondary, options)

    def add_backref_links(self, mapper: Mapper[Any]) -> None:
        """Version the link tables of relationships that another class will give a marked one."""
        for prop in early_relationships(mapper):
            name = backref_name(prop)
            secondary = early_secondary(prop, mapper, ask=True)
            if name is None or secondary is None:
                continue
            for target, options in self.pending.items():
                if leads_to(prop, target):
                    self.add_link(prop, name, secondary, options)

    def add_link(
        self, prop: RelationshipProperty[Any], name: str, secondary: sa.Table, options: Options
    ) -> None:
        """Version the link table of a relationship, unless it is excluded.

        :param name: of the relationship on the marked class.
        :raises ImproperlyConfigured: when its rows cannot be told apart.
        """
        if prop.viewonly or name in options.exclude - options.include:
            return
        entry = self.registry.tables.get(secondary)
        if entry is not None:
            sync_columns(entry, frozenset())
            return
        linking = tuple(c for c in secondary.c if c.foreign_keys)
        if not linking:
            linking = tuple(secondary.primary_key)
        if not linking:
            raise ImproperlyConfigured(
                f"The link table {secondary.name!r} of {prop} has neither foreign keys nor a "
                f"primary key, so its rows cannot be told apart. Give it a primary key, or "
                f"exclude the relationship."
            )
        self._ensure_history(secondary.metadata)
        self.registry.tables[secondary] = build_version_table(
            secondary, options, link_columns=linking
        )
        self._ensure_current(self.registry.tables[secondary])
        self.hooks.add_columns(self.registry.tables[secondary], None)
