"""What counting history returns: frozen values, each with whether all of it was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelStats:
    """The numbers of one model's history.

    :ivar live: records whose newest version is no deletion.
    :ivar deleted: records whose newest version is one.
    :ivar changes: versions.
    :ivar last: the transaction of the newest version, ``None`` while there is none.
    :ivar most: how far was counted. A greater number of versions or live records says no more than
        that there are more; where there are more versions, the deleted records are those that one
        of the newest versions deleted. ``None`` when all were counted.
    """

    model: type[Any]
    live: int
    deleted: int
    changes: int
    last: Any | None
    most: int | None = None

    @property
    def is_partial(self) -> bool:
        """Whether the model has more versions than were counted."""
        return self.most is not None and self.changes > self.most


@dataclass(frozen=True, slots=True)
class DayCount:
    """The changes of one day (UTC), each counted once.

    :ivar reverted: changes made by reverts, restorations and undos, whatever their operation;
        the other three do not count them again.
    """

    day: date
    inserted: int
    updated: int
    deleted: int
    reverted: int

    @property
    def total(self) -> int:
        """All changes of the day."""
        return self.inserted + self.updated + self.deleted + self.reverted


@dataclass(frozen=True, slots=True)
class TimesSet:
    """How many times each field of a record was set to another value.

    :ivar counts: by attribute key.
    :ivar is_partial: the record has more versions than were looked at.
    """

    counts: Mapping[str, int]
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """How much changed on each day.

    :ivar days: those on which something changed, oldest first.
    :ivar since: where only the newest changes were looked at: the first day of which the numbers
        say something, though perhaps not all. ``None`` when all were counted.
    """

    days: tuple[DayCount, ...]
    since: date | None = None

    def __iter__(self) -> Iterator[DayCount]:
        """Iterate over the days."""
        return iter(self.days)


@dataclass(frozen=True, slots=True)
class Author:
    """Someone who changed a record.

    :ivar transaction: their newest one, which carries ``user`` and ``actor``.
    :ivar count: how many versions of the record they made.
    """

    transaction: Any
    count: int

    def __iter__(self) -> Iterator[Any]:
        """Unpack as ``transaction, count``."""
        return iter((self.transaction, self.count))
