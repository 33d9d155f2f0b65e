"""What was touched since a savepoint: one part of a unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_continuum.engine.capture.changes import Asked, Draft, Key
from flask_continuum.engine.native.triggers import Told
from flask_continuum.engine.operation import Operation, net
from flask_continuum.engine.registry import Hierarchy, VersionedTable


@dataclass(slots=True)
class Frame:
    """What was touched since a savepoint was set, or since the transaction began.

    :ivar pending: the net operation by table and key; ``None`` when nothing is left of it.
    :ivar altered: records that were written before in this frame, so that the open version is
        no longer what the database holds.
    :ivar remembered: values of deleted records, by column key.
    :ivar origins: the key that the record with a key had when the frame began, where it is another
        one; ``None`` for a record that is not the one which had the key then.
    :ivar partial: records that may have rows in tables of their hierarchy that nobody has named.
    :ivar held: the records of several tables whose row in the root table has been locked.
    :ivar covers: whether everything that the frames below hold has been written in this one.
    :ivar draft_before: the draft that was there when the savepoint was set: if the savepoint is
        rolled back, its rows are there again.
    :ivar baseline_id: the transaction of first versions that was written in this frame.
    :ivar failure: the error after which nobody knows what was written in this frame.
    :ivar asked: the transactions whose rows are there because somebody asked for them, by metadata.
    :ivar overlay: what plugins have set on versions, by column key: all that is laid over a
        record's version, in place of what the frames below say of it.
    :ivar told: what triggers were told in this frame, by metadata.
    """

    pending: dict[VersionedTable, dict[Key, Operation | None]] = field(default_factory=dict)
    altered: set[tuple[VersionedTable, Key]] = field(default_factory=set)
    remembered: dict[tuple[VersionedTable, Key], Mapping[str, Any]] = field(default_factory=dict)
    origins: dict[VersionedTable, dict[Key, Key | None]] = field(default_factory=dict)
    partial: dict[Hierarchy, set[Key]] = field(default_factory=dict)
    held: dict[VersionedTable, set[Key]] = field(default_factory=dict)
    covers: bool = False
    draft_before: Draft | None = None
    baseline_id: int | None = None
    failure: str | None = None
    asked: dict[Any, Asked] = field(default_factory=dict)
    overlay: dict[tuple[VersionedTable, Key], Mapping[str, Any]] = field(default_factory=dict)
    told: dict[Any, Told] = field(default_factory=dict)

    def note(self, table: VersionedTable, key: Key, operation: Operation) -> None:
        """Add an operation to the net effect on a record."""
        operations = self.pending.get(table)
        if operations is None:
            operations = self.pending[table] = {}
        earlier = operations.get(key)
        if (
            operation is Operation.INSERT
            and key in operations
            and (earlier is None or earlier is Operation.DELETE)
        ):
            # the key is used again: who has it now is not who had it
            self.origins.setdefault(table, {})[key] = None
        operations[key] = net(earlier, operation)

    def origin(self, table: VersionedTable, key: Key) -> Key | None:
        """Return the key that a record had when the frame began; ``None`` if it came since."""
        known = self.origins.get(table, {})
        if key in known:
            return known[key]
        operation = self.pending.get(table, {}).get(key, Operation.UPDATE)
        return None if operation is None or operation is Operation.INSERT else key

    def merge(self, later: Frame) -> None:
        """Take over what a frame above holds, when its savepoint is released."""
        if later.covers:
            self.pending, self.altered, self.remembered = {}, set(), {}
            self.origins, self.partial, self.asked, self.overlay = {}, {}, {}, {}
            self.told = {}
            self.covers = True
        origins = {
            table: {
                key: None if middle is None else self.origin(table, middle)
                for key, middle in moved.items()
            }
            for table, moved in later.origins.items()
        }
        for table, operations in later.pending.items():
            mine = self.pending.setdefault(table, {})
            for key, operation in operations.items():
                if operation is not None:
                    self.note(table, key, operation)
                else:
                    mine.setdefault(key, None)
        for table, found in origins.items():
            self.origins.setdefault(table, {}).update(found)
        self.altered |= later.altered
        self.remembered |= later.remembered
        for hierarchy, keys in later.partial.items():
            self.partial.setdefault(hierarchy, set()).update(keys)
        for root, keys in later.held.items():
            self.held.setdefault(root, set()).update(keys)
        self.baseline_id = self.baseline_id or later.baseline_id
        self.failure = self.failure or later.failure
        self.asked |= later.asked
        self.told |= later.told
        self.overlay |= later.overlay
