"""What reading history returns: frozen values that carry version objects and transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from flask_continuum.engine.operation import Operation

T = TypeVar("T")


class NotRecorded(Enum):
    """The type of :data:`NOT_RECORDED`."""

    NOT_RECORDED = "NOT_RECORDED"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NOT_RECORDED"


NOT_RECORDED: Final = NotRecorded.NOT_RECORDED
"""Stands for a value that history does not know, which says nothing about what it was.

It is falsy, equal to itself only, and above all not ``None``: ``None`` is a NULL that was
recorded.
"""


@dataclass(frozen=True, slots=True)
class Gone:
    """A related record of which neither a version nor a live row is left.

    :ivar model: its class.
    :ivar key: its primary key, as the link named it.
    """

    model: type[Any]
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs between two states of a record; either side may be NOT_RECORDED."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What came to and went from a many-to-many relationship.

    :ivar added: the targets as they were then: version objects, live objects where the target's
        class is not versioned, :class:`Gone` where nothing is left of it.
    :ivar removed: the same for those that went.
    """

    relationship: str
    added: tuple[Any, ...]
    removed: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ChildChange:
    """One change of a child, in the history of its parent.

    :ivar entry: what happened to the child.
    :ivar effect: what it meant for the parent: the child came (INSERT), stayed (UPDATE), or went
        (DELETE). One that moves from parent to parent goes and comes, and is updated itself.
    """

    entry: Entry
    effect: Operation


@dataclass(frozen=True, slots=True)
class Children:
    """What one transaction did to the children in one relationship of a record.

    :ivar more: how many changes are left out of ``changes``.
    """

    relationship: str
    changes: tuple[ChildChange, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """Versions of a record that were pruned.

    :ivar first: the transaction of the oldest of them.
    :ivar last: that of the newest.
    :ivar count: how many they were; where ``exact`` is false, of many records together.
    :ivar at: when the last of them were pruned, in naive UTC.
    :ivar before: the transaction of the version that is the oldest one now.
    :ivar exact: whether this is told of the one record.
    """

    first: int
    last: int
    count: int
    at: datetime
    before: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a record: a version with its difference to the one before.

    :ivar version: the record as the transaction left it.
    :ivar previous: the version before it in the same life, ``None`` when the life began here.
    :ivar transaction: the transaction that made the change. Its id is the version's, except where
        only links changed (:attr:`only_links`): then the version is the one valid at the time.
    :ivar fields: what differs from ``previous``; for a beginning, all that was set, from
        NOT_RECORDED. Values that are NULL at the beginning are left out.
    :ivar links: what many-to-many relationships gained and lost in the transaction.
    :ivar operation: what happened to the record; UPDATE where only links changed.
    :ivar children: what happened to its children in the transaction, where they are asked for.
    :ivar own: whether the record or its links changed, and not only its children.
    :ivar pruned: what was pruned before it; then it is no real beginning.
    """

    version: Any
    previous: Any | None
    transaction: Any
    fields: tuple[FieldChange, ...]
    links: tuple[LinkChange, ...]
    operation: Operation = Operation.UPDATE
    children: tuple[Children, ...] = ()
    own: bool = True
    pruned: Pruned | None = None

    @property
    def only_links(self) -> bool:
        """Whether the record's own row did not change, only its links did."""
        return self.version is self.previous

    @property
    def restored(self) -> bool:
        """Whether a deleted record came back here, its life going on."""
        return self.operation is Operation.INSERT and self.previous is not None


@dataclass(frozen=True, slots=True)
class Blame:
    """Who set a field to the value that it has.

    :ivar value: the value; NOT_RECORDED where history does not know it.
    :ivar version: the version in which it was set, ``None`` where nobody has set it in this life
        of the record.
    :ivar transaction: the transaction of that version: who, when and why.
    :ivar exact: whether it was set just there. Where not, the value is at least as old: there the
        recording of the record or of the column began, or the record got another key, or the
        search did not go further back.
    :ivar moved_from: the key under which the record had the value before, where that is why.
    """

    field: str
    value: Any
    version: Any | None
    transaction: Any | None
    exact: bool = True
    moved_from: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A value that a field had for some time.

    :ivar value: the value; NOT_RECORDED for a time of which history does not know it.
    :ivar version: the version in which it was set.
    :ivar transaction: the transaction of that version: who, when and why.
    :ivar until: when the next value took its place, or the record was deleted (naive UTC);
        ``None`` while it stands.
    :ivar ended_by: the id of the transaction that did it, ``None`` while the value stands.
    :ivar exact: whether it was set just there. Where not, the value is at least as old: there the
        recording of the record or of the column began, or the record got another key.
    :ivar moved_from: the key under which the record had the value before, where that is why.
    """

    value: Any
    version: Any
    transaction: Any | None
    until: datetime | None = None
    ended_by: int | None = None
    exact: bool = True
    moved_from: tuple[Any, ...] | None = None

    @property
    def stands(self) -> bool:
        """Whether the record still has the value, in the life that was asked for."""
        return self.ended_by is None

    @property
    def since(self) -> datetime | None:
        """When it was set (naive UTC), ``None`` where the transaction is gone."""
        return None if self.transaction is None else self.transaction.issued_at

    @property
    def stood(self) -> timedelta | None:
        """How long it stood; ``None`` while it stands, and where either moment is not known."""
        since = self.since
        return None if since is None or self.until is None else self.until - since


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two states of one record.

    :ivar unchanged: keys of the fields that are equal on both sides.
    :ivar old: the state before: a version, or the live object; ``None`` where there was no record
        yet. Its fields are NOT_RECORDED then.
    :ivar new: the state after, ``None`` where the record is gone.
    """

    fields: tuple[FieldChange, ...]
    links: tuple[LinkChange, ...]
    unchanged: tuple[str, ...]
    old: Any | None = None
    new: Any | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not self.fields and not self.links


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, newest first.

    :ivar newer: the cursor of the page with newer items, ``None`` on the first page.
    :ivar older: the cursor of the page with older items, ``None`` on the last page.
    """

    items: tuple[T, ...]
    newer: str | None
    older: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record in a list, with its newest version and the transaction that made it."""

    model: type[Any]
    key: tuple[Any, ...]
    version: Any
    transaction: Any
    live: bool


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction in a feed.

    :ivar counts: how many records of each model it inserted, updated and deleted, by operation;
        models of which it changed only links have an empty mapping.
    :ivar samples: up to three of its versions for each model.
    """

    transaction: Any
    counts: Mapping[type[Any], Mapping[Operation, int]]
    samples: Mapping[type[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Move:
    """A record whose primary key changed.

    :ivar old: the key that it had; its version of this transaction is a DELETE.
    :ivar new: the key that it has since; its version of this transaction is an INSERT.
    """

    model: type[Any]
    old: tuple[Any, ...]
    new: tuple[Any, ...]
    transaction_id: int


@dataclass(frozen=True, slots=True)
class Life:
    """A stretch of a key's history that belongs to one record.

    It begins with an INSERT and ends with a DELETE. A restoration (a revert or an undo of a
    deletion) goes on with the life; any other INSERT of a key used before begins another.

    :ivar since: the transaction id of its first version.
    :ivar until: the transaction id of its last version.
    :ivar count: how many versions it has.
    :ivar is_partial: no further back was looked: it may have begun before ``since``.
    """

    since: int
    until: int
    count: int
    is_partial: bool = False
