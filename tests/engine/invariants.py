"""Checks, by plain reading, that a history keeps its promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.maintenance import verify
from flask_continuum.engine.maintenance.scope import places, tables_of
from flask_continuum.engine.maintenance.transactions import verify_transactions
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.registry import VersionedTable
from tests.support.kept import occupied


def check(engine: sa.Engine, manager: VersioningManager) -> None:
    """Assert the chain, the open versions and the transactions of everything versioned.

    ``verify`` must find nothing either: what is sound by plain reading is sound for it.
    """
    registry = manager.registry
    tables = list(registry.tables.values())
    used: dict[sa.Table, set[int]] = {each.transaction: set() for each in registry.history.values()}
    with engine.connect() as connection:
        filled = occupied(connection, [each for t in tables for each in (t.live, t.version)])
        tables = [table for table in tables if not filled.isdisjoint((table.live, table.version))]
        for table in tables:
            used[registry.history_of(table).transaction] |= _check_table(connection, table)
        for transaction, ids in used.items():
            emptied = transaction.c.kind.in_(("vacuumed", "prune"))
            found = connection.execute(sa.select(transaction).where(emptied.is_not(True))).all()
            continued = {row.uid for row in found if row.id in ids}
            there = {
                row.id
                for row in found
                if row.id in ids
                or not ((row.context or {}).get("empty") == "asked for" or row.uid in continued)
            }
            assert there == ids, f"transactions {there ^ ids} have no versions, or are missing"
    if engine.dialect.name == "postgresql":
        # nobody else writes, and outside of transactions there is no cursor for each statement
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    with Session(engine) as session:
        report = verify(session, manager, models=_models_of(manager, tables))
        assert report.is_clean, str(report)
        for place in places(session, manager):
            assert list(verify_transactions(place)) == []


def _models_of(manager: VersioningManager, tables: list[VersionedTable]) -> list[type[Any]] | None:
    """Return the models whose tables these are, those of links included; ``None`` for all."""
    wanted = {table.live for table in tables}
    owned = {model: tables_of(manager.registry, [model]) for model in manager.registry.options}
    models = [model for model, own in owned.items() if not wanted.isdisjoint(own)]
    return models if wanted <= set().union(*owned.values()) else None


def _check_table(connection: sa.Connection, table: VersionedTable) -> set[int]:
    order = (*table.version_key, table.transaction_id)
    chains: dict[Any, list[Any]] = defaultdict(list)
    ids: set[int] = set()
    for row in connection.execute(sa.select(table.version).order_by(*order)):
        chains[tuple(row._mapping[c] for c in table.version_key)].append(row._mapping)
        ids.add(row._mapping[table.transaction_id])
    live = {
        tuple(row._mapping[c] for c in table.key): row._mapping
        for row in connection.execute(sa.select(table.live).order_by(*_speaking_last(table)))
    }
    bounded = table.end_transaction_id is not None
    for key, chain in chains.items():
        where = f"{table.version.name} {key}"
        for earlier, later in pairwise(chain):
            if bounded:
                end = earlier[table.end_transaction_id]
                assert end == later[table.transaction_id], f"{where}: the chain is broken at {end}"
            alive = earlier[table.operation_type] != 2
            begins = later[table.operation_type] == 0
            assert alive != begins, f"{where}: a life begins before the last one has ended"
        newest = chain[-1]
        if bounded:
            assert newest[table.end_transaction_id] is None, f"{where}: the newest one has an end"
        if newest[table.operation_type] == 2:
            assert key not in live, f"{where}: deleted in history, but there"
            continue
        assert key in live, f"{where}: there in history, but gone"
        for column, version in table.columns:
            assert live[key][column] == newest[version], f"{where}: {column.name} differs"
    for key in live:
        # a row of a link table that links nothing is no record
        assert key in chains or (table.is_link and None in key), (
            f"{table.live.name} {key} has no version"
        )
    return ids


def _speaking_last(table: VersionedTable) -> Iterator[Any]:
    """Order the rows of a link so that the one which speaks for it comes last."""
    own = tuple(table.live.primary_key)
    for column in own or (c for c, _ in table.columns if c not in table.key and table.repeats):
        yield sa.case((column.is_(None), 0), else_=1)
        yield sa.cast(column, sa.Text).desc() if isinstance(column.type, sa.JSON) else column.desc()


def rows(engine: sa.Engine, table: VersionedTable) -> list[tuple[Any, ...]]:
    """Return a version table's content with transactions counted from 1 in their order.

    Ids leave gaps where a transaction was rolled back, and a draft may cost one.
    """
    with engine.connect() as connection:
        found = connection.execute(
            sa.select(table.version).order_by(*table.version_key, table.transaction_id)
        ).all()
        names = list(table.version.c.keys())
        ids = {row._mapping[table.transaction_id] for row in found}
        ids |= {row._mapping[table.end_transaction_id] for row in found} - {None}
        rank = {each: position for position, each in enumerate(sorted(ids), 1)} | {None: None}
        numbered = (table.transaction_id.key, table.end_transaction_id.key)  # type: ignore[union-attr]
        return [
            tuple(rank[v] if n in numbered else v for n, v in zip(names, row, strict=True))
            for row in found
        ]
