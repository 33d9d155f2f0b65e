"""The newsroom, written at the commit and in drafts at each flush: the rows must be the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.capture import writer
from flask_continuum.engine.dialects import Dialect, dialect_for
from tests.engine.capture.shop import build as build_shop
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build


@pytest.fixture(params=["commit", "flush", "plain"])
def write(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """When versions are written; ``plain`` is at the commit, with every fallback forced."""
    mode: str = request.param
    if mode != "plain":
        return mode
    monkeypatch.setattr(writer, "dialect_for", plain_dialect)
    return "commit"


def plain_dialect(connection: sa.Connection) -> Dialect:
    """The database's dialect without its shortcuts: keys one by one, a statement for each step."""
    found = dialect_for(connection)
    shortcuts = ("write", "keys", "key_value", "chunk", "keeps_ids")
    plain = {name: getattr(Dialect, name) for name in shortcuts}
    return type("Plain", (type(found),), plain)(connection.dialect)


@pytest.fixture
def newsroom(newsroom_engine: sa.Engine, write: str) -> Iterator[Newsroom]:
    """Versioned models on each kind of database, checked as a whole after each test."""
    newsroom = build(newsroom_engine, kept=True)
    newsroom.manager.write = write
    yield newsroom
    check(newsroom.engine, newsroom.manager)
    newsroom.manager.detach()


@pytest.fixture
def shop(database_kind: str, sources: Any, kept: Any, write: str) -> Iterator[Any]:
    """An item, two articles and a review, which is an article with a third table."""
    database = kept.of(sources.of(database_kind))
    shop = build_shop(database.create_engine())
    shop.manager.write = write
    with shop.sessions() as session:
        session.add(shop.Item(title="i"))
        session.flush()  # one by one: the database gives out the keys 1 to 4
        for article in [shop.Article(title="a", body="b") for _ in "23"]:
            session.add(article)
            session.flush()
        session.add(shop.Review(title="r", body="b", stars=5))
        session.commit()
    yield shop
    check(shop.engine, shop.manager)
    shop.manager.detach()
    database.dispose()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the fallbacks to two databases: they are the same code on each."""
    left, kept = [], []
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        again = parameters.get("write") == "plain" and parameters.get("database_kind") == "mariadb"
        (left if again else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept
