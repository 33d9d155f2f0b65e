"""Plugins, in the module where SQLAlchemy-Continuum has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_continuum.engine.plugins.activity import ActivityPlugin
from flask_continuum.engine.plugins.base import Plugin, PluginCollection
from flask_continuum.engine.plugins.null_delete import NullDeletePlugin
from flask_continuum.engine.plugins.property_mod_tracker import PropertyModTrackerPlugin
from flask_continuum.engine.plugins.seals import SealPlugin
from flask_continuum.engine.plugins.transaction_changes import TransactionChangesPlugin
from flask_continuum.engine.plugins.transaction_meta import TransactionMetaPlugin

if TYPE_CHECKING:
    from flask_continuum.plugins.flask import FlaskPlugin

__all__ = [
    "ActivityPlugin",
    "FlaskPlugin",
    "NullDeletePlugin",
    "Plugin",
    "PluginCollection",
    "PropertyModTrackerPlugin",
    "SealPlugin",
    "TransactionChangesPlugin",
    "TransactionMetaPlugin",
]


def __getattr__(name: str) -> Any:
    """Import the plugin for Flask when it is first asked for: the others need no Flask."""
    if name == "FlaskPlugin":
        from flask_continuum.plugins.flask import FlaskPlugin

        return FlaskPlugin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
