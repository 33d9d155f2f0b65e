"""The order of keys in which everybody locks and writes the records of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def in_order(keys: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the keys of one table in the order in which everybody writes and locks them."""
    return sorted(keys, key=order)


def order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Order keys of one table: numbers as numbers, all else by type and text."""
    return tuple(
        ("", value, "") if isinstance(value, int | float) else (type(value).__name__, 0, str(value))
        for value in key
    )
