"""Carries a plan out."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session


def apply(plan: Any, session: Session, *, fields: Any, relations: Any, reason: Any) -> list[Any]:
    raise NotImplementedError
