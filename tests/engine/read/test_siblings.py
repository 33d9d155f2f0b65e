"""Versions that were loaded together cost statements together."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import with_polymorphic

from flask_continuum import VersioningManager
from tests.engine import hierarchy
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements

NUMBER = 51


def write(newsroom: Newsroom, versions: int = NUMBER) -> None:
    """An article of many versions, and one of two, by users."""
    with newsroom.commit() as session:
        session.add_all([newsroom.User(id=n + 1, name=f"u{n}") for n in range(3)])
    for number in range(versions):
        with newsroom.commit(user_id=number % 3 + 1) as session:
            if number == 0:
                session.add_all([newsroom.Article(id=n, title="0") for n in (1, 2)])
            else:
                session.get(newsroom.Article, 1).title = str(number)
            if number == 1:
                session.get(newsroom.Article, 2).title = "two"


def expected(number: int) -> dict[str, list[Any]]:
    if number == 0:
        return {"id": [None, 1], "title": [None, "0"], "revision": [None, 1]}
    return {"title": [str(number - 1), str(number)], "revision": [number, number + 1]}


def test_a_whole_history_costs_three_statements(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        with statements(newsroom.engine) as sent:
            versions = article.versions.all()
            found = [(each.changeset, each.transaction.user.name) for each in versions]
        assert len(sent) == 3, sent
        assert found == [(expected(n), f"u{n % 3}") for n in range(NUMBER)]
        with statements(newsroom.engine) as sent:
            assert [each.previous for each in versions] == [None, *versions[:-1]]
            assert [each.next for each in versions] == [*versions[1:], None]
        assert len(sent) == 1, sent  # nothing after the newest is asked for anew
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        versions = session.get(newsroom.Article, 1).versions.all()
        assert [each.transaction.user.name for each in versions[:3]] == ["u0", "u1", "u2"]
        assert [each.transaction.id for each in versions] == [e.transaction_id for e in versions]
        assert len(sent) == 3, sent
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        article = session.get(newsroom.Article, 1)
        changed = [sorted(each.changeset) for each in article.versions]
        assert changed == [sorted(expected(n)) for n in range(NUMBER)]
        assert len(sent) == 4, sent

    _pages_and_parts(newsroom)


def _pages_and_parts(newsroom: Newsroom) -> None:
    then = newsroom.registry_of(newsroom.Article).version_class
    for options in ({}, {"desc": False}):
        with newsroom.session() as session, statements(newsroom.engine) as sent:
            page = then.all_versions(session, {"id": 1}, limit=10, offset=20, **options)
            numbers = range(20, 30) if options else range(30, 20, -1)
            assert [each.changeset for each in page] == [expected(n) for n in numbers]
            assert len(sent) == 3, sent
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        some = session.get(newsroom.Article, 1).versions.filter(then.title.like("%0")).all()
        assert [each.changeset for each in some] == [expected(n) for n in range(0, NUMBER, 10)]
        assert [each.previous and each.previous.title for each in some] == [
            None, "9", "19", "29", "39", "49",
        ]  # fmt: skip
        assert len(sent) == 5, sent
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        both = session.scalars(sa.select(then).order_by(then.id.desc(), then.transaction_id)).all()
        assert [each.changeset["title"] for each in both[:2]] == [[None, "0"], ["0", "two"]]
        assert [each.changeset for each in both[2:]] == [expected(n) for n in range(NUMBER)]
        assert {each.transaction.user.name for each in both} == {"u0", "u1", "u2"}
        assert len(sent) == 3, sent


def test_what_comes_later_is_seen(newsroom: Newsroom) -> None:
    write(newsroom, 3)
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        versions = article.versions.all()
        assert versions[-1].next is None
        with session.begin_nested() as savepoint:
            article.title = "draft"
            assert versions[-1].next.changeset["title"] == ["2", "draft"]
            savepoint.rollback()
        assert versions[-1].next is None
        article.title = "final"
        session.commit()
        assert versions[-1].next.title == "final"
        assert [each.title for each in versions] == ["0", "1", "2"]
        assert versions[-1].next.previous is versions[-1]


def test_the_newest_of_many_records_have_no_next_in_one_statement(newsroom: Newsroom) -> None:
    then = newsroom.registry_of(newsroom.Tag).version_class
    for name in ("a", "b"):
        with newsroom.commit() as session:
            for number in range(1, 21):
                session.merge(newsroom.Tag(id=number, name=f"{name}{number}"))
    with newsroom.session() as session:
        newest = session.scalars(sa.select(then).where(then.name.like("b%"))).all()
        with statements(newsroom.engine) as sent:
            assert [each.next for each in newest] == [None] * 20
        assert len(sent) <= 3, sent
        with newsroom.commit() as other:  # another one writes, then this one
            other.get(newsroom.Tag, 1).name = "c1"
        session.rollback()
        assert [each.next is None for each in newest[:2]] == [False, True]
        assert newest[1].next is None
        session.get(newsroom.Tag, 2).name = "c2"
        assert newest[1].next.name == "c2"  # told once, never by heart
        assert newest[2].next is None
        session.get(newsroom.Tag, 3).name = "c3"
        session.flush()
        assert newest[2].next.name == "c3"
    with newsroom.session() as session:
        oldest = session.scalars(sa.select(then).where(then.name.like("a%"))).all()
        with statements(newsroom.engine) as sent:
            assert [each.next.name for each in oldest] == [f"b{n}" for n in range(1, 21)]
        assert len(sent) <= 3, sent


@pytest.mark.parametrize("listening", [1, 2])
def test_relationships_are_loaded_for_all_by_the_second(newsroom: Newsroom, listening: int) -> None:
    others = [VersioningManager(user_cls=None) for _ in range(1, listening)]
    for other in others:
        other.track_session(newsroom.sessions)
    with newsroom.commit() as session:
        section = newsroom.Section(id=1, name="City")
        session.add(newsroom.Article(id=1, title="0", section=section))
    for number in range(1, 21):
        with newsroom.commit() as session:
            article = session.get(newsroom.Article, 1)
            article.title = str(number)
            article.tags = [newsroom.Tag(id=number, name=f"t{number}")]
            session.add(newsroom.Comment(id=number, text="c", article=article))
    for load in (lambda v: v.section.name, lambda v: len(v.tags), lambda v: len(v.comments)):
        with newsroom.session() as session:
            alone = [
                load(session.get(newsroom.registry_of(newsroom.Article).version_class, place))
                for place in [(1, at) for at in newsroom.ids(session, newsroom.Article, 1)]
            ]
        with newsroom.session() as session:
            versions = session.get(newsroom.Article, 1).versions.all()
            with statements(newsroom.engine) as sent:
                assert load(versions[3]) == alone[3]
            assert len(sent) == 1, sent
            with statements(newsroom.engine) as sent:
                assert [load(each) for each in versions] == alone
            assert len(sent) == 2, sent
    for other in others:
        other.remove_session_tracking(newsroom.sessions)


def test_lives_and_restorations(newsroom: Newsroom) -> None:
    for kind in (None, "restore", None):
        with newsroom.commit(kind=kind) as session:
            session.add(newsroom.Section(id=1, name=f"{kind}"))
        with newsroom.commit() as session:
            session.delete(session.get(newsroom.Section, 1))
    then = newsroom.registry_of(newsroom.Section).version_class
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        versions = then.all_versions(session, {"id": 1}, desc=False)
        assert [each.previous for each in versions] == [
            None, *versions[:3], None, versions[4],
        ]  # fmt: skip
        assert len(sent) == 2, sent
        assert [each.next for each in versions] == [*versions[1:4], None, versions[5], None]


def test_hierarchies(engine: sa.Engine) -> None:
    models = hierarchy.build(engine)
    try:
        with models.sessions() as session:
            session.add(models.Article(id=1, title="a", body="x"))
            session.add(models.Note(id=2, title="n", stars=3))
            session.commit()
            for number in range(3):
                for each in session.scalars(sa.select(models.Item)):
                    each.title = str(number)
                session.get(models.Article, 1).body = str(number)
                session.commit()
        with models.sessions() as session, statements(engine) as sent:
            then = with_polymorphic(models.manager.registry.of(models.Item).version_class, "*")
            found = session.scalars(
                sa.select(then)
                .where(then.transaction_id > 1)
                .order_by(then.id, then.transaction_id)
            ).all()
            before = [each.previous.title for each in found]
            assert before == ["a", "0", "1", "n", "0", "1"]
            first = len(sent)
            assert [each.changeset["title"][0] for each in found] == before
            assert found[1].changeset["body"] == ["0", "1"]
            assert len(sent) == first + 2, sent  # since when fields are recorded, by class
    finally:
        models.manager.detach()
