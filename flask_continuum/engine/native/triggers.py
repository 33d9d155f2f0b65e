"""What a database is given to write versions by itself, and what its triggers are told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.registry import HistoryTables, Registry, VersionedTable

_STAMP = re.compile(r"continuum:([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, or a function that triggers call.

    :ivar name: as the database's catalogue has it.
    :ivar create: the statements that make it, in place of one of the same name.
    :ivar drop: the statements that remove it, if it is there.
    :ivar stamp: a digest of its text, which stands in its body.
    """

    name: str
    table: VersionedTable
    create: tuple[str, ...]
    drop: tuple[str, ...]
    stamp: str


@dataclass(frozen=True, slots=True)
class Told:
    """What triggers are told about the transaction that they write under.

    :ivar transaction_id: the id of its row.
    :ivar baseline_id: that of the row which first versions of older records belong to, if one was
        made.
    :ivar uid: what its continuations share with it.
    :ivar paused: the names of version tables that nothing is written to at present.
    """

    transaction_id: int
    baseline_id: int | None
    uid: str
    paused: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, object]:
        """What the table of current transactions holds of it, by column."""
        return {
            "transaction_id": self.transaction_id,
            "baseline_id": self.baseline_id,
            "uid": self.uid,
            "paused": self.paused_text,
        }

    @property
    def paused_text(self) -> str | None:
        """The paused tables as triggers look for them: each name between commas."""
        return f",{','.join(self.paused)}," if self.paused else None


class NativeDialect(Protocol):
    """What a module about the triggers of one database offers."""

    @property
    def outlives_commit(self) -> bool:
        """Whether what triggers were told is still there after the COMMIT."""
        ...

    def build(
        self, registry: Registry, table: VersionedTable, dialect: Dialect
    ) -> tuple[Trigger, ...]:
        """Return the triggers of a table, and the functions that they call before them."""
        ...

    def installed(self, connection: sa.Connection, schema: str | None) -> Mapping[str, str]:
        """Return, by name, the stamp of each trigger and function of ours that is there."""
        ...

    def tell(self, connection: sa.Connection, history: HistoryTables, told: Told) -> None:
        """Tell triggers what they write under, until the end of the transaction."""
        ...

    def untell(self, connection: sa.Connection, history: HistoryTables) -> None:
        """Take that back before a COMMIT, so that nobody else finds it."""
        ...


def stamped(body: str) -> tuple[str, str]:
    """Return a body with a comment that holds its digest, and the digest.

    The first line that says ``-- continuum`` is the place.
    """
    stamp = hashlib.sha256(body.encode()).hexdigest()[:16]
    return body.replace("-- continuum", f"-- continuum:{stamp}", 1), stamp


def stamp_in(body: str) -> str | None:
    """Return the digest that a body holds, ``None`` for one that is not ours."""
    found = _STAMP.search(body)
    return None if found is None else found[1]
