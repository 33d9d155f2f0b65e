"""The newsroom, written at the commit and in drafts at each flush: the rows must be the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build


@pytest.fixture(params=["commit", "flush"])
def write(request: pytest.FixtureRequest) -> str:
    mode: str = request.param
    return mode


@pytest.fixture
def newsroom(engine: sa.Engine, write: str) -> Iterator[Newsroom]:
    """Versioned models on each kind of database, checked as a whole after each test."""
    newsroom = build(engine)
    newsroom.manager.write = write
    yield newsroom
    check(engine, newsroom.manager)
    newsroom.manager.detach()
