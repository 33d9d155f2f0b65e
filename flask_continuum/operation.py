"""What happened to a record, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.operation import Operation, PendingOperation
from flask_continuum.engine.pending import Operations

__all__ = ["Operation", "Operations", "PendingOperation"]
