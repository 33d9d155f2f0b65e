"""How far pages count and look back, so that none takes longer as a history grows.

What lies beyond is said to be there ("over 1,000") or is one link further ("look further back").
"""

from __future__ import annotations

from typing import Final

COUNTED: Final = 1_000
"""Versions and records of a model, versions of a record."""

CHARTED: Final = 2_000
"""Changes of each model, the newest, that the chart of days is made of."""

LOOKED_THROUGH: Final = 2_000
"""Versions of a record, or transactions, the newest, that a filter is looked for in; a link goes on
behind them."""

BLAMED: Final = 300
"""Versions of a record, the newest, that are compared to know who set a field and how often."""

AMONG: Final = 2_000
"""Transactions, the newest, that people are named and counted from."""

LISTED: Final = 10_000
"""Versions of a model, the newest, that a list of its records is made from; a link goes on behind
them."""

SINCE: Final = 100
"""Changes of a record since a moment."""
