"""Tests in which triggers write the versions: where there are some."""

from __future__ import annotations

import pytest

NATIVE = ("postgresql", "mariadb", "sqlite")
"""The kinds of databases whose triggers there are."""


def is_elsewhere(item: pytest.Item) -> bool:
    """Tell whether a test with triggers is about a database without, or not about them."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if parameters.get("write") != "native":
        return False
    kind = parameters.get("database_kind", NATIVE[0])
    mark = item.get_closest_marker("orm_only")
    return kind not in NATIVE or (mark is not None and mark.kwargs.get("on", kind) == kind)


def leave_out(config: pytest.Config, items: list[pytest.Item], left: list[pytest.Item]) -> None:
    """Deselect tests."""
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]
