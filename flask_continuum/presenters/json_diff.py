"""The structural difference of two JSON values."""

from __future__ import annotations

from typing import Any

from .budget import Budget
from .json_results import JsonChange, JsonDiff, JsonKind, path_text
from .values import DEFAULT_VIEW, View

__all__ = ["JsonChange", "JsonDiff", "JsonKind", "diff_json", "path_text"]


def diff_json(
    old: Any, new: Any, *, budget: Budget | None = None, view: View = DEFAULT_VIEW
) -> JsonDiff:
    """Compare two JSON values path by path."""
    raise NotImplementedError
