"""``Operations``: what is pending for which object, kept by hand.

The engine keeps an account of its own, by key and savepoint. This one is for code that is used to
keeping one.
"""

from __future__ import annotations

from collections.abc import ItemsView
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.operation import Operation, PendingOperation, net

RecordKey = tuple[type[Any], tuple[Any, ...]]


@dataclass(slots=True)
class Operations:
    """The net operation on each object, in the order in which they were first touched."""

    _pending: dict[RecordKey, PendingOperation] = field(default_factory=dict)

    def add(self, operation: PendingOperation) -> None:
        """Take an operation, in place of what was there for the same object."""
        self._pending[self.format_key(operation.target)] = operation

    def add_insert(self, target: Any) -> None:
        """Note that an object came; one that had gone before has changed."""
        self._note(target, Operation.INSERT)

    def add_update(self, target: Any) -> None:
        """Note that an object changed; one that came before has come all the same."""
        self._note(target, Operation.UPDATE)

    def add_delete(self, target: Any) -> None:
        """Note that an object went; of one that came before nothing is left to tell."""
        self._note(target, Operation.DELETE)

    def items(self) -> ItemsView[RecordKey, PendingOperation]:
        """Return the operations, each with the key of its object."""
        return self._pending.items()

    @property
    def entities(self) -> set[type[Any]]:
        """The classes of the objects."""
        return {cls for cls, _ in self._pending}

    def format_key(self, target: Any) -> RecordKey:
        """Return what an object is known by: its class and its primary key.

        :raises ValueError: when it has none yet.
        """
        state = sa.inspect(target)
        key = state.identity or tuple(state.mapper.primary_key_from_instance(target))
        if None in key:
            raise ValueError(f"{target!r} has no primary key yet. Flush the session first.")
        return (type(target), tuple(key))

    def __contains__(self, target: object) -> bool:
        return self.format_key(target) in self._pending

    def __getitem__(self, key: RecordKey) -> PendingOperation:
        return self._pending[key]

    def __setitem__(self, key: RecordKey, operation: PendingOperation) -> None:
        self._pending[key] = operation

    def __delitem__(self, key: RecordKey) -> None:
        del self._pending[key]

    def __len__(self) -> int:
        return len(self._pending)

    def _note(self, target: Any, operation: Operation) -> None:
        key = self.format_key(target)
        before = self._pending.get(key)
        now = net(None if before is None else before.type, operation)
        if now is None:
            del self._pending[key]
        else:
            self._pending[key] = PendingOperation(target, now)
