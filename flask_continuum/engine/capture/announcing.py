"""Tells triggers under which transaction they write: its row is there before they are called."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.capture.companions import join
from flask_continuum.engine.capture.completeness import Completeness
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.failures import noting_failure
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.capture.writer import Writer, transaction_values
from flask_continuum.engine.dialects.jobs import WriteJob
from flask_continuum.engine.native.databases import native_for
from flask_continuum.engine.native.mysql import disbelieve
from flask_continuum.engine.native.triggers import Told
from flask_continuum.engine.registry import Registry

_WRITES = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|WITH|TRUNCATE|COPY|LOAD|CALL|DO)\b", re.IGNORECASE
)


@dataclass(slots=True, eq=False)
class Announcing:
    """Asks for a transaction's row before the first write that a trigger sees.

    Nobody has wanted the row by that: it is taken back at the commit when it has no versions.
    """

    registry: Registry
    current: CurrentUnits
    writer: Writer
    completeness: Completeness
    _names: tuple[frozenset[sa.Table], re.Pattern[str]] | None = None

    def before_execute(
        self, connection: sa.Connection, live: sa.Table, session: Session | None
    ) -> None:
        """Announce the transaction of a statement that writes ``live``, if triggers see it.

        :param session: the one whose flush it belongs to.
        """
        if live in self.registry.announced and not connection._is_autocommit_isolation():
            self._announce(connection, live.metadata, session)

    def before_text(self, connection: sa.Connection, statement: str) -> None:
        """Announce the transactions of a statement that is known by its text only."""
        if not self.registry.announced or _WRITES.match(statement) is None:
            return
        if connection._is_autocommit_isolation():
            return
        for metadata in self._named(statement):
            self._announce(connection, metadata, None)

    def _named(self, statement: str) -> Iterator[sa.MetaData]:
        """Yield where the tables are that a text names."""
        announced = self.registry.announced
        if self._names is None or self._names[0] is not announced:
            names = "|".join(re.escape(name) for name in sorted({t.name for t in announced}))
            self._names = announced, re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
        found = {each.lower() for each in self._names[1].findall(statement)}
        if found:
            named = (t.metadata for t in announced if t.name.lower() in found)
            yield from dict.fromkeys(named)

    def _announce(
        self, connection: sa.Connection, metadata: sa.MetaData, session: Session | None
    ) -> None:
        unit = self.current.get(connection)
        known = unit.told.get(metadata)
        paused = tuple(
            sorted(
                table.version.name
                for table in self.registry.paused
                if table.is_native and table.live.metadata is metadata
            )
        )
        if known is not None and known.paused == paused:
            return
        if session is not None:
            join(session, connection, unit, self.current)
        with noting_failure(unit):
            self._doubt_paused(connection, metadata)
            baseline_id = unit.baseline_id if known is None else known.baseline_id
            asked = unit.asked.get(metadata)
            if asked is None:
                if baseline_id is None and self._is_incomplete(connection, metadata):
                    baseline_id = self._begin_baseline(connection, metadata)
                asked = self.writer.ask(connection, unit, metadata, wanted=False)
            told = Told(asked.id, baseline_id, str(asked.values["uid"]), paused)
            history = self.registry.history[metadata]
            native_for(connection.dialect).tell(connection, history, told)
        unit.frames[-1].told[metadata] = told

    def _doubt_paused(self, connection: sa.Connection, metadata: sa.MetaData) -> None:
        """Note that records may come to paused tables which history does not see."""
        for table in self.registry.paused:
            ours = table.is_native and table.live.metadata is metadata
            if ours and self.completeness.is_complete(connection, table):
                self.completeness.doubt(connection, table)

    def _is_incomplete(self, connection: sa.Connection, metadata: sa.MetaData) -> bool:
        tables = self.registry.native_tables(metadata)
        return not all(self.completeness.is_complete(connection, table) for table in tables)

    def _begin_baseline(self, connection: sa.Connection, metadata: sa.MetaData) -> int:
        """Insert the row that first versions of older records belong to, before the changes'."""
        transaction = self.registry.history[metadata].transaction
        said = Attribution(kind="baseline", uid=uuid.uuid4().hex)
        job = WriteJob(transaction, transaction_values(transaction, said), None, ())
        return self.writer.dialect(connection).insert_transaction(connection, job)

    # -- the end of the transaction ------------------------------------------------------------

    def settle(self, connection: sa.Connection, unit: UnitOfWork, *, ends: bool) -> None:
        """Have triggers believe no more what they were told.

        :param ends: whether the database's transaction ends with it.
        """
        if not unit.told:
            return
        native = native_for(connection.dialect)
        for metadata in unit.told:
            if native.outlives_commit or not ends:
                native.untell(connection, self.registry.history[metadata])

    def forget(self, connection: sa.Connection) -> None:
        """Have triggers believe no more what a transaction told that is rolled back."""
        unit = self.current.find(connection)
        if unit is None or not unit.told or connection.invalidated:
            return
        if connection.dialect.name in ("mariadb", "mysql"):
            disbelieve(connection)
