"""The newsroom, written at the commit, in drafts at each flush, and by the database's triggers.

The rows must be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import manager
from flask_continuum.engine.capture import writer
from flask_continuum.engine.dialects import Dialect, dialect_for
from flask_continuum.engine.options import Options
from tests.engine.capture.shop import build as build_shop
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, lend
from tests.support.databases import Database
from tests.support.native import leave_out

Borrow = Callable[[Callable[[sa.Engine], Any]], AbstractContextManager[Any]]


@pytest.fixture(params=["commit", "flush", "plain", "native"])
def write(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """When versions are written.

    ``plain`` is at the commit, with every fallback forced; ``native`` is by triggers, whatever
    manager the test makes.
    """
    mode: str = request.param
    if mode == "native":
        monkeypatch.setattr(manager, "Options", partial(Options, native_versioning=True))
        return "commit"
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
def own(request: pytest.FixtureRequest, write: str) -> str:
    """What tells lent models apart: with every fallback forced they share nothing compiled."""
    mode: str = request.node.callspec.params.get("write", "")
    return mode if mode in ("plain", "native") else ""


@pytest.fixture
def place(database_kind: str, sources: Any, kept: Any, own: str) -> Database:
    """The database that keeps its tables; that with triggers is another one."""
    found: Database = kept.of(sources.of(database_kind), "native" if own == "native" else "")
    return found


@pytest.fixture
def newsroom(place: Database, lent: Any, write: str, own: str) -> Iterator[Newsroom]:
    """Versioned models on each kind of database, checked as a whole after each test."""
    with lend(lent, place, write, own) as newsroom:
        yield newsroom
        check(newsroom.engine, newsroom.manager)


@pytest.fixture
def borrow(place: Database, lent: Any, write: str, own: str) -> Borrow:
    """Lends what a function makes of an engine, like the newsroom."""

    @contextmanager
    def borrow(build: Callable[[sa.Engine], Any]) -> Iterator[Any]:
        with lent.lend(build, place, own) as made:
            made.manager.write = write
            yield made
            check(made.engine, made.manager)

    return borrow


@pytest.fixture
def shop(borrow: Borrow) -> Iterator[Any]:
    """An item, two articles and a review, which is an article with a third table."""
    with borrow(build_shop) as shop:
        with shop.sessions() as session:
            session.add(shop.Item(title="i"))
            session.flush()  # one by one: the database gives out the keys 1 to 4
            for article in [shop.Article(title="a", body="b") for _ in "23"]:
                session.add(article)
                session.flush()
            session.add(shop.Review(title="r", body="b", stars=5))
            session.commit()
        yield shop


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the fallbacks to two databases: they are the same code on each."""
    again = {"write": "plain", "database_kind": "mariadb"}
    parameters = (getattr(getattr(item, "callspec", None), "params", {}) for item in items)
    pairs = zip(items, parameters, strict=True)
    leave_out(config, items, [item for item, given in pairs if again.items() <= given.items()])
