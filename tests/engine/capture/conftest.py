"""The newsroom, written at the commit and in drafts at each flush: the rows must be the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from flask_continuum.engine.capture import writer
from flask_continuum.engine.dialects import Dialect, dialect_for
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
