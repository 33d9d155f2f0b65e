"""How many statements reading costs, and that they find what they want by an index."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from tests.engine.newsroom import Newsroom
from tests.support.statements import statements

NUMBER = 200


def write(newsroom: Newsroom) -> None:
    """An article of 200 versions whose tags and comments come and go; ten more articles."""
    with newsroom.commit() as session:
        session.add_all([newsroom.Tag(id=n, name=f"t{n}") for n in range(1, 5)])
        session.add_all([newsroom.Article(id=n, title="0") for n in range(1, 12)])
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        tags = session.scalars(sa.select(newsroom.Tag).order_by(newsroom.Tag.id)).all()
        for number in range(1, NUMBER):
            article.title = str(number)
            if number % 50 == 0:
                article.tags.append(tags[number // 50 - 1])
                session.add(newsroom.Comment(id=number, text="c", article=article))
            session.commit()


def test_eager_loading_and_positions(newsroom: Newsroom) -> None:
    write(newsroom)
    then = newsroom.registry_of(newsroom.Article).version_class
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        query = (
            sa.select(then)
            .where(then.id == 1)
            .order_by(then.transaction_id)
            .options(selectinload(then.tags), selectinload(then.comments))
        )
        versions = session.scalars(query).all()
        assert [len(each.tags) for each in versions] == [n // 50 for n in range(NUMBER)]
        assert [len(each.comments) for each in versions] == [n // 50 for n in range(NUMBER)]
        assert len(sent) <= 4, sent
    with newsroom.session() as session:
        found = session.get(newsroom.Article, 1).versions[150]
        _uses_an_index(session, newsroom, found)


def _uses_an_index(session: Any, newsroom: Newsroom, version: Any) -> None:
    kind = newsroom.engine.dialect.name
    captured: list[tuple[str, Any]] = []

    def keep(connection: Any, cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        captured.append((text, parameters))

    sa.event.listen(newsroom.engine, "before_cursor_execute", keep)
    try:
        assert version.index == 150
    finally:
        sa.event.remove(newsroom.engine, "before_cursor_execute", keep)
    ((text, parameters),) = captured
    connection = session.connection()
    if kind == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so small a table is read
        plan = connection.exec_driver_sql(f"EXPLAIN {text}", parameters)
        lines = [row[0] for row in plan]
        assert not [line for line in lines if "Seq Scan" in line], lines
        assert [line for line in lines if "Index Cond: " in line and "id = " in line], lines
    elif kind == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)
        lines = [row[-1] for row in plan]
        assert not [line for line in lines if line.startswith("SCAN article_version")], lines
        assert [line for line in lines if "(id=? AND transaction_id" in line], lines
    else:
        plan = connection.exec_driver_sql(f"EXPLAIN {text}", parameters)
        rows = [row._mapping for row in plan if row._mapping["table"] is not None]
        assert all(row["key"] == "PRIMARY" for row in rows if "article" in row["table"]), rows
