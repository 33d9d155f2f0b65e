"""Columns of version tables that a migration fills."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.orm import Session

from flask_continuum import ImproperlyConfigured
from flask_continuum.schema import (
    get_end_tx_column_query,
    get_property_mod_flags_query,
    update_end_tx_column,
    update_property_mod_flags,
)
from tests.support.marks import on
from tests.support.statements import statements

ROWS = [
    # a key of two parts, its first version's transaction, title, data, what it says of its end
    (1, "a", 1, "one", {"x": 1}, None),
    (1, "b", 1, "one", None, 4),
    (1, "a", 2, "One", {"x": 1}, None),
    (1, "b", 3, None, None, None),
    (1, "a", 4, "One", {"x": 2}, 9),
    (1, "b", 5, None, None, 5),
]


@pytest.fixture
def table(engine: sa.Engine) -> sa.Table:
    table = sa.Table(
        "page_version",
        sa.MetaData(),
        sa.Column("book", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(5), primary_key=True),
        sa.Column("tx", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("title", sa.String(20)),
        sa.Column("data", sa.JSON(none_as_null=True)),
        sa.Column("until", sa.BigInteger),
        sa.Column("title_mod", sa.Boolean),
        sa.Column("data_mod", sa.Boolean),
    )
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        names = [c.name for c in table.c][:6]
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in ROWS])
    return table


def read(engine: sa.Engine, table: sa.Table, *names: str) -> list[tuple[Any, ...]]:
    order = (table.c.name, table.c.tx)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*(table.c[n] for n in names)).order_by(*order))
        return [tuple(row) for row in rows]


@contextmanager
def by(how: str, engine: sa.Engine) -> Iterator[Any]:
    """What a migration or a script may have at hand."""
    if how == "engine":
        yield engine
    elif how == "session":
        with Session(engine) as session:
            yield session
            session.commit()
    else:
        with engine.begin() as connection:
            if how == "connection":
                yield connection
                return
            with Operations.context(MigrationContext.configure(connection)) as op:
                yield None if how == "alembic.op" else op


HOW = ["engine", "connection", "session", "operations", "alembic.op"]


@pytest.mark.parametrize("how", HOW)
def test_ends_are_filled_in_one_statement(engine: sa.Engine, table: sa.Table, how: str) -> None:
    with by(how, engine) as conn, statements(engine) as sent:
        update_end_tx_column(table, "until", "tx", conn=conn)
    assert len(sent) == 1
    ends = [("a", 1, 2), ("a", 2, 4), ("a", 4, None), ("b", 1, 3), ("b", 3, 5), ("b", 5, None)]
    assert read(engine, table, "name", "tx", "until") == ends
    with engine.connect() as connection:
        query = get_end_tx_column_query(table, "until", "tx")
        found = sorted(connection.execute(query).mappings(), key=lambda row: row["tx"])
        assert [(row["name"], row["tx"], row["until"]) for row in found] == sorted(
            ends, key=lambda row: row[1]
        )


@pytest.mark.parametrize("how", HOW)
def test_flags_are_filled_in_one_statement(engine: sa.Engine, table: sa.Table, how: str) -> None:
    """Also on MariaDB ``one`` and ``One`` are two values; NULL is one."""
    with by(how, engine) as conn, statements(engine) as sent:
        update_property_mod_flags(table, ["title", "data"], tx_column_name="tx", conn=conn)
    assert len(sent) == 1
    flags = [(1, True, True), (2, True, False), (4, False, True)]
    flags += [(1, True, True), (3, True, False), (5, False, False)]
    assert read(engine, table, "tx", "title_mod", "data_mod") == flags
    with engine.connect() as connection:
        query = get_property_mod_flags_query(table, ["title"], tx_column_name="tx")
        assert len(connection.execute(query).all()) == len(ROWS)
    update_property_mod_flags(table, [], tx_column_name="tx", conn=engine)  # nothing to do


@on("sqlite")
def test_tables_that_do_not_fit(engine: sa.Engine, table: sa.Table) -> None:
    with pytest.raises(ImproperlyConfigured, match="no column 'transaction_id'"):
        update_end_tx_column(table, conn=engine)
    with pytest.raises(ImproperlyConfigured, match="no column 'until_mod'"):
        update_property_mod_flags(table, ["until"], tx_column_name="tx", conn=engine)
    bare: Any = sa.table("page_version", sa.column("tx"), sa.column("until"))
    for update in (update_end_tx_column, get_end_tx_column_query):
        with pytest.raises(ImproperlyConfigured, match="Reflect the table"):
            update(bare, "until", "tx")
