"""The values of a field, and who set those that a record has: each in one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum import NOT_RECORDED, ClassNotVersioned, blame, history_of_field, version_class
from flask_continuum.engine.read import BadCursor
from flask_continuum.engine.read.blame import times_set
from tests.engine import hierarchy
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def write(newsroom: Newsroom) -> None:
    """An article that is written, changed, deleted, restored, deleted and written anew."""
    article = newsroom.Article
    with newsroom.commit() as session:
        session.add_all([newsroom.User(id=n, name=f"u{n}") for n in (1, 2, 3)])
    with newsroom.commit(user_id=1) as session:
        session.add(article(id=1, title="a", words=1, settings={"a": 1}))
        session.add(article(id=2, title="other"))
    for user, values in (
        (2, {"words": 2}),
        (3, {"title": "A", "settings": {"a": 2}}),
        (1, {"words": None}),
    ):
        with newsroom.commit(user_id=user) as session:
            found = session.get(article, 1)
            for name, value in values.items():
                setattr(found, name, value)
    with newsroom.commit(user_id=2) as session:
        session.delete(session.get(article, 1))
    with newsroom.commit(user_id=3, kind="restore") as session:
        session.add(article(id=1, title="A", settings={"a": 2}))
    with newsroom.commit(user_id=1) as session:
        session.delete(session.get(article, 1))


def told(page: Any) -> list[Any]:
    return [(each.value, each.transaction.user.name) for each in page]


def test_every_value_with_who_set_it(newsroom: Newsroom) -> None:
    write(newsroom)
    record = (newsroom.Article, 1)
    with newsroom.session() as session:
        with statements(newsroom.engine) as sent:
            titles = history_of_field(session, record, "title")
            found = told(titles)
            changes = [(each.transaction.issued_at, each.version.words) for each in titles]
        assert len(sent) == 1, sent
        assert found == [("A", "u3"), ("A", "u3"), ("a", "u1")]
        assert told(history_of_field(session, record, newsroom.Article.words)) == [
            (None, "u3"),
            (None, "u1"),
            (2, "u2"),
            (1, "u1"),
        ]
        assert told(history_of_field(session, record, "settings"))[1:] == [
            ({"a": 2}, "u3"),
            ({"a": 1}, "u1"),
        ]
        assert [each.since for each in titles] == [since for since, _ in changes]
        first = titles.items[-1]
        assert first.until == titles.items[1].since and first.stood == first.until - first.since
        assert isinstance(first.stood, timedelta) and not first.stands
        assert all(each.exact and each.ended_by is not None for each in titles)  # it is deleted
        alive = history_of_field(session, (newsroom.Article, 2), "title").items
        assert [(each.value, each.stands, each.stood) for each in alive] == [("other", True, None)]


def test_pages_are_exact_at_their_borders(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        whole = history_of_field(session, (newsroom.Article, 1), "words")
        assert whole.older is None
        for size in (1, 2, 3, 4):
            found, before = [], None
            while True:
                page = history_of_field(
                    session, (newsroom.Article, 1), "words", limit=size, before=before
                )
                assert len(page) <= size
                found += page.items
                before = page.older
                if before is None:
                    break
            assert tuple(found) == whole.items
        with pytest.raises(BadCursor):
            before = history_of_field(session, (newsroom.Article, 1), "words", limit=1).older
            history_of_field(session, (newsroom.Article, 1), "title", before=before)


def test_lives_are_told_apart(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.commit(user_id=2) as session:
        session.add(newsroom.Article(id=1, title="new"))
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        assert told(history_of_field(session, article, "title")) == [("new", "u2")]
        assert blame(session, article)["words"].version is None
        earlier = version_class(newsroom.Article)
        first = session.scalars(
            sa.select(earlier).where(earlier.id == 1).order_by(earlier.transaction_id).limit(1)
        ).one()
        before = history_of_field(session, first, "title")
        assert told(before) == [("A", "u3"), ("A", "u3"), ("a", "u1")]
        assert not before.items[0].stands


def test_blame_tells_who_set_what_is_there(newsroom: Newsroom) -> None:
    write(newsroom)
    version = version_class(newsroom.Article)
    with newsroom.session() as session:
        versions = session.scalars(
            sa.select(version).where(version.id == 1).order_by(version.transaction_id)
        ).all()
        with statements(newsroom.engine) as sent:
            found = blame(session, versions[3])
            names = {
                name: each.transaction and each.transaction.user.name
                for name, each in found.items()
            }
            places = {name: each.version for name, each in found.items()}
        assert len(sent) == 1, sent
        assert names == {
            "id": "u1",
            "title": "u3",
            "body": None,
            "words": "u1",
            "settings": "u3",
            "revision": "u1",
            "section_id": None,
        }
        assert places["title"] is versions[2] and places["words"] is versions[3]
        assert places["body"] is None and found["title"].value == "A"
        assert all(each.exact for each in found.values())
        shallow = blame(session, versions[3], depth=2)
        assert not shallow["id"].exact and shallow["id"].version is versions[2]
        assert not shallow["body"].exact and not shallow["title"].exact
        assert shallow["words"].exact
        assert blame(session, (newsroom.Article, 9)) == {}
        with pytest.raises(ValueError, match="At least one version"):
            blame(session, versions[3], depth=0)


def recorded_since(newsroom: Newsroom, session: Any, since: int | None, until: int | None) -> None:
    table = newsroom.manager.registry.history[newsroom.base.metadata].history_column
    session.execute(
        sa.insert(table).values(
            table_name="article_version", column_name="words", since=since, until=until
        )
    )


def test_what_was_not_recorded_is_said(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        first, second, third, *_ = newsroom.ids(session, newsroom.Article, 1)
        last = newsroom.ids(session, newsroom.Article, 1)[3]
        article = (newsroom.Article, 1)
        with session.begin_nested() as savepoint:
            recorded_since(newsroom, session, second, None)
            *_, newer, two, unknown = history_of_field(session, article, "words")
            assert (two.value, two.exact) == (2, False)
            assert (unknown.value, unknown.exact) == (NOT_RECORDED, False)
            assert unknown.ended_by == second and newer.exact
            version = version_class(newsroom.Article)
            then = session.scalars(
                sa.select(version).where(version.id == 1, version.transaction_id == third)
            ).one()
            told = blame(session, then)["words"]
            assert (told.value, told.exact, told.version.transaction_id) == (2, False, second)
            savepoint.rollback()
        with session.begin_nested() as savepoint:
            recorded_since(newsroom, session, None, first)
            then = session.get(version, (1, last))
            assert blame(session, then)["words"].value is NOT_RECORDED
            values = [each.value for each in history_of_field(session, article, "words")]
            assert values == [NOT_RECORDED, NOT_RECORDED, 1]
            savepoint.rollback()


def test_a_key_that_changed_is_said(newsroom: Newsroom) -> None:
    with newsroom.commit(actor="a") as session:
        session.add(newsroom.Place(country="no", number=1, name="Bergen"))
    with newsroom.commit(actor="b") as session:
        session.get(newsroom.Place, ("no", 1)).number = 7
    with newsroom.session() as session:
        place = session.get(newsroom.Place, ("no", 7))
        told = blame(session, place)
        assert (told["name"].exact, told["name"].moved_from) == (False, ("no", 1))
        (value,) = history_of_field(session, place, "name")
        assert (value.exact, value.moved_from) == (False, ("no", 1))
        (before,) = history_of_field(session, (newsroom.Place, value.moved_from), "name")
        assert (before.value, before.transaction.actor, before.exact) == ("Bergen", "a", True)


def test_what_cannot_be_asked_for(newsroom: Newsroom) -> None:
    with newsroom.session() as session:
        for asked in (lambda: blame(session, newsroom.Article), lambda: blame(session, (1, 2))):
            with pytest.raises((TypeError, ClassNotVersioned)):
                asked()
        with pytest.raises(ValueError, match="not in the database yet"):
            blame(session, newsroom.Article(id=1))
        with pytest.raises(ValueError, match="no recorded field 'token'; it has id, title"):
            history_of_field(session, (newsroom.Article, 1), "token")
        with pytest.raises(ValueError, match="at least one value"):
            history_of_field(session, (newsroom.Article, 1), "title", limit=0)
        with pytest.raises(TypeError, match="comes first"):
            blame((newsroom.Article, 1), session)  # type: ignore[call-overload]


def test_hierarchies(engine: sa.Engine) -> None:
    models = hierarchy.build(engine)
    try:
        with models.sessions() as session:
            article = models.Article(id=1, title="a", body="x")
            session.add(article)
            session.commit()
            article.body = "y"
            session.commit()
            article.title = "b"
            session.commit()
            values = history_of_field(session, article, "body")
            assert [each.value for each in values] == ["y", "x"]
            assert [each.value for each in history_of_field(session, article, "title")] == [
                "b",
                "a",
            ]
            found = blame(session, (models.Item, 1))
            assert found["title"].version.body == "y"
            versions = article.versions.all()
            own = blame(session, article)
            places = {name: own[name].version for name in ("id", "kind", "title", "body")}
            assert [versions.index(each) for each in places.values()] == [0, 0, 2, 1]
    finally:
        models.manager.detach()


def test_how_often_each_field_was_set(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        with statements(newsroom.engine) as sent:
            found = times_set(session, (newsroom.Article, 1)).counts
        assert len(sent) == 1
        assert found["title"] == 2 and found["settings"] == 2
        assert found["words"] == 3  # 1, 2 and nothing; that it came back changed nothing
        assert found["body"] == 0 and found["id"] == 1
        (version,) = session.get(newsroom.Article, 2).versions
        assert times_set(session, version).counts["title"] == 1
