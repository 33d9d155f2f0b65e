"""What pages read stops somewhere, and says so where there is more."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

from flask_continuum.engine import read
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
