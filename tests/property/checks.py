"""Compares a database with what the oracle knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from flask_continuum.engine.maintenance import verify
from flask_continuum.engine.read.conditions import existed, row_existed
from tests.property.desk import Desk
from tests.property.oracle import DELETE, Key, Oracle, Row, World
from tests.property.play import Play

Rows = Mapping[Key, Row]


def check_rows(play: Play) -> None:
    """Compare every row: live ones, their versions and the transactions, after a commit."""
    desk, oracle = play.desk, play.oracle
    with desk.engine.connect() as connection:
        transaction = desk.transaction
        told = connection.execute(sa.select(transaction.c.id, transaction.c.reason)).all()
        numbers = {row.id: int(row.reason) for row in told}
        written = {
            v.transaction for chains in oracle.history.values() for c in chains.values() for v in c
        }
        assert sorted(numbers.values()) == sorted(written), "orphan or missing transactions"
        assert [numbers[each] for each in sorted(numbers)] == sorted(written)
        for name in oracle.rules:
            live = {key: row for key, row in _live(connection, desk, name)}
            assert live == oracle.committed.tables[name], name
            assert _versions(connection, desk, name, numbers) == _expected(oracle, name), name


def _live(connection: sa.Connection, desk: Desk, name: str) -> Iterator[tuple[Key, Row]]:
    key = desk.key_names(name)
    for row in connection.execute(desk.rows[name]).mappings():
        yield tuple(row[each] for each in key), dict(row)


def _versions(
    connection: sa.Connection, desk: Desk, name: str, numbers: Mapping[Any, int]
) -> dict[Key, list[Any]]:
    table, rules = desk.versioned(name), desk.rules[name]
    assert table.end_transaction_id is not None
    found = defaultdict(list)
    for row in connection.execute(desk.versions[name]).mappings():
        end = row[table.end_transaction_id]
        found[tuple(row[c] for c in table.version_key)].append(
            (
                numbers.get(row[table.transaction_id]),
                None if end is None else numbers.get(end),
                row[table.operation_type],
                {each: row[each] for each in rules.recorded},
            )
        )
    return dict(found)


def _expected(oracle: Oracle, name: str) -> dict[Key, list[Any]]:
    return {
        key: [
            (
                version.transaction,
                None if after is None else after.transaction,
                version.operation,
                version.row,
            )
            for version, after in zip(chain, [*chain[1:], None], strict=True)
        ]
        for key, chain in oracle.history[name].items()
    }


def check_past(desk: Desk, oracle: Oracle) -> None:
    """Compare everything as it was after every transaction, and what versions are related to."""
    with desk.sessions() as session:
        transaction = desk.transaction
        told = session.execute(sa.select(transaction.c.id, transaction.c.reason))
        numbers = {row.id: int(row.reason) for row in told}
        for name in desk.models:
            _check_records(session, desk, oracle, name, numbers)
        _check_links(session, desk, oracle, numbers)
        for name in RELATIONS:
            _check_relations(session, desk, oracle, name, numbers)


def check_verify(desk: Desk) -> None:
    """``verify`` finds nothing."""
    with desk.sessions() as session:
        report = verify(session, desk.manager)
    assert report.is_clean, str(report)


def _check_records(
    session: Session, desk: Desk, oracle: Oracle, name: str, numbers: Mapping[int, int]
) -> None:
    entry = desk.manager.registry.of(desk.models[name])
    version, at = entry.version_class, desk.transaction.c.id
    names = list(entry.attributes)
    query = sa.select(at, *(getattr(version, each) for each in names)).join_from(
        desk.transaction, version, sa.and_(*existed(entry, version, at))
    )
    found: dict[int, dict[Key, Row]] = {number: {} for number in numbers.values()}
    for row in session.execute(query):
        values = dict(zip(names, row[1:], strict=True))
        key = tuple(values[each] for each in entry.key_attributes)
        assert key not in found[numbers[row[0]]], f"two versions of {name} {key} at one time"
        found[numbers[row[0]]][key] = values
    assert found == {
        number: _then(oracle.snapshots[number], name, names) for number in numbers.values()
    }, name


def _then(world: World, name: str, attributes: list[str]) -> dict[Key, Row]:
    """Return a model's rows with the attributes of all its tables."""
    parents = world.tables["item"] if name == "film" else {}
    return {
        key: {each: {**parents.get(key, {}), **row}[each] for each in attributes}
        for key, row in world.tables[name].items()
    }


def _check_links(session: Session, desk: Desk, oracle: Oracle, numbers: Mapping[int, int]) -> None:
    table, at = desk.versioned("article_tag"), desk.transaction.c.id
    found = {number: [] for number in numbers.values()}  # type: dict[int, list[Key]]
    query = sa.select(at, *table.version_key).join_from(
        desk.transaction, table.version, sa.and_(*row_existed(table, at))
    )
    for at_id, *key in session.execute(query):
        found[numbers[at_id]].append(tuple(key))
    for number, keys in found.items():
        assert sorted(keys) == sorted(oracle.snapshots[number].tables["article_tag"]), number


def _one(table: str, column: str) -> Callable[[World, Row], Any]:
    return lambda world, row: [
        there for key, there in world.tables[table].items() if key == (row[column],)
    ]


def _many(table: str, column: str) -> Callable[[World, Row], Any]:
    return lambda world, row: [
        world.tables[table][key] for key in world.keys(table, **{column: row["id"]})
    ]


def _linked(table: str, near: str, far: str) -> Callable[[World, Row], Any]:
    return lambda world, row: [
        world.tables[table][world.tables["article_tag"][key][far],]
        for key in world.keys("article_tag", **{near: row["id"]})
    ]


RELATIONS: Mapping[str, Mapping[str, tuple[str, Callable[[World, Row], Any]]]] = {
    "article": {
        "section": ("section", _one("section", "section_id")),
        "tags": ("tag", _linked("tag", "article_id", "tag_id")),
        "comments": ("comment", _many("comment", "article_id")),
    },
    "section": {"articles": ("article", _many("article", "section_id"))},
    "tag": {"articles": ("article", _linked("article", "tag_id", "article_id"))},
    "comment": {"article": ("article", _one("article", "article_id"))},
}
"""Relationships: the table on the other side, and what the oracle knows of a row's others."""


def _check_relations(
    session: Session, desk: Desk, oracle: Oracle, name: str, numbers: Mapping[int, int]
) -> None:
    version_class = desk.manager.registry.of(desk.models[name]).version_class
    loading = [selectinload(getattr(version_class, key)) for key in RELATIONS[name]]
    recorded = oracle.rules[name].recorded
    for version in session.scalars(sa.select(version_class).options(*loading)):
        number = numbers[version.transaction_id]
        before = version.operation_type == DELETE
        world = oracle.snapshots[number - 1 if before else number]
        row = {each: getattr(version, each) for each in recorded}
        for key, (target, others) in RELATIONS[name].items():
            there = getattr(version, key)
            members = there if isinstance(there, list) else [] if there is None else [there]
            names = oracle.rules[target].recorded
            found = [{each: getattr(member, each) for each in names} for member in members]
            wanted = [oracle.rules[target].history_of(each) for each in others(world, row)]
            assert _by_id(found) == _by_id(wanted), (version, key)


def _by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["id"])
