"""The plugin that names what changed, in the module where SQLAlchemy-Continuum has it."""

from __future__ import annotations

from flask_continuum.engine.plugins.transaction_changes import (
    TransactionChangesBase,
    TransactionChangesPlugin,
)

__all__ = ["TransactionChangesBase", "TransactionChangesPlugin"]
