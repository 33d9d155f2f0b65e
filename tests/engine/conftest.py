"""Fixtures for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.newsroom import Newsroom, build_without_ends, lend


@pytest.fixture
def newsroom_engine(database_kind: str, sources: Any, kept: Any) -> Iterator[sa.Engine]:
    """An engine for a database of each kind that keeps the newsroom's tables."""
    database = kept.of(sources.of(database_kind))
    yield database.create_engine()
    database.dispose()


@pytest.fixture
def newsroom(database_kind: str, sources: Any, kept: Any, lent: Any) -> Iterator[Newsroom]:
    """Versioned models on each kind of database."""
    with lend(lent, kept.of(sources.of(database_kind))) as newsroom:
        yield newsroom


@pytest.fixture(params=["validity", "subquery"])
def either(
    request: pytest.FixtureRequest, database_kind: str, sources: Any, kept: Any, lent: Any
) -> Iterator[Newsroom]:
    """The newsroom with each strategy."""
    if request.param == "validity":
        yield request.getfixturevalue("newsroom")
        return
    database = kept.of(sources.of(database_kind), request.param)
    with lend(lent, database, make=build_without_ends) as newsroom:
        yield newsroom
