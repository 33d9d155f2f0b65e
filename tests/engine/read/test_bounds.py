"""What pages read stops somewhere, and says so where there is more."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

from flask_continuum import blame, history_of_field
from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.blame import times_set
from flask_continuum.engine.read.fates import count_then, fates
from flask_continuum.engine.read.feed import FeedFilter
from tests.engine.newsroom import Newsroom


def write(newsroom: Newsroom, names: int, **made: object) -> None:
    """Give the first tag some more names, each in a transaction of its own."""
    for _ in range(names):
        with newsroom.commit(**made) as session:
            session.get(newsroom.Tag, 1).name = uuid4().hex


def test_models_are_counted_up_to_a_number(either: Newsroom) -> None:
    with either.commit() as session:
        session.add_all(either.Tag(id=number, name=str(number)) for number in range(1, 6))
    with either.commit() as session:
        session.delete(session.get(either.Tag, 2))
    write(either, 2)
    with either.commit() as session:
        session.delete(session.get(either.Tag, 3))

    def count(most: int) -> tuple[int, int, int, bool]:
        with either.session() as session:
            found = {s.model: s for s in read.model_stats(session, either.manager, most=most)}
            stats = found[either.Tag]
            assert stats.last is read.transactions(session, either.manager).items[0].transaction
            return stats.live, stats.deleted, stats.changes, stats.is_partial

    assert count(9) == (3, 2, 9, False)
    assert count(8) == (3, 2, 9, True)  # the live ones are counted in their own table
    assert count(2) == (3, 1, 3, True)  # only one of the newest versions is a deletion
    assert count(1) == (2, 1, 2, True)


def test_days_are_counted_as_far_back_as_was_looked(newsroom: Newsroom) -> None:
    first = datetime(2026, 3, 1)
    with newsroom.commit(issued_at=first, user_id=2) as session:
        session.add_all([newsroom.Tag(id=1, name="a"), newsroom.Section(id=1, name="s")])
    for day in range(1, 4):
        write(newsroom, 2, issued_at=first + timedelta(days=day), user_id=1)

    def count(**asked: object) -> tuple[list[tuple[int, int]], date | None]:
        with newsroom.session() as session:
            found = read.activity(
                session, newsroom.manager, date(2026, 3, 1), date(2026, 3, 9), **asked
            )
            return [(each.day.day, each.total) for each in found], found.since

    every = [(1, 2), (2, 2), (3, 2), (4, 2)]
    assert count() == (every, None)
    assert count(most=7) == (every, None)
    assert count(most=6) == (every, date(2026, 3, 1))  # the version that began it was not counted
    assert count(most=3) == ([(3, 2), (4, 2)], date(2026, 3, 3))
    assert count(most=6, user_id=1) == (every[1:], None)
    assert count(most=4, user_id=1) == ([(2, 1), *every[2:]], date(2026, 3, 2))
    assert count(most=1, user_id=2, models=[newsroom.Section]) == ([(1, 1)], None)


def test_authors_and_lives_are_those_of_the_newest_versions(newsroom: Newsroom) -> None:
    with newsroom.commit(actor="one") as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit(actor="one") as session:
        session.delete(session.get(newsroom.Tag, 1))
    with newsroom.commit(actor="two") as session:
        session.add(newsroom.Tag(id=1, name="a"))
    write(newsroom, 3, actor="three")
    with newsroom.session() as session:
        at = newsroom.ids(session, newsroom.Tag, 1)

        def authors(most: int | None) -> list[tuple[str, int]]:
            found = read.authors(session, newsroom.Tag, (1,), most=most)
            return [(each.transaction.actor, each.count) for each in found]

        assert authors(None) == authors(4) == authors(3) == [("three", 3), ("two", 1)]
        assert authors(2) == [("three", 3)]
        assert authors(1) == [("three", 2)]

        def lives(most: int | None) -> list[tuple[int, int, bool]]:
            found = read.lives(session, newsroom.Tag, (1,), most=most)
            return [(each.since, each.until, each.is_partial) for each in found]

        assert lives(None) == lives(6) == [(at[2], at[5], False), (at[0], at[1], False)]
        assert lives(4) == [(at[2], at[5], False), (at[1], at[1], True)]
        assert lives(2) == [(at[3], at[5], True)]


def test_a_filter_is_looked_for_in_so_many_versions(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a", words=1))
    for number in range(2, 9):
        with newsroom.commit() as session:
            article = session.get(newsroom.Article, 1)
            article.words = number
            article.title = "b" if number > 3 else "a"
    with newsroom.session() as session:
        at = newsroom.ids(session, newsroom.Article, 1)

        def page(cursor: str | None = None, **asked: object) -> tuple[list[int], object]:
            found = read.timeline(session, newsroom.Article, (1,), cursor=cursor, reach=3, **asked)
            return [each.transaction.id for each in found], found

        titles = {"field": "title"}
        ids, first = page(**titles)
        assert (ids, first.newer) == ([], None)
        ids, second = page(first.older, **titles)
        assert ids == [at[3]]  # the one that made it "b"
        ids, last = page(second.older, **titles)
        assert (ids, last.older) == ([at[0]], None)
        ids, back = page(last.newer, **titles)
        assert ids == [at[3]]
        assert page(back.newer, **titles)[0] == []
        ids, again = page(page(first.older, **titles)[1].newer, **titles)
        assert ids == []
        ids, newest = page(again.newer, **titles)
        assert (ids, newest.newer) == ([], None)
        assert page(operation=Operation.INSERT)[0] == []


def test_a_page_of_a_life_stops_where_it_began(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Tag, 1))
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="b"))
    write(newsroom, 3)
    with newsroom.session() as session:
        at = newsroom.ids(session, newsroom.Tag, 1)
        for reach in (None, 2, 4, 9):
            found: list[int] = []
            cursor = None
            while cursor is not None or not found:
                page = read.timeline(
                    session, newsroom.Tag, (1,), cursor=cursor, limit=2, reach=reach
                )
                found += [each.transaction.id for each in page]
                cursor = page.older
            assert found == at[:1:-1], reach


def test_a_field_is_compared_in_so_many_versions(newsroom: Newsroom) -> None:
    values = [1, 1, 2, 2, 2, 2, 3, 3]
    for number, words in enumerate(values):
        with newsroom.commit(actor=f"u{number}") as session:
            if number:
                article = session.get(newsroom.Article, 1)
                article.words, article.title = words, f"t{number}"
            else:
                session.add(newsroom.Article(id=1, title="t0", words=words))
    record = (newsroom.Article, (1,))
    with newsroom.session() as session:
        whole = history_of_field(session, record, "words")
        assert [(each.value, each.transaction.actor) for each in whole] == [
            (3, "u6"), (2, "u2"), (1, "u0"),
        ]  # fmt: skip
        found, before = [], None
        for _ in range(9):
            page = history_of_field(session, record, "words", reach=3, before=before)
            found += [(v.value, v.transaction.actor, v.exact, v.until) for v in page]
            before = page.older
            if before is None:
                break
        until = {each.value: each.until for each in whole}
        assert until[3] is None
        assert found == [
            (3, "u6", True, None),
            (2, "u5", False, until[2]),
            (2, "u3", False, until[2]),
            (2, "u2", True, until[2]),
            (1, "u1", False, until[1]),
            (1, "u0", True, until[1]),
        ]
        times = times_set(session, record, depth=3)
        assert (times.counts["words"], times.counts["title"], times.is_partial) == (1, 3, True)
        times = times_set(session, record, depth=8)
        assert (times.counts["words"], times.is_partial) == (3, False)
        assert blame(session, record, depth=3)["words"].transaction.actor == "u6"
        assert not blame(session, record, depth=2)["words"].exact


def test_a_cursor_does_not_tell_when_others_changed(newsroom: Newsroom) -> None:
    write_two = [newsroom.Tag(id=1, name="a"), newsroom.Tag(id=2, name="b")]
    for tag in write_two:
        with newsroom.commit() as session:
            session.add(tag)
    with newsroom.session() as session:
        (mine,), (other,) = (newsroom.ids(session, newsroom.Tag, key) for key in (1, 2))
        cursor = read.cursors.write("field history tag.name", False, (mine + 1, other))
        (value,) = history_of_field(session, (newsroom.Tag, (1,)), "name", before=cursor)
        assert value.until is None


def test_records_are_looked_for_in_so_many_versions(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(newsroom.Tag(id=key, name=str(key)) for key in (1, 2, 3))
    write(newsroom, 8)
    with newsroom.session() as session:
        *_, then, _, _ = newsroom.ids(session, newsroom.Tag, 1)

        def page(cursor: str | None = None, **asked: object) -> tuple[list[int], object]:
            found = read.records(session, newsroom.Tag, cursor=cursor, **asked)
            return [row.key[0] for row in found], found

        ids, first = page(reach=3)
        assert (ids, first.newer) == ([1], None)
        ids, second = page(first.older, reach=3)
        assert ids == []
        ids, third = page(second.older, reach=3)
        assert (ids, third.older) == ([3, 2], None)
        ids, back = page(third.newer, reach=3)
        assert ids == []
        assert page(back.newer, reach=3)[0] == [1]
        ids, first = page(at=then, reach=4)
        assert ids == [1]
        assert page(first.older, at=then, reach=4)[0] == [3, 2]
        assert page(reach=11) == page()


def test_what_became_of_records_is_counted_up_to_a_number(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(newsroom.Tag(id=key, name=str(key)) for key in (1, 2))
    write(newsroom, 4)
    with newsroom.session() as session:
        at = newsroom.ids(session, newsroom.Tag, 1)
        for most, counted in ((None, 4), (4, 4), (3, 4), (2, 3)):
            found = fates(session, newsroom.Tag, [(1,), (2,)], at[0], most=most)
            assert [found[key,].changes for key in (1, 2)] == [counted, 0]
            assert found[1,].version.transaction.id == at[-1]
        assert count_then(session, newsroom.Tag, at[2], most=4) == (2, 0)
        assert count_then(session, newsroom.Tag, at[2], most=3) is None


def test_transactions_are_looked_for_in_so_many(newsroom: Newsroom) -> None:
    with newsroom.commit(actor="first") as session:
        session.add(newsroom.Section(name="s"))
    with newsroom.commit(user_id=2) as session:
        session.add(newsroom.Tag(id=1, name="a"))
    write(newsroom, 7)
    with newsroom.session() as session:

        def page(cursor: str | None = None, **asked: object) -> tuple[int, object]:
            found = read.transactions(
                session, newsroom.manager, cursor=cursor, reach=4, wanted=FeedFilter(**asked)
            )
            return len(found.items), found

        asked = {"actor": "first"}
        number, first = page(**asked)
        assert (number, first.newer) == (0, None)
        number, second = page(first.older, **asked)
        assert number == 0
        number, third = page(second.older, **asked)
        assert (number, third.older) == (1, None)
        number, back = page(third.newer, **asked)
        assert number == 0
        number, newest = page(back.newer, **asked)
        assert (number, newest.newer) == (0, None)
        number, own = page(user_id=2)  # transactions are found by their user
        assert (number, own.older) == (1, None)
        assert page(operation=Operation.UPDATE)[0] == 4
