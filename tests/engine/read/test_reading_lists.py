from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import BadCursor, cursors
from flask_continuum.engine.read.changes import same
from tests.engine.newsroom import Newsroom
from tests.support.marks import on
from tests.support.statements import statements


def add_tags(newsroom: Newsroom, number: int) -> None:
    """Add tags, two to a transaction."""
    for first in range(1, number + 1, 2):
        with newsroom.commit() as session:
            session.add_all(
                newsroom.Tag(id=key, name=f"Tag {key}")
                for key in range(first, min(first + 2, number + 1))
            )


def keys(page: Any) -> list[Any]:
    return [row.key[0] for row in page]


def test_records_are_paged_by_their_newest_change(either: Newsroom) -> None:
    add_tags(either, 7)
    with either.commit() as session:
        session.get(either.Tag, 1).name = "changed"
    with either.commit() as session:
        session.delete(session.get(either.Tag, 2))
    with either.session() as session:
        first = read.records(session, either.Tag, limit=3)
        assert keys(first) == [1, 7, 6] and first.newer is None
        with either.commit() as other:
            other.get(either.Tag, 3).name = "changed meanwhile"
        session.rollback()
        second = read.records(session, either.Tag, limit=3, cursor=first.older)
        assert keys(second) == [5, 4] and second.older is None
        back = read.records(session, either.Tag, limit=3, cursor=second.newer)
        assert keys(back) == [1, 7, 6]
        top = read.records(session, either.Tag, limit=3, cursor=back.newer)
        assert keys(top) == [3] and top.newer is None
        (gone,) = read.records(session, either.Tag, deleted=True)
        assert (gone.key, gone.live, gone.version.name) == ((2,), False, "Tag 2")


def test_records_load_everything_in_one_statement(newsroom: Newsroom) -> None:
    with newsroom.commit(user_id=1) as session:
        session.add(newsroom.User(id=1, name="Maya"))
    with newsroom.commit(user_id=1) as session:
        session.add_all(newsroom.Tag(name=str(n)) for n in range(30))
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        page = read.records(session, newsroom.Tag)
        assert {row.transaction.user.name for row in page} == {"Maya"}
        assert {row.version.transaction.user.name for row in page} == {"Maya"}
    assert len(sent) == 1


def test_records_are_searched_by_name_and_key(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(
            [
                newsroom.Tag(id=1, name="Straße"),
                newsroom.Tag(id=2, name="50% off"),
                newsroom.Tag(id=3, name="a_b"),
                newsroom.Article(id=1, title="2", body="Straße", token="hidden"),
            ]
        )
    with newsroom.session() as session:

        def found(text: str, **more: Any) -> list[Any]:
            return sorted(keys(read.records(session, newsroom.Tag, search=text, **more)))

        assert found("traß") == [1] and found("OFF") == [2]
        assert found("%") == [2] and found("_") == [3] and found("'") == []
        assert found("2") == [2] and found("#3") == [3] and found("  ") == [1, 2, 3]
        assert found("9" * 30) == [] and found("a\0b") == []
        assert found("off", fields=()) == [] and found("2", fields=()) == [2]
        articles = read.search(session, newsroom.manager, "Straße")
        assert [row.model.__name__ for row in articles] == ["Tag"]  # the body is no name
        assert read.search(session, newsroom.manager, "hidden") == ()


def test_search_finds_what_a_record_was_called_and_deleted_ones(either: Newsroom) -> None:
    with either.commit() as session:
        session.add_all([either.Tag(id=1, name="Metro"), either.Section(id=5, name="Other")])
    with either.commit() as session:
        session.get(either.Tag, 1).name = "City"
        session.get(either.Section, 5).name = "Metropolis"
    with either.commit() as session:
        session.delete(session.get(either.Section, 5))
    with either.session() as session:
        rows = read.search(session, either.manager, "metro")
        assert [(row.model.__name__, row.key, row.live) for row in rows] == [
            ("Section", (5,), False),
            ("Tag", (1,), True),
        ]
        assert read.search(session, either.manager, "metro", 1) == rows[:1]
        hidden = read.search(session, either.manager, "metro", searchable=lambda entry: ())
        assert hidden == ()


@pytest.mark.parametrize("values", [[5, "x"], [5, None], [5, 2**80], ["5", 1], [5], [5, 1, 1]])
@on("sqlite")
def test_a_cursor_with_other_values_is_refused(newsroom: Newsroom, values: list[Any]) -> None:
    cursor = cursors.write("tag:0", False, values)
    with newsroom.session() as session, pytest.raises(BadCursor):
        read.records(session, newsroom.Tag, cursor=cursor)


def test_the_feed_says_what_each_transaction_touched(either: Newsroom) -> None:
    add_tags(either, 5)
    with either.commit(user_id=3) as session:
        session.add(either.Article(id=1, title="a"))
    with either.commit(user_id=3) as session:
        article = session.get(either.Article, 1)
        article.tags = list(session.scalars(sa.select(either.Tag)))
    with either.commit() as session:
        for tag in session.scalars(sa.select(either.Tag).where(either.Tag.id < 3)):
            tag.name += "!"
        session.add(either.Tag(id=9, name="new"))
    with either.session() as session:
        page = read.transactions(session, either.manager)
        newest, linked, created, *_ = page
        assert newest.counts == {either.Tag: {Operation.INSERT: 1, Operation.UPDATE: 2}}
        assert [v.id for v in newest.samples[either.Tag]] == [1, 2, 9]
        assert linked.counts == {either.Article: {}}
        assert [v.title for v in linked.samples[either.Article]] == ["a"]
        assert created.counts == {either.Article: {Operation.INSERT: 1}}
        touched = read.transactions(
            session, either.manager, wanted=read.FeedFilter(model=either.Article)
        )
        assert [row.transaction for row in touched] == [linked.transaction, created.transaction]
        mine = read.transactions(session, either.manager, wanted=read.FeedFilter(user_id=3))
        assert [row.transaction for row in mine] == [linked.transaction, created.transaction]


def test_the_feed_is_paged_in_both_directions(newsroom: Newsroom) -> None:
    add_tags(newsroom, 10)
    with newsroom.session() as session:
        pages = [read.transactions(session, newsroom.manager, limit=2)]
        while pages[-1].older is not None:
            cursor = pages[-1].older
            pages.append(read.transactions(session, newsroom.manager, limit=2, cursor=cursor))
        ids = [[row.transaction.id for row in page] for page in pages]
        assert [len(each) for each in ids] == [2, 2, 1]
        flat = [each for page in ids for each in page]
        assert flat == sorted(flat, reverse=True)
        back = read.transactions(session, newsroom.manager, limit=2, cursor=pages[2].newer)
        assert [row.transaction.id for row in back] == ids[1]
        top = read.transactions(session, newsroom.manager, limit=2, cursor=back.newer)
        assert [row.transaction.id for row in top] == ids[0] and top.newer is None


def test_the_feed_costs_the_same_for_any_page(newsroom: Newsroom) -> None:
    add_tags(newsroom, 60)
    costs = []
    for limit in (2, 30):
        with newsroom.session() as session, statements(newsroom.engine) as sent:
            page = read.transactions(session, newsroom.manager, limit=limit)
            assert all(row.samples[newsroom.Tag] for row in page)
        costs.append(len(sent))
    assert costs == [4, 4], sent  # transactions, their other rows, counts, samples


def test_what_a_transaction_did(either: Newsroom) -> None:
    with either.commit() as session:
        session.add_all([either.Tag(id=n, name=str(n)) for n in range(1, 5)])
        session.add(either.Article(id=1, title="a"))
    with either.commit() as session:
        session.get(either.Tag, 1).name = "changed"
        session.delete(session.get(either.Tag, 2))
        session.get(either.Article, 1).tags = [session.get(either.Tag, 3)]
    with either.session() as session:
        transaction = read.transactions(session, either.manager).items[0].transaction
        found = read.transaction_entries(session, either.manager, transaction)
        assert list(found) == [either.Article, either.Tag]
        (article,) = found[either.Article]
        assert article.only_links and [t.id for t in article.links[0].added] == [3]
        changed, deleted = found[either.Tag]
        assert [(c.key, c.old, c.new) for c in changed.fields] == [("name", "1", "changed")]
        assert deleted.operation is Operation.DELETE and deleted.previous.name == "2"
        few = read.transaction_entries(session, either.manager, transaction, limit_per_model=1)
        assert [len(entries) for entries in few.values()] == [1, 1]
        before, after = read.transaction_neighbours(session, transaction)
        assert after is None and before.id < transaction.id
        by_uid = read.transaction_by_uid(session, either.manager, transaction.uid)
        by_id = read.transaction_by_uid(session, either.manager, str(transaction.id))
        assert by_uid is by_id is transaction
        for nothing in ("", "x", "0" * 32, "9" * 19, "9" * 25, "-1", "\0", "²"):
            assert read.transaction_by_uid(session, either.manager, nothing) is None


def test_rows_with_one_uid_are_one_transaction(newsroom: Newsroom) -> None:
    add_tags(newsroom, 4)
    with newsroom.session() as session:
        cls = newsroom.manager.registry.transaction_class_for(newsroom.Tag)
        first, second = session.scalars(sa.select(cls).order_by(cls.id))
        session.execute(sa.update(cls).where(cls.id == first.id).values(uid=second.uid))
        session.commit()
        (row,) = read.transactions(session, newsroom.manager)
        assert row.transaction is second
        assert row.counts == {newsroom.Tag: {Operation.INSERT: 4}}
        entries = read.transaction_entries(session, newsroom.manager, second)[newsroom.Tag]
        assert [entry.version.id for entry in entries] == [1, 2, 3, 4]
        assert read.transaction_neighbours(session, second) == (None, None)
        assert read.transaction_by_uid(session, newsroom.manager, second.uid) is second


def test_numbers_of_models(either: Newsroom) -> None:
    add_tags(either, 3)
    with either.commit() as session:
        session.get(either.Tag, 1).name = "changed"
        session.delete(session.get(either.Tag, 3))
    with either.session() as session:
        with statements(either.engine) as sent:
            stats = {each.model: each for each in read.model_stats(session, either.manager)}
        assert len(sent) == 2
        tags = stats[either.Tag]
        assert (tags.live, tags.deleted, tags.changes) == (2, 1, 5)
        assert tags.last is read.transactions(session, either.manager).items[0].transaction
        empty = stats[either.Article]
        assert (empty.live, empty.deleted, empty.changes, empty.last) == (0, 0, 0, None)


def test_activity_by_day(newsroom: Newsroom) -> None:
    first = datetime(2026, 3, 1, 23, 59, 59, 999999)
    with newsroom.commit(issued_at=first) as session:
        session.add_all([newsroom.Tag(id=1, name="a"), newsroom.Section(id=1, name="s")])
    with newsroom.commit(issued_at=first + timedelta(microseconds=1)) as session:
        session.get(newsroom.Tag, 1).name = "b"
    with newsroom.commit(issued_at=first + timedelta(days=2)) as session:
        session.delete(session.get(newsroom.Tag, 1))
    with newsroom.commit(issued_at=first + timedelta(days=3), kind="restore") as session:
        session.add(newsroom.Tag(id=1, name="b"))
    with newsroom.session() as session:
        with statements(newsroom.engine) as sent:
            found = read.activity(session, newsroom.manager, date(2026, 3, 1), date(2026, 3, 4))
        assert len(sent) == 1
        assert [(d.day, d.inserted, d.updated, d.deleted, d.reverted) for d in found] == [
            (date(2026, 3, 1), 2, 0, 0, 0),
            (date(2026, 3, 2), 0, 1, 0, 0),
            (date(2026, 3, 3), 0, 0, 1, 0),
            (date(2026, 3, 4), 0, 0, 0, 1),
        ]
        day = date(2026, 3, 1)
        (one,) = read.activity(session, newsroom.manager, day, day, models=[newsroom.Tag])
        assert (one.inserted, one.total) == (1, 1)


def test_authors(newsroom: Newsroom) -> None:
    with newsroom.commit(user_id=1, actor="Maya") as session:
        session.add(newsroom.Tag(id=1, name="a"))
    for number in range(2):
        with newsroom.commit(actor="import") as session:
            session.get(newsroom.Tag, 1).name = f"b{number}"
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        found = read.authors(session, newsroom.Tag, (1,))
        assert [(t.actor, t.user_id, count) for t, count in found] == [
            ("import", None, 2),
            ("Maya", 1, 1),
        ]
    assert len(sent) == 2


def test_relationships_of_many_versions_cost_the_same(newsroom: Newsroom) -> None:
    costs = []
    for number in (2, 40):
        with newsroom.commit() as session:
            session.add_all(
                newsroom.Article(
                    title=str(n),
                    section=newsroom.Section(name="s"),
                    tags=[newsroom.Tag(name=f"{number}.{n}")],
                    comments=[newsroom.Comment(text="c")],
                )
                for n in range(number)
            )
        with newsroom.session() as session:
            rows = read.records(session, newsroom.Article, limit=number).items
            with statements(newsroom.engine) as sent:
                found = read.related_of(session, [row.version for row in rows])
            assert all(
                [len(each[name]) for name in ("section", "tags", "comments")] == [1, 1, 1]
                for each in found
            )
            costs.append(len(sent))
    assert costs == [4, 4]


def test_versions_at_a_moment(either: Newsroom) -> None:
    with either.commit() as session:
        session.add(either.Tag(id=1, name="a"))
    with either.commit() as session:
        session.get(either.Tag, 1).name = "b"
    with either.commit() as session:
        session.delete(session.get(either.Tag, 1))
    with either.session() as session:
        first, second, last = either.ids(session, either.Tag, 1)

        def at(moment: int) -> str | None:
            found = read.as_of_version(session, either.Tag, (1,), moment)
            return None if found is None else found.name

        assert [at(first - 1), at(first), at(second), at(last), at(2**70)] == [
            None, "a", "b", None, None,
        ]  # fmt: skip
        version_class = either.registry_of(either.Tag).version_class
        deletion = version_class.version_at(session, {"id": 1}, last + 5)
        assert deletion.operation_type == Operation.DELETE
        newest = version_class.all_versions(session, {"id": 1}, limit=2)
        assert [v.transaction_id for v in newest] == [last, second]
        assert newest[-1].changeset == {"name": ["a", "b"]}  # right at the edge of a page too
        rest = version_class.all_versions(session, {"id": 1}, offset=1, desc=False)
        assert [v.transaction_id for v in rest] == [second, last]
        with pytest.raises(ValueError, match="needs a value for id"):
            version_class.version_at(session, {"key": 1}, last)


def test_comparing_versions_and_the_live_record(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(
            newsroom.Article(id=1, title="a", settings={"on": True}, tags=[newsroom.Tag(id=1)])
        )
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.settings, article.tags = {"on": False}, [newsroom.Tag(id=2)]
    with newsroom.session() as session:
        first, second = read.versions_of(session, newsroom.Article, (1,))
        live = session.get(newsroom.Article, 1)
        for new in (second, live):
            found = read.compare(session, first, new)
            changed = {change.key: (change.old, change.new) for change in found.fields}
            assert changed["settings"] == ({"on": True}, {"on": False})
            assert "title" in found.unchanged and "settings" not in found.unchanged
            (link,) = found.links
            assert [t.id for t in link.added] == [2] and [t.id for t in link.removed] == [1]
        assert read.compare(session, second, live).is_empty
        with pytest.raises(ValueError, match="Versions of one model"):
            read.compare(session, first, session.get(newsroom.Tag, 1))


@on("sqlite")
def test_true_is_not_one_in_json(newsroom: Newsroom) -> None:
    entry = newsroom.registry_of(newsroom.Article)
    assert same(entry, "settings", {"a": [1, True]}, {"a": [1, True]})
    assert not same(entry, "settings", {"a": [1, True]}, {"a": [1, 1]})
    assert not same(entry, "settings", None, {})
    assert not same(entry, "words", 0, None)
