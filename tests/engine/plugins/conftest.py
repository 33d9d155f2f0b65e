"""The newsroom with plugins, in both modes of writing, checked as a whole after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.plugins.base import Plugin
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build

Make = Callable[..., Newsroom]


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
