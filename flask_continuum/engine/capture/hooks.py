"""Runs the hooks of plugins while sessions write; without plugins nothing is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.capture.companions import connections_of, fill, with_work
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.version_objects import VersionObjects
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.introspect import is_session_modified
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.plugins.base import PluginCollection
from flask_continuum.engine.registry import Registry

_SAID = frozenset(each.name for each in fields(Attribution)) - {"values"}


@dataclass(frozen=True, slots=True)
class Hooks:
    """The plugins of one manager, as sessions meet them.

    :ivar unit_of_work: returns what a hook is given as the unit of work of a session.
    :ivar objects: tells them of version objects.
    """

    registry: Registry
    plugins: PluginCollection
    current: CurrentUnits
    unit_of_work: Callable[[Session], Any]
    objects: VersionObjects

    def before_flush(self, session: Session) -> None:
        """Tell plugins that a flush is about to write something versioned."""
        told = self.plugins.overriding("before_flush")
        if told and self._is_modified(session):
            unit = self.unit_of_work(session)
            for plugin in told:
                plugin.before_flush(unit, session)

    def _is_modified(self, session: Session) -> bool:
        return is_session_modified(session) or any(
            plugin.is_session_modified(session)
            for plugin in self.plugins.overriding("is_session_modified")
        )

    def after_flush(self, session: Session) -> None:
        """Tell plugins that a flush has written something versioned."""
        told = self.plugins.overriding("before_create_version_objects")
        if told:
            unit = self.unit_of_work(session)
            for plugin in told:
                plugin.before_create_version_objects(unit, session)

    def fill_transaction(self, session: Session) -> None:
        """Ask plugins for values of the transaction's row, where something is pending.

        :raises ImproperlyConfigured: when the row has no such column.
        """
        asked = self.plugins.overriding("transaction_args")
        if not asked:
            return
        pending = [unit for _, unit in with_work(connections_of(session), self.current)]
        if not pending:
            return
        unit_of_work = self.unit_of_work(session)
        found: dict[str, Any] = {}
        # a plugin may query; what is pending by then is not flushed halfway through a flush
        with session.no_autoflush:
            for plugin in asked:
                given = plugin.transaction_args(unit_of_work, session)
                self._check(plugin, given)
                found |= {name: value for name, value in given.items() if value is not None}
        own = {name: found.pop(name) for name in found.keys() - _SAID}
        said = Attribution(**found, values=MappingProxyType(own))
        for unit in pending:
            fill(unit, said)

    def _check(self, plugin: Any, given: Mapping[str, Any]) -> None:
        tables = [history.transaction for history in self.registry.history.values()]
        known = {name for table in tables for name in (c.key for c in table.c)} - {"id"} | _SAID
        for name in given.keys() - known:
            raise ImproperlyConfigured(
                f"transaction_args of {type(plugin).__name__} gives {name!r}, which is no column "
                f"of {tables[0].name!r}.{nearest(name, known)} Columns of your own come from a "
                f"subclass of TransactionFactory."
            )
