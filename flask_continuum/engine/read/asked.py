"""What the row of a transaction says that was asked for, and in which nothing was changed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

_KEY, _WORDS = "empty", "asked for"

ASKED_FOR: Mapping[str, Any] = MappingProxyType({_KEY: _WORDS})
"""In the context of such a transaction."""


def was_asked_for(transaction: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a row of the transaction table says so."""
    found: sa.ColumnElement[bool] = transaction.c.context[_KEY].as_string() == _WORDS
    return found
