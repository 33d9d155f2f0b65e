"""How far pages count and look back, so that none takes longer as a history grows.

What lies beyond is said to be there ("over 1,000") or is one link further ("look further back").
"""

from __future__ import annotations

from typing import Final

COUNTED: Final = 1_000
"""Versions and records of a model, versions of a record."""

CHARTED: Final = 2_000
"""Changes of each model, the newest, that the chart of days is made of."""
