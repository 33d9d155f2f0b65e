"""The errors, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.errors import (
    ClassNotVersioned,
    HistoryWriteError,
    ImproperlyConfigured,
    NoChangesAttribute,
    PlanBlocked,
    ReverterException,
    StalePlan,
    VersioningError,
)

__all__ = [
    "ClassNotVersioned",
    "HistoryWriteError",
    "ImproperlyConfigured",
    "NoChangesAttribute",
    "PlanBlocked",
    "ReverterException",
    "StalePlan",
    "VersioningError",
]
