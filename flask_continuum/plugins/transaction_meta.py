"""The plugin that keeps names and values, in the module where SQLAlchemy-Continuum has it."""

from __future__ import annotations

from flask_continuum.engine.plugins.transaction_meta import TransactionMetaPlugin

__all__ = ["TransactionMetaPlugin"]
