"""Which transactions are settled: none with a smaller id can be committed after them any more.

Ids are drawn before the commit, so those of different records are not committed in their order. A
reader that went on behind the greatest id that it has seen would miss what is committed later under
a smaller one. What tells the two apart is the database's own.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN, Fragments, translation
from flask_continuum.engine.errors import ImproperlyConfigured

LAG = 5.0
"""Seconds after which nothing is in flight any more, on databases that are not known."""
GAP = 1.0
"""MariaDB: seconds between drawing an id and storing its row, which nobody else can look into."""
COUNTED = 10_000
"""MariaDB: ids among which a gap is looked for; with more behind, the seconds are waited."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Ids in their order, and how far others were asked about.

    :ivar ids: committed, none missing between them.
    :ivar drawn: no id up to this one will be drawn any more, or stored.
    """

    ids: tuple[int, ...]
    drawn: int


class Settling:
    """Waits, on databases that are not known, for as long as a commit may take."""

    def __init__(self, bind: sa.Engine | sa.Connection, table: sa.Table) -> None:
        self.bind = bind
        self.table = table

    def read(self, after: int, drawn: int, limit: int, patience: float) -> Settled:
        """Return the first settled ids behind ``after``.

        :param drawn: what an earlier answer said of it; spares the question.
        :param patience: how many seconds to wait for transactions that are being committed.
        """
        if after >= drawn:
            drawn = max(drawn, self.newest())
            if drawn > after:
                time.sleep(LAG)
        with self.connect() as connection:
            return Settled(self.committed(connection, after, drawn, limit), drawn)

    def newest(self) -> int:
        """Return the greatest committed id."""
        with self.connect() as connection:
            return self.greatest(connection)

    # -- what the others are made of -----------------------------------------------------------

    def connect(self) -> sa.Connection:
        """Return a connection beside the session's: its snapshot may be older than the question."""
        return self._translated(self.bind.engine.connect())

    def connect_outside(self) -> sa.Connection:
        """Return one without transactions: each statement sees what is committed by then."""
        return self.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _translated(self, connection: sa.Connection) -> sa.Connection:
        if not isinstance(self.bind, sa.Connection):
            return connection
        return connection.execution_options(schema_translate_map=dict(translation(self.bind)))

    def greatest(self, connection: sa.Connection) -> int:
        """Return the greatest id that a connection sees, 0 without one."""
        statement = sa.select(sa.func.coalesce(sa.func.max(self.table.c.id), 0))
        return int(connection.execute(statement, execution_options=OWN).scalar_one())

    def committed(
        self, connection: sa.Connection, after: int, until: int, limit: int
    ) -> tuple[int, ...]:
        """Return the first ids behind ``after`` that a connection sees."""
        found = self.table.c.id
        statement = sa.select(found).where(found > after, found <= until)
        rows = connection.execute(statement.order_by(found).limit(limit), execution_options=OWN)
        return tuple(rows.scalars())


class SQLiteSettling(Settling):
    """SQLite has one writer: ids are committed in their order."""

    def read(self, after: int, drawn: int, limit: int, patience: float) -> Settled:
        """Return what is there, by the session's connection: memory may have no other."""
        if isinstance(self.bind, sa.Connection):
            return self._read(self.bind, after, limit)
        with self.bind.connect() as connection:
            return self._read(connection, after, limit)

    def _read(self, connection: sa.Connection, after: int, limit: int) -> Settled:
        newest = self.greatest(connection)
        return Settled(self.committed(connection, after, newest, limit), newest)


class PostgreSQLSettling(Settling):
    """PostgreSQL shows who has written to the table of transactions and is not at its end.

    That lock is taken before the id is drawn, and released when others see the row.
    """

    _HOLDERS = sa.text(
        "SELECT l.virtualtransaction FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE l.locktype = 'relation' AND d.datname = current_database() "
        "AND l.relation = to_regclass(:name) AND l.mode = 'RowExclusiveLock' AND l.granted"
    )
    _ASKED = sa.text(
        "SELECT pg_is_in_recovery(), (SELECT seqcache FROM pg_sequence "
        "WHERE seqrelid = to_regclass(pg_get_serial_sequence(:name, 'id')))"
    )

    def read(self, after: int, drawn: int, limit: int, patience: float) -> Settled:
        """Return the first settled ids; none where somebody who may have a smaller one goes on.

        :raises ImproperlyConfigured: on a standby, and where ids are not drawn one by one.
        """
        with self.connect_outside() as connection:
            if after >= drawn:
                drawn = self._settle(connection, after, drawn, patience)
            return Settled(self.committed(connection, after, drawn, limit), drawn)

    def _settle(self, connection: sa.Connection, after: int, drawn: int, patience: float) -> int:
        name = self._name(connection)
        self._check(connection, name)
        newest = self.greatest(connection)
        if newest <= after:
            return drawn
        deadline, pause = time.monotonic() + patience, 0.002
        waited_for = self._holders(connection, name)
        while waited_for:
            if time.monotonic() >= deadline:
                return drawn
            _run(connection, sa.text("SELECT pg_sleep(:pause)"), pause=pause)
            pause = min(pause * 2, 0.05)
            waited_for &= self._holders(connection, name)
        return newest

    def _holders(self, connection: sa.Connection, name: str) -> set[str]:
        return set(_run(connection, self._HOLDERS, name=name).scalars())

    def _check(self, connection: sa.Connection, name: str) -> None:
        standby, cache = _run(connection, self._ASKED, name=name).one()
        if standby:
            raise ImproperlyConfigured(
                "A standby does not know what is in flight on its primary: read the feed there."
            )
        if cache is not None and cache > 1:
            raise ImproperlyConfigured(
                f"The sequence of {name}.id gives each connection {cache} ids at a time, so that "
                f"smaller ones may be used at any time later: ALTER SEQUENCE … CACHE 1."
            )

    def _name(self, connection: sa.Connection) -> str:
        fragments = Fragments(connection.dialect, translation(connection))
        return fragments.name(self.table).replace("\\:", ":")


class MySQLSettling(Settling):
    """MariaDB and MySQL show rows that are not committed to those who ask for them.

    Only an id that is drawn and not stored yet is seen by nobody. It leaves a gap, which is taken
    for a transaction that was rolled back when it is there for longer than storing can take.
    """

    def read(self, after: int, drawn: int, limit: int, patience: float) -> Settled:
        """Return the first settled ids, up to the first one in flight."""
        with self.connect_outside() as connection:
            if after >= drawn:
                newest = self.greatest(connection)
                if newest > after and self._has_gaps(connection, after, newest):
                    _run(connection, sa.text("SELECT SLEEP(:pause)"), pause=GAP)
                drawn = max(drawn, newest)
            stored = self._stored(connection, after, drawn, limit)
            committed = set(self.committed(connection, after, drawn, limit))
        ids = []
        for each in stored:
            if each not in committed:
                break
            ids.append(each)
        return Settled(tuple(ids), drawn)

    def _has_gaps(self, connection: sa.Connection, after: int, newest: int) -> bool:
        if newest - after > COUNTED:
            return True
        return len(self._stored(connection, after, newest, COUNTED)) < newest - after

    def _stored(
        self, connection: sa.Connection, after: int, until: int, limit: int
    ) -> tuple[int, ...]:
        """Return ids whose rows are stored, whether they are committed or not."""
        # for the next statement alone, which is a transaction of its own
        _run(connection, sa.text("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"))
        return self.committed(connection, after, until, limit)


def settled(
    bind: sa.Engine | sa.Connection,
    table: sa.Table,
    *,
    after: int,
    drawn: int,
    limit: int,
    patience: float,
) -> Settled:
    """Return the first ids behind ``after`` that no smaller one will follow any more.

    :param bind: where a session has the table of transactions.
    """
    kind = _BY_NAME.get(bind.dialect.name, Settling)
    return kind(bind, table).read(after, drawn, limit, patience)


def _run(connection: sa.Connection, statement: sa.TextClause, **parameters: Any) -> Any:
    return connection.execute(statement, parameters, execution_options=OWN)


_BY_NAME: Mapping[str, type[Settling]] = MappingProxyType(
    {
        "sqlite": SQLiteSettling,
        "postgresql": PostgreSQLSettling,
        "mysql": MySQLSettling,
        "mariadb": MySQLSettling,
    }
)
