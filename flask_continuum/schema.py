"""Helpers for migrations, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.maintenance.columns import (
    get_end_tx_column_query,
    get_property_mod_flags_query,
    update_end_tx_column,
    update_property_mod_flags,
)

__all__ = [
    "get_end_tx_column_query",
    "get_property_mod_flags_query",
    "update_end_tx_column",
    "update_property_mod_flags",
]
