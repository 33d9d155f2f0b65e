"""``verify``: is the history as promised? Reads everything, writes nothing.

Damage is found by the database, in a number of statements that depends on the number of tables
and not on their rows; what it is called is decided here, for the rows that come back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.dialects import dialect_for
from flask_continuum.engine.maintenance.chains import verify_chains
from flask_continuum.engine.maintenance.erased import verify_erasures
from flask_continuum.engine.maintenance.findings import Collector, Finding, FindingKind, Report
from flask_continuum.engine.maintenance.hierarchies import verify_hierarchies
from flask_continuum.engine.maintenance.moved import verify_moves
from flask_continuum.engine.maintenance.recorded import Recorded, load_recorded
from flask_continuum.engine.maintenance.records import verify_records
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.sealing.checking import verify_seals
from flask_continuum.engine.maintenance.sealing.digests import read_key
from flask_continuum.engine.maintenance.transactions import (
    verify_transaction_of,
    verify_transactions,
)
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.setup import manager_or_default


def verify(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    models: Iterable[Any] | None = None,
    limit: int = 100,
    seals: bool = False,
    key: str | bytes | None = None,
) -> Report:
    """Compare a whole history with itself, with the live rows and with its transactions.

    Nothing is written and nothing is flushed. Other sessions may go on writing.

    :param session: reads; its databases are the ones that are verified. For an ``AsyncSession``,
        ``await session.run_sync(verify, manager)``.
    :param manager: whose tables are verified; without it, those of ``make_versioned``. With
        Flask, ``continuum.manager``.
    :param models: verify only the tables of these models and their link tables; transactions
        without versions are not looked for then.
    :param seals: compare the history with its seals, too.
    :param key: the key that they were made with, if they were.
    :param limit: how many findings of each kind are kept; all are counted.
    :returns: the findings, each with kind, table, key, transaction and words.
    :raises ImproperlyConfigured: when no manager is given and ``make_versioned`` has none; when
        seals are asked for without ``SealPlugin``.
    :raises ClassNotVersioned: when one of ``models`` is not versioned.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    """
    found = Collector(limit)
    tables: list[str] = []
    incomplete: list[str] = []
    for place in places(session, manager_or_default(manager), models):
        look = look_at(place)
        tables += [table.live.fullname for table in look.place.tables]
        incomplete += [
            table.live.fullname
            for table in look.place.tables
            if not look.recorded.is_complete(table)
        ]
        for finding in look.findings():
            found.add(finding)
        if look.has_erasures:
            for finding in verify_erasures(look.place):
                found.add(finding)
        if seals:
            for finding in verify_seals(place, read_key(key)):
                found.add(finding)
    return found.report(tuple(tables), tuple(incomplete))


@dataclass(frozen=True, slots=True)
class Look:
    """What a place is verified by.

    :ivar place: without the tables that the database lacks.
    :ivar recorded: what ``history_column`` says.
    :ivar first: what was found on the way.
    :ivar has_transactions: whether the table of transactions is there.
    :ivar has_erasures: whether that of erasures is.
    """

    place: Place
    recorded: Recorded
    first: tuple[Finding, ...]
    has_transactions: bool
    has_erasures: bool

    def findings(self) -> Iterator[Finding]:
        """Yield everything that is wrong."""
        yield from self.first
        place, recorded = self.place, self.recorded
        dialect = dialect_for(place.connection)
        for table in place.tables:
            yield from verify_chains(place, table, complete=recorded.is_complete(table))
            yield from verify_records(place, table, dialect, recorded)
            if self.has_transactions:
                yield from verify_transaction_of(place, table)
        yield from verify_hierarchies(place)
        if self.has_transactions:
            yield from verify_moves(place)
        if self.has_transactions and place.whole:
            yield from verify_transactions(place, since=recorded.retired)


def look_at(place: Place) -> Look:
    """Return what a place is verified by."""
    found = Collector(limit=sys.maxsize)  # one for each table or column at most
    missing = _missing_tables(place, found)
    present = place.only([t for t in place.tables if not missing & {t.live, t.version}])
    recorded = Recorded()
    if place.history.history_column not in missing:
        recorded = load_recorded(present, found)
    has_transactions = place.history.transaction not in missing
    has_erasures = place.history.erasure not in missing
    return Look(present, recorded, tuple(found.kept), has_transactions, has_erasures)


def _missing_tables(place: Place, found: Collector) -> set[sa.Table]:
    """Return the tables that the database does not have, each of them a finding."""
    inspector = sa.inspect(place.connection)
    wanted = [place.history.transaction, place.history.history_column, place.history.erasure]
    wanted += [each for table in place.tables for each in _both(table)]
    missing = set()
    for table in wanted:
        if not inspector.has_table(table.name, place.connection.schema_for_object(table)):
            missing.add(table)
            words = "the table is missing. Create it (metadata.create_all, or a migration)."
            found.add(Finding(FindingKind.TABLE_MISSING, table.fullname, None, None, words))
    return missing


def _both(table: VersionedTable) -> tuple[sa.Table, sa.Table]:
    return table.live, table.version
