"""Fixtures for the tests of migrations."""

from __future__ import annotations

from tests.engine.conftest import newsroom, newsroom_engine

__all__ = ["newsroom", "newsroom_engine"]
