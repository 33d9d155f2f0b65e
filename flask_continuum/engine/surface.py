"""What people read from a manager: its registries and options, and the names of its old parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Never

import sqlalchemy as sa
from sqlalchemy.orm import ColumnProperty, Session

from flask_continuum.engine.build.builder import Builder
from flask_continuum.engine.build.history import TransactionFactory
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.errors import (
    ClassNotVersioned,
    ImproperlyConfigured,
    VersioningError,
)
from flask_continuum.engine.introspect import option, options_of
from flask_continuum.engine.registry import Registry, entry_of


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Finds versions as SQLAlchemy-Continuum's fetchers do.

    :ivar version_class: the class of the versions.
    """

    version_class: type[Any]

    def previous(self, version: Any) -> Any | None:
        """Return the version before, ``None`` for the first."""
        return version.previous

    def next(self, version: Any) -> Any | None:
        """Return the version after, ``None`` for the last."""
        return version.next

    def index(self, version: Any) -> int:
        """Return the position of a version among those of its record, from 0."""
        found: int = version.index
        return found

    def version_at(
        self, session: Session, primary_key_values: Mapping[str, Any], transaction_id: int
    ) -> Any | None:
        """Return the version valid at a transaction."""
        return self.version_class.version_at(session, primary_key_values, transaction_id)

    def all_versions(
        self, session: Session, primary_key_values: Mapping[str, Any], **arguments: Any
    ) -> Any:
        """Return the versions of one record, newest first."""
        return self.version_class.all_versions(session, primary_key_values, **arguments)


def _explaining(name: str) -> Callable[..., Never]:
    """Make a method that says why there is no such handler."""

    def explain(self: Any, *arguments: Any, **named: Any) -> Never:
        raise VersioningError(
            f"{name} is an event handler of SQLAlchemy-Continuum's manager. Here handlers are no "
            f"part of the manager: attach() and track_session() listen, detach() and "
            f"remove_session_tracking() stop; plugins hook into a flush (flask_continuum.plugins)."
        )

    explain.__name__ = name
    explain.__doc__ = "Explain that this handler is no part of the manager."
    return explain


class ManagerSurface:
    """The part of a manager that tells, and changes nothing."""

    registry: Registry
    builder: Builder
    _current: CurrentUnits
    _factory: TransactionFactory

    # -- registries ----------------------------------------------------------------------------

    @property
    def version_class_map(self) -> Mapping[type[Any], type[Any]]:
        """The version class of each model."""
        return MappingProxyType({e.model: e.version_class for e in self.registry.classes()})

    @property
    def parent_class_map(self) -> Mapping[type[Any], type[Any]]:
        """The model of each version class."""
        return MappingProxyType({e.version_class: e.model for e in self.registry.classes()})

    @property
    def tables(self) -> Mapping[type[Any], sa.Table]:
        """The version table of each model: that of its own table."""
        registry = self.registry
        return MappingProxyType(
            {model: registry.tables_of(model)[-1].version for model in registry.options}
        )

    @property
    def association_tables(self) -> Set[sa.Table]:
        """The link tables that have a history."""
        return frozenset(live for live, entry in self.registry.tables.items() if entry.is_link)

    @property
    def association_version_tables(self) -> Set[sa.Table]:
        """The version tables of link tables."""
        return frozenset(each.version for each in self.registry.tables.values() if each.is_link)

    @property
    def pending_classes(self) -> tuple[type[Any], ...]:
        """The models that are marked and have no version class yet."""
        return tuple(mapper.class_ for mapper in self.builder.pending)

    @property
    def units_of_work(self) -> Mapping[sa.Connection, Any]:
        """What each connection's present transaction has touched."""
        return MappingProxyType(dict(self._current.live()))

    @property
    def session_connection_map(self) -> Mapping[Session, sa.Connection]:
        """The connection of each session that has flushed and not committed."""
        return MappingProxyType(dict(self._current.sessions()))

    @property
    def declarative_base(self) -> type[Any]:
        """The declarative base of the models, of the first where there are several.

        :raises ImproperlyConfigured: when nothing is versioned.
        """
        model = self._first()
        bases = (each for each in reversed(model.__mro__) if hasattr(each, "metadata"))
        return next(bases, model)

    @property
    def metadata(self) -> sa.MetaData:
        """The metadata of the models, of the first where there are several.

        :raises ImproperlyConfigured: when nothing is versioned.
        """
        found: sa.MetaData = sa.inspect(self._first()).local_table.metadata
        return found

    def _first(self) -> type[Any]:
        for model in self.registry.options:
            return model
        raise ImproperlyConfigured(
            "Nothing is versioned yet. Mark a class with __versioned__ = {}, and set versioning "
            "up for its declarative base."
        )

    @property
    def transaction_cls(self) -> Any:
        """The Transaction class, or what will make it while there is none."""
        return next(iter(self.registry.transaction_classes.values()), self._factory)

    def create_transaction_model(self) -> type[Any]:
        """Return the Transaction class, made now if it is not there.

        :raises ImproperlyConfigured: when nothing is versioned.
        """
        self.registry.configure()
        return self.registry.transaction_classes[self.metadata]

    # -- options -------------------------------------------------------------------------------

    def option(self, model: Any, name: str) -> Any:
        """Return the value of an option: that of the model, else that of the manager.

        :raises TypeError: when the model is not versioned.
        :raises ImproperlyConfigured: when there is no such option.
        """
        try:
            return option(model, name)
        except ClassNotVersioned as error:
            raise TypeError(str(error)) from error

    def is_excluded_column(self, model: Any, column: sa.Column[Any]) -> bool:
        """Tell whether versions of a model leave a column of its tables out.

        :raises ClassNotVersioned: when the model is not versioned.
        """
        tables = self.registry.tables_of(model)
        return not any(column is live for table in tables for live, _ in table.columns)

    def is_excluded_property(self, model: Any, key: str) -> bool:
        """Tell whether versions of a model leave an attribute out.

        :raises ClassNotVersioned: when the model is not versioned.
        """
        prop = sa.inspect(model).attrs[key]
        if isinstance(prop, ColumnProperty):
            columns = [each for each in prop.columns if isinstance(each, sa.Column)]
            return all(self.is_excluded_column(model, each) for each in columns)
        options = options_of(model)
        return key in options.exclude and key not in options.include

    def fetcher(self, obj: Any) -> Fetcher:
        """Return what finds versions of a model, of an object or of a version.

        :raises ClassNotVersioned: when it is not versioned.
        """
        return Fetcher(entry_of(obj).version_class)

    # -- handlers that are elsewhere -----------------------------------------------------------

    before_flush = _explaining("before_flush")
    after_flush = _explaining("after_flush")
    clear = _explaining("clear")
    clear_connection = _explaining("clear_connection")
    track_inserts = _explaining("track_inserts")
    track_updates = _explaining("track_updates")
    track_deletes = _explaining("track_deletes")
    track_association_operations = _explaining("track_association_operations")
    track_cloned_connections = _explaining("track_cloned_connections")
    append_association_operation = _explaining("append_association_operation")
