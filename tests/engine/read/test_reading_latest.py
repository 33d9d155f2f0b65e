from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import latest
from flask_continuum.engine.read.latest import latest_changes
from tests.engine.newsroom import Newsroom, build
from tests.support.statements import statements


def write_randomly(newsroom: Newsroom, steps: int) -> list[int]:
    """Let articles come, change, lose and gain tags, go and come again under the same keys."""
    choose = random.Random(7)
    keys = [1, 2, 3, 4]
    with newsroom.commit() as session:
        session.add_all([newsroom.Tag(id=number, name=f"tag {number}") for number in (1, 2)])
    for step in range(steps):
        with newsroom.commit(kind=choose.choice([None, None, "restore"])) as session:
            tags = session.scalars(sa.select(newsroom.Tag)).all()
            for key in choose.sample(keys, 2):
                article = session.get(newsroom.Article, key)
                if article is None:
                    session.add(newsroom.Article(id=key, title=f"born {step}"))
                elif choose.random() < 0.15:
                    session.delete(article)
                elif choose.random() < 0.4:
                    article.tags = choose.sample(list(tags), choose.randint(0, 2))
                else:
                    article.title = f"step {step}"
    return keys


def seen(change: Any) -> tuple[Any, ...]:
    return (
        change.version.id,
        change.version.transaction_id,
        change.transaction.id,
        change.operation,
        change.fields,
        {each if isinstance(each, str) else each.relationship for each in change.links},
    )


@pytest.mark.parametrize("strategy", ["validity", "subquery"])
def test_they_are_the_newest_entries_of_the_timelines(engine: sa.Engine, strategy: str) -> None:
    newsroom = build(engine, options={"strategy": strategy})
    keys = write_randomly(newsroom, 30)
    with newsroom.session() as session:
        for limit in (1, 3, 50):
            found = latest_changes(session, newsroom.Article, [(key,) for key in keys], limit)
            assert list(found) == [(key,) for key in keys]
            for key in keys:
                timeline = read.timeline(session, newsroom.Article, (key,), limit=limit)
                assert list(map(seen, found[key,])) == list(map(seen, timeline))


def test_composite_keys_and_keys_without_history(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(
            [
                newsroom.Place(country="cz", number=1, name="Brno"),
                newsroom.Place(country="de", number=1, name="Bonn"),
            ]
        )
    with newsroom.commit() as session:
        session.get(newsroom.Place, ("de", 1)).name = "Berlin"
    keys = [("de", 1), ("cz", 1), ("xx", 9), ("de", 2**70), ("de", 1)]
    with newsroom.session() as session:
        found = latest_changes(session, newsroom.Place, keys, 5)
        names = {key: [change.version.name for change in each] for key, each in found.items()}
    assert names == {("de", 1): ["Berlin", "Bonn"], ("cz", 1): ["Brno"], ("xx", 9): []}


def test_the_user_is_loaded_and_statements_are_few(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        user = newsroom.User(name="Maya")
        session.add(user)
        session.flush()
        number = user.id
    with newsroom.commit(user_id=number, actor="M.") as session:
        session.add_all([newsroom.Article(id=key, title="t") for key in range(1, 31)])
    keys = [(key,) for key in range(1, 31)]

    def cost(wanted: list[tuple[int]]) -> int:
        with newsroom.session() as session, statements(newsroom.engine) as sent:
            found = latest_changes(session, newsroom.Article, wanted, 3)
            for changes in found.values():
                assert changes[0].transaction.user.name == "Maya"
                assert changes[0].version.transaction is changes[0].transaction
                assert changes[0].operation is Operation.INSERT
        return len(sent)

    assert cost(keys[:2]) == cost(keys) == 4


def test_many_records_are_asked_for_in_parts(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with newsroom.commit() as session:
        session.add_all([newsroom.Article(id=key, title=f"t{key}") for key in range(1, 12)])
    monkeypatch.setattr(latest, "PARTS", 6)  # three records at a time: a row and its tags each
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        found = latest_changes(session, newsroom.Article, [(key,) for key in range(1, 12)], 2)
    assert [found[key,][0].version.title for key in range(1, 12)] == [
        f"t{key}" for key in range(1, 12)
    ]
    assert len(sent) == 4 + 2 + 1


def test_a_limit_below_one_is_refused(newsroom: Newsroom) -> None:
    with newsroom.session() as session, pytest.raises(ValueError, match="not 0"):
        latest_changes(session, newsroom.Article, [(1,)], 0)
    with newsroom.session() as session:
        assert latest_changes(session, newsroom.Article, [], 1) == {}
