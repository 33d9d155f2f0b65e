"""P7 and P8: statements that do not grow with the number of records, and none when idle."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from tests.engine.newsroom import Newsroom, lend
from tests.support.documents import ROOT
from tests.support.statements import Statements, statements

BUDGETS = tomllib.loads((ROOT / "benchmarks" / "budgets.toml").read_text())


def budget(newsroom: Newsroom, kind: str, work: str) -> int:
    found: int = BUDGETS[newsroom.engine.dialect.name][kind][work]
    return found


@pytest.fixture
def newsroom(database_kind: str, sources: Any, kept: Any, lent: Any) -> Iterator[Newsroom]:
    with lend(lent, kept.of(sources.of(database_kind))) as newsroom:
        with newsroom.commit() as session:
            session.add(newsroom.Place(country="pt", number=0, name="warm"))
        with newsroom.commit() as session:
            session.delete(session.get(newsroom.Place, ("pt", 0)))
        yield newsroom


def history(found: Statements) -> list[str]:
    """The statements that name a table of history."""
    return [text for text in found if "_version" in text or "transaction" in text]


def run(newsroom: Newsroom, work: str, count: int) -> Statements:
    with newsroom.sessions() as session:
        sections = session.scalars(sa.select(newsroom.Section)).all()
        with statements(newsroom.engine) as found:
            if work == "insert":
                session.add_all(newsroom.Section(name=f"n{i}") for i in range(count))
            for position, section in enumerate(sections[:count]):
                if work == "update":
                    section.name = f"u{position}"
                elif work == "delete":
                    session.delete(section)
            session.commit()
    return found


def test_asking_for_the_transaction_costs_its_row(newsroom: Newsroom) -> None:
    """On PostgreSQL one statement wrote the row with all else; elsewhere it is one by itself."""
    run(newsroom, "insert", 3)
    alone = history(run(newsroom, "update", 3))
    with newsroom.sessions() as session:
        sections = session.scalars(sa.select(newsroom.Section)).all()
        with statements(newsroom.engine) as found:
            newsroom.manager.unit_of_work(session).create_transaction(session)
            for section in sections[:3]:
                section.name = "asked"
            session.commit()
    more = 1 if newsroom.engine.dialect.name == "postgresql" else 0
    assert len(history(found)) == len(alone) + more, found


@pytest.mark.parametrize("work", ["insert", "update", "delete"])
def test_three_hundred_objects_cost_what_three_cost(newsroom: Newsroom, work: str) -> None:
    run(newsroom, "insert", 303)
    expected = budget(newsroom, "flush", work)
    few, many = run(newsroom, work, 3), run(newsroom, work, 300)
    assert len(history(few)) == expected, few
    assert len(history(many)) == expected, many


def test_several_flushes_cost_nothing_extra(newsroom: Newsroom) -> None:
    run(newsroom, "insert", 3)
    with newsroom.sessions() as session, statements(newsroom.engine) as found:
        section = session.get(newsroom.Section, 1)
        for number in range(10):
            section.name = f"flush {number}"
            session.flush()
        session.commit()
    assert len(history(found)) == budget(newsroom, "flush", "update"), found


def test_links_of_many_records_cost_what_one_costs(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(newsroom.Article(title=f"a{i}") for i in range(100))
        session.add_all(newsroom.Tag(name=f"t{i}") for i in range(5))

    def link(count: int, tag: int) -> int:
        with newsroom.sessions() as session:
            articles = session.scalars(
                sa.select(newsroom.Article)
                .options(sa.orm.selectinload(newsroom.Article.tags))
                .limit(count)
            ).all()
            chosen = session.get(newsroom.Tag, tag)
            with statements(newsroom.engine) as found:
                for article in articles:
                    article.tags.append(chosen)
                session.commit()
        return len(history(found))

    assert link(1, 1) == link(100, 2) == budget(newsroom, "flush", "insert")


def test_reading_costs_nothing(newsroom: Newsroom) -> None:
    run(newsroom, "insert", 3)
    with newsroom.sessions() as session, statements(newsroom.engine) as found:
        session.scalars(sa.select(newsroom.Section)).all()
        session.commit()
    assert len(found) == 1, found


def test_unversioned_writes_cost_nothing(newsroom: Newsroom) -> None:
    with newsroom.sessions() as session, statements(newsroom.engine) as found:
        session.add(newsroom.User(name="Maya"))
        session.commit()
    assert len(found) == 1, found


def test_a_write_that_changes_nothing_leaves_no_transaction(newsroom: Newsroom) -> None:
    run(newsroom, "insert", 1)

    def count(table: Any) -> int:
        with newsroom.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    (tables,) = newsroom.manager.registry.history.values()
    before = count(tables.transaction)
    with newsroom.sessions() as session:
        section = session.get(newsroom.Section, 1)
        name = section.name
        section.name = "x"
        session.flush()
        section.name = name
        session.commit()
    assert count(tables.transaction) == before


@pytest.mark.parametrize("work", ["insert", "update", "delete"])
def test_another_table_costs_what_the_budget_says(newsroom: Newsroom, work: str) -> None:
    def run(kinds: int) -> int:
        with newsroom.sessions() as session:
            models = (newsroom.Section, newsroom.Tag)[:kinds]
            found = [session.scalars(sa.select(m)).all() for m in models]
            with statements(newsroom.engine) as sent:
                for model, records in zip(models, found, strict=True):
                    if work == "insert":
                        session.add(model(name=f"{work}{kinds}"))
                    elif work == "update":
                        records[0].name = f"{work}{kinds}"
                    else:
                        session.delete(records[0])
                session.commit()
        return len(history(sent))

    with newsroom.commit() as session:
        session.add_all(newsroom.Section(name=f"s{i}") for i in range(3))
        session.add_all(newsroom.Tag(name=f"t{i}") for i in range(3))
    assert run(2) - run(1) == budget(newsroom, "table", work)


@pytest.mark.parametrize("work", ["insert", "update", "delete", "upsert"])
def test_a_statement_past_the_unit_of_work_costs_what_the_budget_says(
    newsroom: Newsroom, work: str
) -> None:
    model = newsroom.Section
    run(newsroom, "insert", 300)

    def cost(first: int, last: int) -> int:
        among = sa.and_(model.id >= first, model.id <= last)
        with newsroom.sessions() as session, statements(newsroom.engine) as sent:
            options = {"synchronize_session": False}
            if work == "insert":
                names = [{"id": 1000 + i, "name": "x"} for i in range(first, last + 1)]
                session.execute(sa.insert(model), names)
            elif work == "update":
                statement = sa.update(model).where(among).values(name=f"x{first}")
                session.execute(statement, execution_options=options)
            elif work == "delete":
                session.execute(sa.delete(model).where(among), execution_options=options)
            else:
                given = [{"id": i, "name": f"x{i}"} for i in range(first, last + 1)]
                session.execute(upsert(newsroom.engine.dialect.name, model.__table__), given)
            session.commit()
        return len(sent) - 1  # the statement itself

    expected = budget(newsroom, "bulk", work)
    expected += budget(newsroom, "flush", "update" if work == "upsert" else work)
    assert cost(1, 3) == cost(4, 203) == expected


def upsert(dialect: str, table: Any) -> Any:
    if dialect == "mysql":
        statement: Any = mysql.insert(table)
        return statement.on_duplicate_key_update(name=statement.inserted.name)
    made: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    return made.on_conflict_do_update(index_elements=["id"], set_={"name": made.excluded.name})
