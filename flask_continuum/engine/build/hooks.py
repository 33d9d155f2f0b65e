"""Runs the hooks of plugins while history is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.options import Options
from flask_continuum.engine.plugins.base import PluginCollection, TablePlugin
from flask_continuum.engine.registry import HistoryTables, VersionedClass, VersionedTable


@dataclass(frozen=True, slots=True)
class TableBuilder:
    """What a plugin is told about a version table that is being made.

    :ivar model: the class that the table belongs to; ``None`` for a link table.
    :ivar parent_table: the live table.
    :ivar options: the options of the class.
    """

    manager: Any
    model: type[Any] | None
    parent_table: sa.Table
    options: Options

    def option(self, name: str) -> Any:
        """Return the value of an option."""
        return getattr(self.options, name)


@dataclass(frozen=True, slots=True)
class BuildHooks:
    """The plugins of one manager, as the builder meets them."""

    manager: Any
    plugins: PluginCollection

    def add_tables(self, history: HistoryTables) -> None:
        """Make the tables that plugins keep beside the transactions of a metadata."""
        for plugin in self.plugins:
            if isinstance(plugin, TablePlugin):
                made = plugin.create_table(history.transaction)
                for table in (made, *plugin.create_others(history.transaction)):
                    history.further[table.name] = table

    def transaction_class_built(self, cls: type[Any], history: HistoryTables) -> None:
        """Map the tables of plugins; tell all that a Transaction class was made."""
        for plugin in self.plugins:
            if isinstance(plugin, TablePlugin) and plugin.table_name in history.further:
                table = history.further[plugin.table_name]
                made = plugin.map_class(self.manager, cls, table)
                plugin.keep(self.manager, table.metadata, made)
        for plugin in self.plugins.overriding("after_build_tx_class"):
            plugin.after_build_tx_class(self.manager)

    def take_down(self) -> None:
        """Have plugins let go of their classes."""
        for plugin in self.plugins:
            if isinstance(plugin, TablePlugin):
                plugin.unmap(self.manager)

    def models_built(self, entries: Iterable[VersionedClass]) -> None:
        """Tell plugins that version classes were made, with their relationships."""
        for entry in entries:
            for plugin in self.plugins.overriding("after_version_class_built"):
                plugin.after_version_class_built(entry.model, entry.version_class)
        for plugin in self.plugins.overriding("after_build_models"):
            plugin.after_build_models(self.manager)

    def add_columns(self, entry: VersionedTable, model: type[Any] | None) -> None:
        """Have plugins add columns to a version table; those it has already stay as they are."""
        told = self.plugins.overriding("after_build_version_table_columns")
        if not told:
            return
        columns = list(entry.version.c)
        builder = TableBuilder(self.manager, model, entry.live, entry.options)
        for plugin in told:
            plugin.after_build_version_table_columns(builder, columns)
        for column in columns:
            if column.key not in entry.version.c:
                entry.version.append_column(column)
