"""Models as they were, in any statement."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa

from flask_continuum import ClassNotVersioned, as_of, version_class
from tests.engine import hierarchy
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def write(newsroom: Newsroom) -> list[int]:
    with newsroom.commit() as session:
        tags = [newsroom.Tag(id=n, name=f"t{n}") for n in (1, 2)]
        city = newsroom.Section(id=1, name="City")
        session.add(newsroom.Article(id=1, title="a", words=3, section=city, tags=tags))
        session.add(newsroom.Article(id=2, title="z", words=4, section=city))
    with newsroom.commit() as session:  # the section alone changes, and a link
        article = session.get(newsroom.Article, 1)
        article.section.name = "Town"
        article.tags.remove(session.get(newsroom.Tag, 2))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    with newsroom.session() as session:
        first, second = newsroom.ids(session, newsroom.Section, 1)
        return [first, second, newsroom.ids(session, newsroom.Article, 1)[-1]]


def test_tables_and_their_joins_as_they_were(newsroom: Newsroom) -> None:
    first, second, third = write(newsroom)
    found = {}
    for at in (first, second, third):
        article, section = as_of(newsroom.Article, at), as_of(newsroom.Section, at)
        tag, link = as_of(newsroom.Tag, at), as_of(newsroom.article_tag, at)
        beside = (
            sa.select(article, section.name)
            .join(section, article.section_id == section.id)
            .order_by(article.title.desc())
        )
        tagged = (
            sa.select(article.title, tag.name)
            .join(link, link.c.article_id == article.id)
            .join(tag, tag.id == link.c.tag_id)
            .order_by(tag.name)
        )
        total = sa.select(sa.func.count(), sa.func.sum(article.words)).select_from(article)
        with newsroom.session() as session, statements(newsroom.engine) as sent:
            rows = session.execute(beside).all()
            assert all(isinstance(each, version_class(newsroom.Article)) for each, _ in rows)
            found[at] = (
                [(each.title, name) for each, name in rows],
                [tuple(row) for row in session.execute(tagged)],
                tuple(session.execute(total).one()),
            )
            newest = sa.select(article).where(article.words > 1).order_by(article.id.desc())
            assert session.scalars(newest.limit(1)).one().title == "z"
        assert len(sent) == 4
    assert found == {
        first: ([("z", "City"), ("a", "City")], [("a", "t1"), ("a", "t2")], (2, 7)),
        second: ([("z", "Town"), ("a", "Town")], [("a", "t1")], (2, 7)),
        third: ([("z", "Town")], [], (1, 4)),
    }


def test_relationships_join_as_of_the_instant(either: Newsroom) -> None:
    first, second, _ = write(either)
    with either.commit() as session:  # an article is older than all that it is related to now
        article = session.get(either.Article, 2)
        article.section.name, article.tags = "Village", [session.get(either.Tag, 2)]
        session.add(either.Comment(id=1, text="c", article=article))
    with either.commit() as session:
        session.get(either.Comment, 1).text = "d"
        session.get(either.Tag, 2).name = "t9"
    with either.session() as session:
        (*_, fourth, fifth) = either.ids(session, either.Tag, 2) + either.ids(
            session, either.Comment, 1
        )
        third = fourth - 1
        found = {}
        for at in (first, second, third, fourth, fifth):
            then, section = as_of(either.Article, at), as_of(either.Section, at)
            sections = sa.select(then.title, version_class(either.Section).name).join(then.section)
            tagged = sa.select(then.title, version_class(either.Tag).name).join(then.tags)
            commented = sa.select(version_class(either.Comment).text).join(then.comments)
            back = sa.select(section.name, version_class(either.Article).title).join(
                section.articles
            )
            named = sa.select(then.title, section.name).join(then.section.of_type(section))
            assert set(session.execute(named)) == set(session.execute(sections))
            found[at] = (
                {tuple(row) for row in session.execute(sections)},
                {tuple(row) for row in session.execute(tagged)},
                set(session.scalars(commented.select_from(then))),
            )
            assert {(b, a) for a, b in session.execute(back)} == found[at][0]
    assert found == {
        first: ({("z", "City"), ("a", "City")}, {("a", "t1"), ("a", "t2")}, set()),
        second: ({("z", "Town"), ("a", "Town")}, {("a", "t1")}, set()),
        third: ({("z", "Town")}, set(), set()),
        fourth: ({("z", "Village")}, {("z", "t2")}, {"c"}),
        fifth: ({("z", "Village")}, {("z", "t9")}, {"d"}),
    }


def test_by_transaction_uid_or_time(newsroom: Newsroom) -> None:
    first, second, _ = write(newsroom)
    with newsroom.session() as session:
        transaction = newsroom.manager.registry.transaction_class_for(newsroom.Article)
        row = session.get(transaction, second)
        moments = (row.issued_at, row.issued_at.replace(tzinfo=UTC))
        for when in (row, second, row.uid, str(second), *moments):
            section = as_of(newsroom.Section, when)
            assert session.scalars(sa.select(section.name)).all() == ["Town"], when
        long_ago = as_of(newsroom.Section, row.issued_at - timedelta(days=1))
        assert session.scalars(sa.select(long_ago)).all() == []
        with newsroom.engine.begin() as connection:  # a transaction that went on under a later id
            table = sa.inspect(transaction).local_table
            same = sa.update(table).where(table.c.id.in_([first, second]))
            connection.execute(same.values(uid=row.uid))
        session.rollback()  # a snapshot would not show it
        whole = as_of(newsroom.Section, first)
        assert session.scalars(sa.select(whole.name)).all() == ["Town"]
    with newsroom.session() as session:
        version = session.get(version_class(newsroom.Section), (1, second))
        own = as_of(newsroom.Section, version)  # as of its transaction, whatever its own id is
        assert session.scalars(sa.select(own.name)).all() == ["Town"]
        live = session.get(newsroom.Section, 1)
    for wrong in (1.5, None, True, live):
        with pytest.raises(TypeError, match="A point in history is"):
            as_of(newsroom.Article, wrong)
    with pytest.raises(ClassNotVersioned, match="'user_account' has no history"):
        as_of(newsroom.User.__table__, 1)
    with pytest.raises(ClassNotVersioned):
        as_of(newsroom.User, 1)


def test_hierarchies(engine: sa.Engine) -> None:
    models = hierarchy.build(engine)
    try:
        with models.sessions() as session:
            session.add(models.Article(id=1, title="a", body="text"))
            session.add(models.Note(id=2, title="n", stars=3))
            session.commit()
            article = session.get(models.Article, 1)
            article.title, article.body = "b", "other"
            session.commit()
            first = article.versions[0].transaction_id
            session.expunge_all()
            item = as_of(models.Item, first)
            with statements(engine) as sent:
                found = session.scalars(sa.select(item).order_by(item.id)).all()
                assert [type(each).__name__ for each in found] == ["ArticleVersion", "NoteVersion"]
                assert (found[0].title, found[0].body, found[1].stars) == ("a", "text", 3)
            assert len(sent) == 1
            session.add(models.Article(id=3, title="child", parent_id=1))
            session.commit()
            now = session.get(models.Article, 3).versions[0].transaction_id
            session.get(models.Article, 1).title = "later"
            session.commit()
            then, above = as_of(models.Item, now), as_of(models.Item, now)
            up = sa.select(then.title, above.title).join(then.parent.of_type(above))
            assert session.execute(up).all() == [("child", "b")]
            then = as_of(models.Item, now + 1)
            late = sa.select(then.title, version_class(models.Item).title).join(then.parent)
            assert session.execute(late).all() == [("child", "later")]
            own = as_of(models.Article, first)
            assert session.scalars(sa.select(own.body).where(own.title == "a")).all() == ["text"]
    finally:
        models.manager.detach()
