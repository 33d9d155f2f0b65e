"""Types that several modules name."""

from __future__ import annotations

from typing import Any, TypeAlias

import sqlalchemy as sa

# in quotes, because what SQLAlchemy 2.0 has takes one parameter only when it is evaluated
AnySelect: TypeAlias = "sa.Select[*tuple[Any, ...]]"
"""A SELECT of columns that are not known before it is made."""
