"""Records that predate their history get a first version just before they change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.errors import ImproperlyConfigured
from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom, build
from tests.support.statements import statements


@pytest.fixture
def adopted(engine: sa.Engine, write: str) -> Iterator[Newsroom]:
    """An application that had data before it had history."""
    newsroom = build(engine)
    newsroom.manager.write = write
    newsroom.base.metadata.drop_all(engine)
    live = [newsroom.User, newsroom.Section, newsroom.Article, newsroom.Tag, newsroom.Comment]
    tables = [model.__table__ for model in live] + [newsroom.article_tag, newsroom.Place.__table__]
    newsroom.base.metadata.create_all(engine, tables=tables)
    before = sa.create_engine(engine.url)
    with before.begin() as connection:
        connection.execute(
            sa.insert(newsroom.Section), [{"id": i, "name": f"old {i}"} for i in (1, 2, 3)]
        )
        connection.execute(sa.insert(newsroom.Article), [{"id": 1, "title": "old", "revision": 1}])
        connection.execute(sa.insert(newsroom.Tag), [{"id": 1, "name": "old"}])
        connection.execute(sa.insert(newsroom.article_tag), [{"article_id": 1, "tag_id": 1}])
    before.dispose()
    newsroom.base.metadata.create_all(engine)
    yield newsroom
    newsroom.manager.detach()


def versions(newsroom: Newsroom, model: Any) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(model).table)


def test_the_first_difference_is_true(adopted: Newsroom) -> None:
    with adopted.commit() as session:
        session.get(adopted.Section, 1).name = "new"
        session.delete(session.get(adopted.Section, 2))
    assert versions(adopted, adopted.Section) == [
        (1, "old 1", 1, 2, 0),
        (1, "new", 2, None, 1),
        (2, "old 2", 1, 2, 0),
        (2, "old 2", 2, None, 2),
    ]
    (history,) = adopted.manager.registry.history.values()
    with adopted.engine.connect() as connection:
        kinds = connection.scalars(
            sa.select(history.transaction.c.kind).order_by(history.transaction.c.id)
        ).all()
    assert kinds == ["baseline", None]


def test_it_comes_before_a_draft_that_was_there_already(adopted: Newsroom) -> None:
    """The draft has an id by then, which is smaller than that of a baseline to come."""
    Section = adopted.Section
    with adopted.commit() as session:
        session.add(Section(id=4, name="new"))
        session.flush()
        assert session.get(Section, 4).versions.count() == 1
        session.get(Section, 1).name = "new"
    told = [row for row in versions(adopted, Section) if row[0] == 1]
    assert told == [(1, "old 1", 1, 2, 0), (1, "new", 2, None, 1)]


def test_a_record_gets_one_baseline(adopted: Newsroom) -> None:
    for name in ("a", "b"):
        with adopted.commit() as session:
            session.get(adopted.Section, 1).name = name
    with adopted.commit() as session:
        section = session.get(adopted.Section, 3)
        section.name = "c"
        session.flush()
        section.name = "d"
    assert [row[1] for row in versions(adopted, adopted.Section)] == [
        "old 1",
        "a",
        "b",
        "old 3",
        "d",
    ]


def test_a_rolled_back_change_takes_its_baseline_along(adopted: Newsroom) -> None:
    with adopted.sessions() as session:
        session.get(adopted.Section, 1).name = "lost"
        session.flush()
        session.rollback()
    assert versions(adopted, adopted.Section) == []


def test_an_object_that_is_only_touched_gets_none(adopted: Newsroom) -> None:
    with adopted.commit() as session:
        section = session.get(adopted.Section, 1)
        section.name = section.name
        session.add(adopted.Section(id=9, name="born here"))
    assert [row[1] for row in versions(adopted, adopted.Section)] == ["born here"]


def test_links_that_predate_history_get_one_too(adopted: Newsroom) -> None:
    with adopted.commit() as session:
        article = session.get(adopted.Article, 1)
        article.tags.clear()
    table = adopted.manager.registry.link_table(adopted.article_tag)
    assert table is not None
    assert rows(adopted.engine, table) == [(1, 1, 1, 2, 0), (1, 1, 2, None, 2)]


def test_tables_with_a_complete_history_pay_nothing(adopted: Newsroom) -> None:
    """The places were empty when their history began."""
    with adopted.commit() as session:
        session.add(adopted.Place(country="pt", number=1, name="a"))
    with adopted.commit() as session:
        session.get(adopted.Section, 1).name = "which are complete is asked once"
    with adopted.sessions() as session:
        place = session.get(adopted.Place, ("pt", 1))
        with statements(adopted.engine) as found:
            place.name = "b"
            session.flush()
    names = [text for text in found if "history_column" in text or "NOT EXISTS" in text]
    assert names == []


def test_missing_tables_of_history_are_named(engine: sa.Engine) -> None:
    newsroom = build(engine)
    (history,) = newsroom.manager.registry.history.values()
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="City"))
    history.history_column.drop(engine)
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        with pytest.raises(ImproperlyConfigured, match="history_column"):
            session.commit()
    newsroom.manager.detach()
