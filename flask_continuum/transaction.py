"""Transactions, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.build.history import TransactionBase, TransactionFactory
from flask_continuum.engine.errors import NoChangesAttribute

__all__ = ["NoChangesAttribute", "TransactionBase", "TransactionFactory"]
