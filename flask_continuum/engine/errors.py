"""Every error of the engine, each naming what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class VersioningError(Exception):
    """The root of all errors raised by the engine."""


class ClassNotVersioned(VersioningError):
    """A class, table or object was used as versioned that is not."""


class ImproperlyConfigured(VersioningError):
    """An option, a mapping or the database's schema does not fit; the message names the fix."""


class HistoryWriteError(VersioningError):
    """Versions could not be written completely, so the whole transaction is rolled back."""


class ReadOnlyPast(VersioningError):
    """The past cannot be changed, and what has no history cannot be seen in it."""


class NoChangesAttribute(VersioningError):
    """The entity names of a transaction were asked for without the TransactionChanges plugin."""


class ReverterException(VersioningError):
    """A relation path, field or value given to a revert names nothing of the model or plan."""


class StalePlan(VersioningError):
    """The record has changed since a revert or undo was planned, so nothing was applied.

    :ivar entries: what changed in between, newest first.
    """

    def __init__(self, message: str, entries: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.entries = tuple(entries)


class PlanBlocked(VersioningError):
    """A plan holds something that makes applying it impossible; the message says what.

    The database's own words may hold values: they are only in ``__cause__``.

    :ivar holder: model and key of another record that stands in the way, where there is one.
    """

    def __init__(
        self, message: str, holder: tuple[type[Any], tuple[Any, ...]] | None = None
    ) -> None:
        super().__init__(message)
        self.holder = holder


class RevertRefused(PlanBlocked):
    """A plugin's ``before_revert`` refuses to go back; the message is the reason, for people."""
