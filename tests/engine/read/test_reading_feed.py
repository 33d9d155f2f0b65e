"""The feed over all models, narrowed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import FeedFilter
from tests.engine.newsroom import Newsroom


@pytest.fixture
def told(newsroom: Newsroom) -> Newsroom:
    """Five transactions, of which each is unlike the others."""
    with newsroom.commit(user_id=1, actor="Ada", issued_at=datetime(2026, 3, 1)) as session:
        session.add(newsroom.Section(id=1, name="City"))
        session.add(newsroom.Article(id=1, title="Bridge", section_id=1))
    with newsroom.commit(user_id=2, actor="Bo", issued_at=datetime(2026, 3, 2)) as session:
        session.get_one(newsroom.Article, 1).title = "Ferry"
    with newsroom.commit(
        actor="import", kind="import", reason="100% new", issued_at=datetime(2026, 3, 3)
    ) as session:
        session.add(newsroom.Tag(id=1, name="sea"))
    with newsroom.commit(user_id=2, actor="Bo", issued_at=datetime(2026, 3, 4)) as session:
        session.get_one(newsroom.Article, 1).tags = [session.get_one(newsroom.Tag, 1)]
    with newsroom.commit(user_id=1, actor="Ada", issued_at=datetime(2026, 3, 5)) as session:
        session.delete(session.get_one(newsroom.Article, 1))
    return newsroom


def found(newsroom: Newsroom, **wanted: Any) -> list[int]:
    """The days on which the transactions happened that a filter leaves, oldest first."""
    with newsroom.session() as session:
        page = read.transactions(session, newsroom.manager, wanted=FeedFilter(**wanted))
        return sorted(row.transaction.issued_at.day for row in page)


def test_each_filter(told: Newsroom) -> None:
    article, tag = told.Article, told.Tag
    assert found(told) == [1, 2, 3, 4, 5]
    assert found(told, model=article) == [1, 2, 4, 5]
    assert found(told, models=[article, told.Section]) == [1, 2, 4, 5]
    assert found(told, models=[]) == []
    assert found(told, user_id=2) == [2, 4]
    assert found(told, actor="import") == [3]
    assert found(told, kind="import") == [3]
    assert found(told, kind="") == [1, 2, 4, 5]
    assert found(told, operation=Operation.INSERT) == [1, 3]
    assert found(told, operation=Operation.INSERT, model=tag) == [3]
    assert found(told, operation=Operation.DELETE) == [5]
    assert found(told, since=datetime(2026, 3, 2), until=datetime(2026, 3, 4)) == [2, 3]
    assert found(told, model=article, field="title") == [1, 2]
    assert found(told, model=article, field="title", operation=Operation.UPDATE) == [2]
    assert found(told, model=article, field="body") == []
    assert found(told, model=article, field="tags") == [4, 5]
    assert found(told, model=article, field="tags", operation=Operation.DELETE) == []


def test_text_is_looked_for_in_reasons_people_and_names(told: Newsroom) -> None:
    assert found(told, text="100%") == [3]
    assert found(told, text="%") == [3]
    assert found(told, text="bo") == [2, 4]
    assert found(told, text="brid") == [1]
    assert found(told, text="ferry") == [2, 5]
    assert found(told, text="ferry", searchable=lambda entry: ()) == []
    assert found(told, text="ferry", models=[told.Tag]) == []
    assert found(told, text="\0") == []


def test_all_rows_of_an_overtaken_transaction_are_asked(told: Newsroom) -> None:
    with told.session() as session:
        newest, before, *_ = read.transactions(session, told.manager)
        before.transaction.uid = newest.transaction.uid
        session.commit()
    assert found(told, model=told.Article, field="tags") == [5]
    assert found(told, model=told.Article, field="title", operation=Operation.UPDATE) == [2]


def test_what_cannot_be_asked_is_an_error(told: Newsroom) -> None:
    with pytest.raises(ValueError, match="give the model"):
        found(told, field="title")
    with pytest.raises(ValueError, match="no recorded field or link 'colour'"):
        found(told, model=told.Article, field="colour")
