"""The newsroom with plugins, in both modes of writing, checked as a whole after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.plugins.activity import ActivityPlugin
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.plugins.transaction_changes import TransactionChangesPlugin
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build, lend

Make = Callable[..., Newsroom]


class Notes(Plugin):
    """Gives each version of a model a column of its own."""

    def after_build_version_table_columns(self, table_builder: Any, columns: list[Any]) -> None:
        if table_builder.model is not None:
            columns.append(sa.Column("note", sa.String(50)))


def build_with_tables(engine: sa.Engine) -> Newsroom:
    """Make a newsroom with every plugin that keeps a table, and with notes."""
    plugins = [TransactionChangesPlugin(), ActivityPlugin(), Notes()]
    return build(engine, kept=True, plugins=plugins)


@pytest.fixture(params=["commit", "flush"])
def write(request: pytest.FixtureRequest) -> str:
    """When versions are written."""
    mode: str = request.param
    return mode


@pytest.fixture
def make(newsroom_engine: sa.Engine, write: str) -> Iterator[Make]:
    """Makes a newsroom whose manager has the plugins that it is given."""
    made: list[Newsroom] = []

    def make(*plugins: Plugin, **arguments: Any) -> Newsroom:
        newsroom = build(newsroom_engine, kept=True, plugins=plugins, **arguments)
        newsroom.manager.write = write
        made.append(newsroom)
        return newsroom

    yield make
    for newsroom in made:
        check(newsroom.engine, newsroom.manager)
        newsroom.manager.detach()


@pytest.fixture
def room(database_kind: str, sources: Any, kept: Any, lent: Any, write: str) -> Iterator[Newsroom]:
    """A newsroom with every plugin that keeps a table; others may be added for a test."""
    database = kept.of(sources.of(database_kind), "plugins")
    with lend(lent, database, write, make=build_with_tables) as newsroom:
        standing = list(newsroom.manager.plugins)
        try:
            yield newsroom
        finally:
            newsroom.manager.plugins = standing
        check(newsroom.engine, newsroom.manager)
