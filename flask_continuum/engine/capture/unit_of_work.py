"""The pure unit of work: which records a database transaction has touched, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.capture.changes import Asked, Changes, Draft, Key
from flask_continuum.engine.capture.frames import Frame
from flask_continuum.engine.capture.ordering import in_order, order
from flask_continuum.engine.native.triggers import Told
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Hierarchy, VersionedTable


@dataclass(slots=True, weakref_slot=True, eq=False)
class UnitOfWork:
    """What one database transaction has touched.

    :ivar root: returns the transaction that it belongs to, while that lives; another one means
        another unit of work.
    :ivar revision: counts what was touched, so that a draft can be judged.
    :ivar companions: the connections of the session that wrote, this one included.
    :ivar opened: objects that stand for its transactions before there are rows, by metadata.
    :ivar written: the ids under which everything was written for good, by metadata.
    :ivar overlaid: whether plugins have set anything on versions.
    """

    root: Callable[[], Any]
    frames: list[Frame] = field(default_factory=lambda: [Frame()])
    attribution: Attribution | None = None
    draft: Draft | None = None
    revision: int = 0
    companions: WeakSet[Any] = field(default_factory=WeakSet)
    opened: dict[Any, Any] = field(default_factory=dict)
    written: dict[Any, int] = field(default_factory=dict)
    overlaid: bool = False

    def touch(
        self,
        table: VersionedTable,
        key: Key,
        operation: Operation,
        values: Mapping[str, Any] | None = None,
        hierarchy: Hierarchy | None = None,
    ) -> None:
        """Note that a record was written.

        :param values: for a deletion, the values that the database held, by column key.
        :param hierarchy: the tables that the record may have further rows in, where nobody tells.
        """
        frame = self.frames[-1]
        if hierarchy is not None:
            frame.partial.setdefault(hierarchy, set()).add(key)
        # what came and went may be deleted twice, by a foreign key and by the ORM
        if (
            operation is not Operation.DELETE
            or frame.pending.get(table, {}).get(key, operation) is not None
        ):
            frame.note(table, key, operation)
        if operation is not Operation.DELETE:
            frame.altered.add((table, key))
        elif values is not None:
            frame.remembered[table, key] = values
        self.revision += 1
        if self.overlaid:
            self._uncover(table, key)

    def move(
        self,
        table: VersionedTable,
        keys: Mapping[Key, Key],
        values: Mapping[Key, Mapping[str, Any]] | None = None,
    ) -> None:
        """Note that one statement has given records other keys: old ones end, new ones begin.

        :param keys: the new key of each old one.
        :param values: what the database held under the old keys, as for a deletion.
        """
        frame = self.frames[-1]
        origins = {new: frame.origin(table, old) for old, new in keys.items()}
        for old in keys:
            self.touch(table, old, Operation.DELETE, (values or {}).get(old))
        for new in origins:
            self.touch(table, new, Operation.INSERT)
        frame.origins.setdefault(table, {}).update(origins)

    def is_altered(self, table: VersionedTable, key: Key) -> bool:
        """Tell whether a record was written before in this history transaction."""
        return any((table, key) in frame.altered for frame in self._unwritten())

    def lay_over(self, table: VersionedTable, key: Key, values: Mapping[str, Any]) -> None:
        """Note what a plugin has set on the version of a record, by column key."""
        self.overlaid = True
        self.frames[-1].overlay[table, key] = {**self.overlay.get((table, key), {}), **values}

    @property
    def overlay(self) -> Mapping[tuple[VersionedTable, Key], Mapping[str, Any]]:
        """What is laid over versions, by record and column key."""
        found: dict[tuple[VersionedTable, Key], Mapping[str, Any]] = {}
        for frame in self._unwritten() if self.overlaid else ():
            found |= frame.overlay
        return found

    def _uncover(self, table: VersionedTable, key: Key) -> None:
        """Let a record that is written again say what it holds; columns of plugins stay."""
        values = self.overlay.get((table, key))
        if values:
            recorded = {version.key for _, version in table.columns}
            kept = {name: value for name, value in values.items() if name not in recorded}
            self.frames[-1].overlay[table, key] = kept

    def deleted(self, table: VersionedTable) -> list[Key]:
        """Return the records of a table that were deleted in this history transaction."""
        return [
            key
            for frame in self._unwritten()
            for key, operation in frame.pending.get(table, {}).items()
            if operation is Operation.DELETE
        ]

    def hold(self, root: VersionedTable, keys: Iterable[Key]) -> None:
        """Note that rows of a hierarchy's root table have been locked."""
        self.frames[-1].held.setdefault(root, set()).update(keys)

    def holds(self, root: VersionedTable, key: Key) -> bool:
        """Tell whether this transaction has the lock of a record's row in the root table.

        Whoever writes any row of a record has locked that one.
        """
        return any(
            key in frame.held.get(root, ()) or (root, key) in frame.altered for frame in self.frames
        )

    @property
    def baseline_id(self) -> int | None:
        """The transaction of first versions that this transaction has written already."""
        return next((f.baseline_id for f in self._unwritten() if f.baseline_id), None)

    def fail(self, error: BaseException) -> None:
        """Note an error after which what is there cannot be trusted, unless it is rolled back."""
        top = self.frames[-1]
        # as text: an error holds on to the connection whose info this is part of
        text = str(error).partition("\n")[0]
        top.failure = top.failure or f"{type(error).__name__}: {text}"

    @property
    def failure(self) -> str | None:
        """The error that this transaction cannot be committed after."""
        return next((frame.failure for frame in self.frames if frame.failure), None)

    def begin_savepoint(self, depth: int) -> None:
        """Open the frame of a savepoint.

        :param depth: how many savepoints there are with this one.
        """
        # a frame too many is that of a savepoint that could not be set
        self.end_savepoint(depth, keep=True)
        self.frames.append(Frame(draft_before=self.draft))

    def end_savepoint(self, depth: int, *, keep: bool) -> None:
        """Close a savepoint's frame and those above, taking over what they hold or forgetting it.

        :param depth: how many savepoints there were with this one.
        """
        while len(self.frames) > max(depth, 1):
            top = self.frames.pop()
            if keep:
                self.frames[-1].merge(top)
            else:
                self.draft = top.draft_before
                self.revision += 1

    def start_over(self) -> None:
        """Forget everything: the database has rolled the transaction back by itself."""
        self.frames = [Frame() for _ in self.frames]
        self.draft = None
        self.revision += 1

    def changes(self) -> tuple[Changes, ...]:
        """Return the net effect of everything unwritten, tables and keys in a fixed order."""
        frames = list(self._unwritten())
        total = frames[0]
        if len(frames) > 1:
            total = Frame()
            for frame in frames:
                total.merge(frame)
        found = []
        perhaps, orphans = _untold(total)
        tables = {*total.pending, *perhaps}
        for table in sorted(tables, key=lambda each: each.version.fullname):
            operations = total.pending.get(table, {})
            keys = in_order(operations)
            live = []
            gone = []
            for key in keys:
                operation = operations[key]
                if operation is Operation.DELETE:
                    gone.append(key)
                elif operation is not None:
                    live.append((key, operation))
                elif table.repeats:
                    live.append((key, Operation.UPDATE))  # one row of the link came and went
            # of a link that several rows may hold, only they tell whether it is gone
            ended = keys if table.repeats else gone
            if live or gone or table in perhaps:
                found.append(
                    Changes(
                        table=table,
                        live=tuple(live),
                        gone=tuple(gone),
                        remembered={
                            key: total.remembered[table, key]
                            for key in ended
                            if (table, key) in total.remembered
                        },
                        altered=frozenset(k for k in ended if (table, k) in total.altered),
                        moved=_moved(table, total),
                        perhaps=tuple(perhaps.get(table, ())),
                        orphans=tuple(orphans.get(table, ())),
                    )
                )
        return tuple(found)

    def settle(self) -> None:
        """Note that everything so far has been written for good, as of the newest savepoint."""
        top = self.frames[-1]
        top.pending, top.altered, top.remembered = {}, set(), {}
        top.origins, top.partial, top.asked, top.overlay = {}, {}, {}, {}
        top.covers, top.baseline_id, top.told = True, None, {}
        self.draft = None
        self.attribution = None

    @property
    def is_dirty(self) -> bool:
        """Whether something was touched that neither a draft nor a version holds."""
        if self.draft is not None:
            return self.draft.written != self.revision
        return any(not table.is_native for frame in self._unwritten() for table in frame.pending)

    @property
    def has_work(self) -> bool:
        """Whether something is left to be written for good."""
        return (
            self.draft is not None
            or self.failure is not None
            or any(frame.pending or frame.asked for frame in self._unwritten())
        )

    @property
    def asked(self) -> Mapping[Any, Asked]:
        """The transactions that somebody asked for and that are not written for good."""
        return {key: each for frame in self._unwritten() for key, each in frame.asked.items()}

    @property
    def told(self) -> Mapping[Any, Told]:
        """What triggers were told about its transactions, by metadata."""
        return {key: each for frame in self._unwritten() for key, each in frame.told.items()}

    @property
    def metadatas(self) -> list[Any]:
        """Where something was asked for or written: what was asked for first."""
        written = (table.live.metadata for frame in self._unwritten() for table in frame.pending)
        return list(dict.fromkeys([*self.asked, *written]))

    def _unwritten(self) -> Iterator[Frame]:
        first = len(self.frames) - 1
        while first > 0 and not self.frames[first].covers:
            first -= 1
        return iter(self.frames[first:])


def _moved(table: VersionedTable, total: Frame) -> tuple[tuple[Key, Key], ...]:
    """Return the old and new keys of records that ended under one and began under the other.

    A link has no key of its own to change. Where another record had the new key before, or has the
    old one now, that key's history goes on, and none ends or begins that could name the other.
    """
    operations = total.pending.get(table, {})
    found = [
        (old, new)
        for new, old in total.origins.get(table, {}).items()
        if old is not None
        and not table.is_link
        and operations.get(old) is Operation.DELETE
        and operations.get(new) is Operation.INSERT
    ]
    return tuple(sorted(found, key=lambda pair: order(pair[0])))


def _untold(
    total: Frame,
) -> tuple[dict[VersionedTable, list[Key]], dict[VersionedTable, list[Key]]]:
    """Return, by table, the records that may have a row there which nobody has named.

    A record that has come in this transaction has only the rows that were written.

    :returns: all of them, and those that were deleted in the root table.
    """
    perhaps: dict[VersionedTable, list[Key]] = {}
    orphans: dict[VersionedTable, list[Key]] = {}
    for hierarchy, keys in total.partial.items():
        root = total.pending.get(hierarchy.root, {})
        for key in in_order(keys):
            operation = root.get(key, Operation.UPDATE)
            if operation is None or operation is Operation.INSERT:
                continue
            for table in hierarchy.tables:
                if key not in total.pending.get(table, {}):
                    perhaps.setdefault(table, []).append(key)
                    if operation is Operation.DELETE:
                        orphans.setdefault(table, []).append(key)
    return perhaps, orphans
