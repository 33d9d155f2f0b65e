"""Marks for tests."""

from __future__ import annotations

import pytest

from tests.support.databases import KINDS


def on(*kinds: str) -> pytest.MarkDecorator:
    """Run tests that use a database on these kinds of database only."""
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise ValueError(f"no such kind of database: {', '.join(sorted(unknown))}")
    return pytest.mark.parametrize("database_kind", kinds, indirect=True)
