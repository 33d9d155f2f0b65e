"""Fixtures for the tests of the engine's reading and reverting."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.engine.newsroom import Newsroom, build


@pytest.fixture
def newsroom(engine: sa.Engine) -> Newsroom:
    """Versioned models on an empty database of each kind."""
    return build(engine)
