"""Version objects for plugins that want them: made early, at each flush, and loaded by class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, Session, undefer
from sqlalchemy.orm.attributes import set_committed_value

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects.overlays import write_over
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.plugins.base import PluginCollection
from flask_continuum.engine.read.conditions import key_columns, moment
from flask_continuum.engine.read.keys import among, chunks
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.registry import Registry, VersionedClass, VersionedTable
from flask_continuum.engine.version import VersionClassBase

_HOOKS = ("after_create_version_object", "after_create_version_objects")


@dataclass(frozen=True, slots=True)
class VersionObjects:
    """Tells plugins of each object that a flush has written, with its version.

    The versions are those of a draft. What plugins set on them is noted in the unit of work, which
    has it written over whatever is written until the commit.
    """

    registry: Registry
    plugins: PluginCollection
    current: CurrentUnits
    unit_of_work: Callable[[Session], Any]
    _key: object = field(default_factory=object)

    @property
    def are_wanted(self) -> bool:
        """Whether a plugin asks for version objects."""
        return any(plugin.overrides(hook) for plugin in self.plugins for hook in _HOOKS)

    def collect(self, session: Session) -> None:
        """Note what a flush has written: its objects are clean as soon as it is over."""
        if self.are_wanted:
            written = [*session.new, *session.deleted]
            written += (
                each
                for each in session.dirty
                if session.is_modified(each, include_collections=False)
            )
            entries = self.registry.entries
            session.info[self._key] = [each for each in written if type(each) in entries]

    def tell(self, session: Session) -> None:
        """Run the hooks on what a flush has written, whose versions are in a draft by now."""
        written: Sequence[Any] = session.info.pop(self._key, ())
        if not self.are_wanted:
            return
        unit_of_work = self.unit_of_work(session)
        told = self.plugins.overriding("after_create_version_object")
        for instance, version in self._versions(session, written) if told else ():
            for plugin in told:
                plugin.after_create_version_object(unit_of_work, instance, version)
        for plugin in self.plugins.overriding("after_create_version_objects"):
            plugin.after_create_version_objects(unit_of_work, session)
        self._keep(session)

    def _versions(self, session: Session, written: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield objects with their versions, loaded by one statement for each class."""
        by_class: dict[type[Any], dict[Key, Any]] = defaultdict(dict)
        for instance in written:
            by_class[type(instance)][tuple(sa.inspect(instance).identity)] = instance
        for model, instances in by_class.items():
            entry = self.registry.entries[model]
            found = self._load(session, entry, list(instances))
            yield from ((each, found[key]) for key, each in instances.items() if key in found)

    def _load(
        self, session: Session, entry: VersionedClass, keys: Sequence[Key]
    ) -> Mapping[Key, Any]:
        place = self._draft(session, entry)
        if place is None:
            return {}
        version = entry.version_class
        found: dict[Key, Any] = {}
        for chunk in chunks(keys):
            statement = (
                sa.select(version)
                .where(moment(entry, version) == place[2])
                .where(among(key_columns(entry, version), chunk))
                .options(undefer("*"))
                .execution_options(populate_existing=True)
            )
            rows = session.scalars(statement, bind_arguments=connection_arguments(session, entry))
            found |= {entry.key_of(each): each for each in rows}
        return found

    def _draft(
        self, session: Session, entry: VersionedClass
    ) -> tuple[sa.Connection, UnitOfWork, int] | None:
        """Return where the draft of a model's versions is, and its id."""
        connection = session.connection(bind_arguments={"mapper": entry.mapper})
        unit = self.current.find(connection)
        if unit is None or unit.draft is None:
            return None
        transaction_id = unit.draft.transaction_ids.get(entry.table.live.metadata)
        return None if transaction_id is None else (connection, unit, transaction_id)

    def _keep(self, session: Session) -> None:
        """Note and write what plugins have set on the versions of the draft."""
        overlays: dict[Any, dict[Key, Mapping[str, Any]]] = defaultdict(dict)
        for version in session.dirty:
            if not isinstance(version, VersionClassBase):
                continue
            entry = version.__continuum__
            place = self._draft(session, entry)
            # by its identity: a plugin may have set the transaction, which is refused
            if place is None or sa.inspect(version).identity[-1] != place[2]:
                continue
            connection, unit, transaction_id = place
            key = entry.key_of(version)
            for table, values in _changed(entry, version).items():
                unit.lay_over(table, key, values)
                overlays[connection, table, transaction_id][key] = values
        for (connection, table, transaction_id), overlay in overlays.items():
            write_over(connection, table, (transaction_id,), overlay)


def _changed(entry: VersionedClass, version: Any) -> Mapping[VersionedTable, Mapping[str, Any]]:
    """Return what was set on a version, by column key; the object counts as saved then.

    :raises HistoryWriteError: when that is what tells which version it is.
    """
    state: InstanceState[Any] = sa.inspect(version)
    tables: dict[Any, VersionedTable] = {table.version: table for table in entry.tables}
    found: dict[VersionedTable, dict[str, Any]] = defaultdict(dict)
    for prop in state.mapper.column_attrs:
        if prop.key not in state.committed_state or prop.key not in state.dict:
            continue
        value = state.dict[prop.key]
        for column in prop.columns:
            table = tables[column.table]
            if column.key in _own(table):
                raise HistoryWriteError(
                    f"A plugin has set {prop.key!r} of {version!r}, which tells what version it "
                    f"is and cannot be chosen. Set other attributes."
                )
            found[table][column.key] = value
        set_committed_value(version, prop.key, value)
    return found


def _own(table: VersionedTable) -> set[str]:
    """Return the keys of the columns that history keeps its account in."""
    own = {table.transaction_id.key, table.operation_type.key}
    own |= {column.key for column in table.version_key}
    if table.end_transaction_id is not None:
        own.add(table.end_transaction_id.key)
    return own
