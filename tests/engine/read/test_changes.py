"""What has changed: in versions, between two, between two points; of one record and of many."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum import NOT_RECORDED, Comparison, changes, changes_of, version_class
from flask_continuum.engine.operation import Operation
from tests.engine import hierarchy
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def write(either: Newsroom) -> None:
    """Three articles: one is tagged, changed and deleted, one is made later, one made anew."""
    with either.commit() as session:
        tags = [either.Tag(id=n, name=f"t{n}") for n in (1, 2)]
        session.add(either.Article(id=1, title="a", words=1, tags=tags))
        session.add(either.Article(id=3, title="three"))
    with either.commit() as session:
        article = session.get(either.Article, 1)
        article.title = "A"
        article.tags = [session.get(either.Tag, 2), either.Tag(id=3, name="t3")]
    with either.commit() as session:
        session.get(either.Article, 1).words = None
        session.add(either.Article(id=2, title="two"))
        session.delete(session.get(either.Article, 3))
    with either.commit() as session:
        session.add(either.Article(id=3, title="again"))


def fields(found: Comparison) -> dict[str, tuple[Any, Any]]:
    return {
        each.key: (each.old, each.new)
        for each in found.fields
        if each.key not in ("id", "revision")
    }


def links(found: Comparison) -> list[Any]:
    return [
        (each.relationship, [t.name for t in each.added], [t.name for t in each.removed])
        for each in found.links
    ]


def versions(either: Newsroom, session: Any, **by: Any) -> list[Any]:
    version = version_class(either.Article)
    order = (version.transaction_id, version.id)
    return list(session.scalars(sa.select(version).filter_by(**by).order_by(*order)))


def test_versions_against_the_ones_before_them(either: Newsroom) -> None:
    write(either)
    with either.session() as session:
        every = versions(either, session)
        with statements(either.engine) as sent:
            found = changes_of(session, every)
            told = [(fields(each), links(each)) for each in found]
        assert len(sent) <= 4, sent
        none = NOT_RECORDED
        assert told == [
            ({"title": (none, "a"), "words": (none, 1)}, [("tags", ["t1", "t2"], [])]),
            ({"title": (none, "three")}, []),
            ({"title": ("a", "A")}, [("tags", ["t3"], ["t1"])]),
            ({"words": (1, None)}, []),
            ({"title": (none, "two")}, []),
            ({}, []),
            ({"title": (none, "again")}, []),
        ]
        assert found[2].old is every[0] and found[2].new is every[2]
        assert "body" in found[2].unchanged and "title" not in found[2].unchanged
    for page in (slice(2, 4), slice(3, 4), slice(3, 6)):  # exact at the borders of a page
        with either.session() as session:
            part = changes_of(session, versions(either, session)[page])
            assert [(fields(each), links(each)) for each in part] == told[page]
    with either.session() as session:
        one = changes(session, versions(either, session, id=1)[1])
        assert (fields(one), links(one)) == told[2]


def test_between_two_versions(either: Newsroom) -> None:
    write(either)
    with either.session() as session:
        first, _, third = versions(either, session, id=1)
        found = changes(session, first, third)
        assert fields(found) == {"title": ("a", "A"), "words": (1, None)}
        assert links(found) == [("tags", ["t3"], ["t1"])]
        back = changes(session, session.get(either.Article, 1), first)
        assert fields(back) == {"title": ("A", "a"), "words": (None, 1)}
        with pytest.raises(ValueError, match="not both"):
            changes(session, first, third, since=1)


def test_between_two_points(either: Newsroom) -> None:
    write(either)
    with either.session() as session:
        first, second, third = either.ids(session, either.Article, 1)
        keys = [(either.Article, key) for key in (1, 2, 3, 99)]
        with statements(either.engine) as sent:
            found = changes_of(session, keys, since=first)
            told = [(fields(each), links(each)) for each in found]
        assert len(sent) <= 9, sent
        none = NOT_RECORDED
        assert told == [
            ({"title": ("a", "A"), "words": (1, None)}, [("tags", ["t3"], ["t1"])]),
            ({"title": (none, "two")}, []),
            ({"title": (none, "again")}, []),  # the one before was another record
            ({}, []),
        ]
        assert [each.old is None for each in found] == [False, True, True, True]
        gone = changes(session, (either.Article, 3), since=second, until=third)
        assert fields(gone) == {"title": ("three", none)}
        assert gone.new is None and gone.unchanged == ()
        article = session.get(either.Article, 1)
        until = changes(session, article, since=first, until=second)
        assert fields(until) == {"title": ("a", "A")}
        same = changes(session, article, since=second, until=second)
        assert same.is_empty and set(same.unchanged) > {"title", "words"}
        with pytest.raises(ValueError, match="is before"):
            changes(session, article, since=second, until=first)
        with pytest.raises(ValueError, match="Since when"):
            changes(session, article, until=first)
        with pytest.raises(ValueError, match="is no version"):
            changes(session, article)


def test_between_moments_versions_and_transactions(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        first, second, third = versions(newsroom, session, id=1)
        expected = {"title": ("a", "A")}
        for since, until in (
            (first, second),
            (first.transaction, second.transaction),
            (first.transaction.uid, second.transaction.uid),
            (first.transaction.issued_at, second.transaction.issued_at),
        ):
            found = changes(session, third, since=since, until=until)
            assert fields(found) == expected, (since, until)


def test_a_record_is_found_under_the_key_it_had(newsroom: Newsroom) -> None:
    place = newsroom.Place
    with newsroom.commit() as session:
        session.add(place(country="no", number=1, name="Bergen"))
    for number in (7, 8):
        with newsroom.commit() as session:
            session.scalars(sa.select(place)).one().number = number
    with newsroom.commit() as session:
        session.get(place, ("no", 8)).name = "Oslo"
        session.add(place(country="no", number=1, name="another"))
    with newsroom.session() as session:
        begun = newsroom.ids(session, place, "no", 1)[0]
        found = changes_of(session, [(place, ("no", n)) for n in (8, 1)], since=begun)
        assert [(each.key, each.old, each.new) for each in found[0].fields] == [
            ("number", 1, 8),
            ("name", "Bergen", "Oslo"),
        ]
        assert found[1].old is None
        later = newsroom.ids(session, place, "no", 7)[0]
        moved = changes(session, (place, ("no", 8)), since=later)
        assert [(each.key, each.old) for each in moved.fields] == [
            ("number", 7),
            ("name", "Bergen"),
        ]


def test_hierarchies(engine: sa.Engine) -> None:
    models = hierarchy.build(engine)
    try:
        with models.sessions() as session:
            article = models.Article(id=1, title="a", body="x")
            note = models.Note(id=2, title="n", stars=1)
            session.add_all([article, note])
            session.commit()
            article.body, note.stars = "y", 2
            session.commit()
            first, second = article.versions.all()
            found = changes_of(session, [(models.Item, 1), (models.Item, 2)], since=first)
            assert [fields(each) for each in found] == [{"body": ("x", "y")}, {"stars": (1, 2)}]
            every = [second, note.versions.all()[1]]
            assert [fields(each) for each in changes_of(session, every)] == [
                {"body": ("x", "y")},
                {"stars": (1, 2)},
            ]
            assert Operation(second.operation_type) is Operation.UPDATE
    finally:
        models.manager.detach()
