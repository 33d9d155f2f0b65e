"""Live rows against their newest versions, by stored bytes as the capture compares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.recorded import Recorded
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Registry, VersionedTable


def verify_records(
    place: Place, table: VersionedTable, dialect: Dialect, recorded: Recorded
) -> Iterator[Finding]:
    """Yield the live rows that are not as their open versions say, in one statement."""
    live, version = table.live.alias("s"), table.version.alias("p")
    began = version.c[table.transaction_id.key]
    operation = version.c[table.operation_type.key]
    compared = _compared(table, dialect, recorded, began)
    differs = sa.or_(sa.false(), *compared.values())
    is_open: sa.ColumnElement[bool] = began.is_not(None)
    if table.end_transaction_id is not None:
        # that a newest version has an end is told by its chain
        is_open &= version.c[table.end_transaction_id.key].is_(None)
    wrong: sa.ColumnElement[bool] = sa.and_(is_open, sa.or_(operation == Operation.DELETE, differs))
    if recorded.is_complete(table):
        wrong = sa.or_(
            wrong, sa.and_(began.is_(None), is_versioned_row(place.registry, table, live))
        )
    statement = (
        sa.select(
            *(live.c[column.key] for column in table.key),
            began,
            operation,
            *(sa.case((condition, 1), else_=0) for condition in compared.values()),
        )
        .select_from(_with_newest(table, live, version))
        .where(wrong)
    )
    if table.is_link:
        # a row that links nothing is no record
        statement = statement.where(*(live.c[column.key].is_not(None) for column in table.key))
    if table.repeats:
        # a pair held twice is one link
        statement = statement.where(sa.text(dialect.speaks(table, "s"))).distinct()
    size = len(table.key)
    for row in place.stream(statement):
        key, newest, how, flags = tuple(row[:size]), row[size], row[size + 1], row[size + 2 :]
        columns = tuple(name for name, flag in zip(compared, flags, strict=True) if flag)
        yield _finding(table, key, newest, how, columns)


def _finding(
    table: VersionedTable,
    key: tuple[Any, ...],
    newest: int | None,
    how: int | None,
    columns: tuple[str, ...],
) -> Finding:
    name = table.live.fullname
    if newest is None:
        words = "the record is there, but has no version."
        return Finding(FindingKind.RECORD_WITHOUT_VERSION, name, key, None, words)
    if how == Operation.DELETE:
        words = f"the record is there, but was deleted in transaction {newest} by its history."
        return Finding(FindingKind.RECORD_AFTER_DELETION, name, key, newest, words)
    words = (
        f"the live row differs from the version of transaction {newest} in {', '.join(columns)}."
    )
    return Finding(FindingKind.OPEN_VERSION_DIFFERS, name, key, newest, words, columns)


def _with_newest(
    table: VersionedTable, live: sa.FromClause, version: sa.FromClause
) -> sa.FromClause:
    """Join each live row with its newest version, by one pass over the version table's key."""
    key = [c.label(f"k{position}") for position, c in enumerate(table.version_key)]
    newest = (
        sa.select(*key, sa.func.max(table.transaction_id).label("began"))
        .group_by(*table.version_key)
        .subquery("n")
    )
    of_record = [live.c[c.key] == newest.c[f"k{i}"] for i, c in enumerate(table.key)]
    of_version = [live.c[c.key] == version.c[c.key] for c in table.key]
    return live.outerjoin(newest, sa.and_(*of_record)).outerjoin(
        version,
        sa.and_(*of_version, version.c[table.transaction_id.key] == newest.c.began),
    )


def _compared(
    table: VersionedTable, dialect: Dialect, recorded: Recorded, began: sa.ColumnElement[Any]
) -> dict[str, sa.ColumnElement[bool]]:
    """Return the conditions that a row differs from its version, by column name."""
    found = {}
    for live, version in table.columns:
        if live in table.key:
            continue
        condition: Any = sa.text(
            dialect.differs(live, f"s.{dialect.q(live)}", f"p.{dialect.q(version)}")
        )
        since, until = recorded.span(table, version)
        # a version that does not know the column does not differ in it
        found[live.name] = sa.and_(
            condition,
            *([] if since is None else [began >= since]),
            *([] if until is None else [began <= until]),
        )
    return found


def is_versioned_row(
    registry: Registry, table: VersionedTable, live: sa.FromClause
) -> sa.ColumnElement[bool]:
    """Return the condition that a live row is one of a versioned class.

    A table may hold rows of classes that are not, above or beside those that are.
    """
    mapper = next((e.mapper for e in registry.entries.values() if table in e.tables), None)
    if mapper is None or mapper.concrete:
        return sa.true()
    others = [
        each
        for each in mapper.base_mapper.self_and_descendants
        if table.live in each.tables and each.class_ not in registry.entries
    ]
    if not others:
        return sa.true()
    column = discriminator(mapper)
    if column is None:
        return sa.false()
    identities = [m.polymorphic_identity for m in others if m.polymorphic_identity is not None]
    if column.table is table.live:
        return sa.or_(live.c[column.key].is_(None), live.c[column.key].not_in(identities))
    root = column.table.alias("r")
    return ~sa.exists().select_from(root).where(
        root.c[column.key].in_(identities),
        *(
            root.c[above.key] == live.c[own.key]
            for above, own in zip(column.table.primary_key, table.key, strict=True)
        ),
    )


def discriminator(mapper: Mapper[Any]) -> sa.Column[Any] | None:
    """Return the column that tells the classes of a hierarchy apart, if a column does."""
    column = mapper.base_mapper.polymorphic_on
    return column if isinstance(column, sa.Column) else None
