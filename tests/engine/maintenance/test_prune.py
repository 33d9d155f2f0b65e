"""Old versions go, and what stays is whole: chains, moments since then, and what tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum import HistoryWriteError, blame, prune, timeline, vacuum, verify
from flask_continuum.engine.plugins.activity import ActivityPlugin
from flask_continuum.engine.plugins.transaction_changes import TransactionChangesPlugin
from flask_continuum.engine.plugins.transaction_meta import TransactionMetaPlugin
from flask_continuum.engine.read.as_of import as_of
from flask_continuum.engine.read.pruned import TOLD_APART, pruned_version
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build

DAY = datetime(2026, 3, 1)


def at(day: int) -> datetime:
    return DAY + timedelta(days=day)


@pytest.fixture
def story(either: Newsroom) -> Newsroom:
    """Ten days of a section, an article with tags, and a comment that was deleted."""
    newsroom = either
    with newsroom.commit(issued_at=at(1)) as session:
        article = newsroom.Article(id=1, title="a1", tags=[newsroom.Tag(id=1, name="t")])
        article.comments.append(newsroom.Comment(id=1, text="c1"))
        session.add_all([newsroom.Section(id=1, name="s1"), article])
    for day in range(2, 11):
        with newsroom.commit(issued_at=at(day)) as session:
            session.get(newsroom.Section, 1).name = f"s{day}"
            article = session.get(newsroom.Article, 1)
            if day % 2:
                article.title = f"a{day}"
            if day in (3, 5):
                article.tags = [] if day == 3 else [session.get(newsroom.Tag, 1)]
            if day == 4:
                article.comments[0].text = "c4"
            if day == 6:
                article.comments.clear()
    return newsroom


def versions(newsroom: Newsroom, table: str) -> list[tuple[int, int]]:
    """The transaction and operation of each version in a table."""
    with newsroom.engine.connect() as connection:
        rows = connection.execute(
            sa.text(f"SELECT transaction_id, operation_type FROM {table}_version ORDER BY 1, 2")
        )
        return [tuple(row) for row in rows]


def everything_since(newsroom: Newsroom, first: int) -> Any:
    """All that is told about moments since a transaction."""
    found = []
    with newsroom.session() as session:
        for moment in range(first, 11):
            for model in (newsroom.Section, newsroom.Article, newsroom.Comment, newsroom.Tag):
                then = as_of(model, moment)
                for each in session.scalars(sa.select(then).order_by(then.id)):
                    names = newsroom.registry_of(model).attributes
                    found.append((moment, model, [getattr(each, name) for name in names]))
                    if model is newsroom.Article:
                        found.append([tag.name for tag in each.tags])
    return found


def assert_sound(newsroom: Newsroom) -> None:
    with newsroom.session() as session:
        report = verify(session, newsroom.manager)
    assert report.is_clean, str(report)
    check(newsroom.engine, newsroom.manager)


def test_what_was_so_since_then_stays_known(story: Newsroom) -> None:
    before = everything_since(story, 7)
    with story.session() as session:
        expected = prune(session, story.manager, older_than=at(7), dry_run=True)
        assert expected == {
            "section": 6, "article": 3, "comment": 1, "tag": 0, "place": 0, "article_tag": 2,
        }  # fmt: skip
        assert versions(story, "section")[0] == (1, 0)
        assert prune(session, story.manager, older_than=at(7)) == expected
    assert everything_since(story, 7) == before
    assert versions(story, "section") == [(7, 0), (8, 1), (9, 1), (10, 1)]
    assert versions(story, "article") == [(7, 0), (9, 1)]
    assert versions(story, "comment") == [(4, 0), (6, 2)]  # a deleted record can be restored
    assert versions(story, "article_tag") == [(5, 0)]
    assert_sound(story)
    with story.session() as session:
        assert sum(prune(session, story.manager, older_than=at(7)).values()) == 0


def test_transactions_that_are_empty_go(story: Newsroom) -> None:
    with story.session() as session:
        prune(session, story.manager, older_than=at(7))
        (history,) = story.manager.registry.history.values()
        rows = session.execute(
            sa.select(history.transaction.c.id, history.transaction.c.kind).order_by(sa.text("1"))
        ).all()
    # of the first there is the tag, of the fourth and sixth the comment, of the fifth a link
    assert [tuple(row) for row in rows] == [
        *((number, None) for number in (1, 4, 5, 6, 7, 8, 9, 10)),
        (11, "prune"),
    ]


def test_a_number_of_versions_stays(story: Newsroom) -> None:
    with story.session() as session:
        expected = prune(session, story.manager, keep=2, dry_run=True)
        assert prune(session, story.manager, keep=2) == expected
    assert versions(story, "section") == [(9, 0), (10, 1)]
    assert versions(story, "article") == [(7, 0), (9, 1)]
    assert versions(story, "comment") == [(4, 0), (6, 2)]
    assert versions(story, "article_tag") == [(1, 0), (3, 2), (5, 0)]  # the tag's version knew it
    assert_sound(story)


def test_time_and_number_together_keep_what_either_keeps(story: Newsroom) -> None:
    with story.session() as session:
        prune(session, story.manager, models=[story.Section], older_than=at(9), keep=3)
    assert [each for each, _ in versions(story, "section")] == [8, 9, 10]
    with story.session() as session:
        prune(session, story.manager, models=[story.Section], older_than=at(9), keep=1)
    assert [each for each, _ in versions(story, "section")] == [9, 10]
    assert len(versions(story, "article")) == 5
    assert_sound(story)


def test_each_life_has_its_number(either: Newsroom) -> None:
    for life in range(2):
        with either.commit() as session:
            session.add(either.Section(id=1, name=f"{life}"))
        for n in range(3):
            with either.commit() as session:
                session.get(either.Section, 1).name = f"{life}.{n}"
        if life == 0:
            with either.commit() as session:
                session.delete(session.get(either.Section, 1))
    with either.session() as session:
        assert prune(session, either.manager, keep=2)["section"] == 5
    assert versions(either, "section") == [(4, 0), (5, 2), (8, 0), (9, 1)]
    with either.session() as session:
        page = timeline(session, (either.Section, (1,)))
        assert [entry.transaction.id for entry in page] == [9, 8]
    assert_sound(either)


def test_what_is_gone_is_told(story: Newsroom) -> None:
    with story.session() as session:
        prune(session, story.manager, older_than=at(5))
        prune(session, story.manager, older_than=at(7), models=[story.Section])
        *later, oldest = timeline(session, (story.Section, (1,)))
        assert all(entry.pruned is None for entry in later)
        gone = oldest.pruned
        assert gone is not None
        assert (gone.first, gone.last, gone.count, gone.before, gone.exact) == (1, 6, 6, 7, True)
        assert abs(gone.at - datetime.now()) < timedelta(days=2)
        assert pruned_version(session, story.Section, (1,), 3) == gone
        assert pruned_version(session, story.Section, (1,), 8) is None
        assert pruned_version(session, story.Section, (2,), 3) is None
        told = blame(session, (story.Section, (1,)))
        assert told["id"].exact is False
        assert told["name"].exact is True


def test_chunks_are_committed_and_told_of(either: Newsroom) -> None:
    for n in range(3):
        with either.commit() as session:
            for number in range(1, 8):
                session.merge(either.Place(country="pt", number=number, name=f"{n}"))
    told: list[tuple[str, int]] = []
    with either.session() as session:
        found = prune(
            session, either.manager, keep=1, chunk=3, progress=lambda *each: told.append(each)
        )
    assert found["place"] == 14
    assert told == [("place", 6), ("place", 12), ("place", 14)]
    assert versions(either, "place") == [(3, 0)] * 7
    assert_sound(either)


def test_very_many_records_are_told_of_together(either: Newsroom) -> None:
    for n in range(2):
        with either.commit() as session:
            for number in range(TOLD_APART + 1):
                session.merge(either.Place(country="pt", number=number, name=f"{n}"))
    with either.session() as session:
        prune(session, either.manager, keep=1)
        (entry,) = timeline(session, (either.Place, ("pt", 7)))
        gone = entry.pruned
        assert gone is not None
        assert (gone.first, gone.last, gone.exact) == (1, 1, False)
    assert_sound(either)


def test_a_record_that_has_another_key_since(either: Newsroom) -> None:
    with either.commit() as session:
        session.add(either.Section(id=1, name="a"))
    with either.commit() as session:
        session.get(either.Section, 1).id = 2
    for name in "bc":
        with either.commit() as session:
            session.get(either.Section, 2).name = name
    with either.session() as session:
        prune(session, either.manager, keep=1)
    assert versions(either, "section") == [(1, 0), (2, 2), (4, 0)]
    assert_sound(either)


def test_what_cannot_be_meant_is_refused(newsroom: Newsroom) -> None:
    with newsroom.session() as session:
        with pytest.raises(ValueError, match="keep a number"):
            prune(session, newsroom.manager)
        with pytest.raises(ValueError, match="0 records"):
            prune(session, newsroom.manager, keep=1, chunk=0)
        session.add(newsroom.Section(id=1, name="a"))
        session.flush()
        with pytest.raises(HistoryWriteError, match="Commit or roll back"):
            prune(session, newsroom.manager, keep=1)


def test_nothing_is_written_where_nothing_is_old(story: Newsroom) -> None:
    with story.session() as session:
        assert sum(prune(session, story.manager, older_than=at(0)).values()) == 0
        assert sum(prune(session, story.manager, older_than=timedelta(days=9999)).values()) == 0
        (history,) = story.manager.registry.history.values()
        newest = sa.select(sa.func.max(history.transaction.c.id))
        assert session.scalar(newest) == 10


@pytest.fixture
def talkative(engine: sa.Engine) -> Iterator[Newsroom]:
    """A newsroom with all plugins that say something of transactions."""
    plugins = [ActivityPlugin(), TransactionMetaPlugin(), TransactionChangesPlugin()]
    newsroom = build(engine, plugins=plugins)
    newsroom.manager.registry.configure()
    yield newsroom
    newsroom.manager.detach()


def test_what_plugins_say_of_what_is_gone_goes_too(talkative: Newsroom) -> None:
    activity = talkative.manager.activity_cls
    for number in range(4):
        with talkative.commit() as session:
            section = session.merge(talkative.Section(id=1, name=f"{number}"))
            session.merge(talkative.Tag(id=1, name="stays"))
            session.add(activity(verb="wrote", object=section))
            transaction = talkative.manager.unit_of_work(session).create_transaction(session)
            transaction.meta["number"] = f"{number}"
    for table in ("activity", "transaction_meta", "transaction_changes"):
        assert told_by(talkative, table) == [1, 2, 3, 4]
    with talkative.session() as session:
        prune(session, talkative.manager, keep=1)
    # of the first there is the tag
    for table in ("activity", "transaction_meta", "transaction_changes"):
        assert told_by(talkative, table) == [1, 4]
    with talkative.engine.connect() as connection:
        asked = sa.text("SELECT entity_name FROM transaction_changes ORDER BY transaction_id")
        assert connection.scalars(asked).all() == ["Tag", "Section"]
    assert_sound(talkative)


def test_what_vacuum_has_emptied_goes_with_the_next_pruning(talkative: Newsroom) -> None:
    for name in "abc":
        with talkative.commit() as session:
            session.merge(talkative.Section(id=1, name=name))
    with talkative.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE section_version SET name = 'a' WHERE transaction_id = 2",
            execution_options={"continuum_own": True},
        )
    with talkative.session() as session:
        assert vacuum(session, talkative.Section) == 1
        session.commit()
        assert told_by(talkative, "transaction_changes") == [1, 3]
        prune(session, talkative.manager, keep=5)
        (history,) = talkative.manager.registry.history.values()
        ids = sa.select(history.transaction.c.id).order_by(history.transaction.c.id)
        assert session.scalars(ids).all() == [1, 3]
    assert_sound(talkative)


def told_by(newsroom: Newsroom, table: str) -> list[int]:
    """The transactions that a plugin's table tells of."""
    with newsroom.engine.connect() as connection:
        asked = sa.text(f"SELECT DISTINCT transaction_id FROM {table} ORDER BY 1")
        return list(connection.scalars(asked))
