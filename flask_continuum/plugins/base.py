"""The base of plugins, in the module where SQLAlchemy-Continuum has it."""

from __future__ import annotations

from flask_continuum.engine.plugins.base import Plugin, PluginCollection

__all__ = ["Plugin", "PluginCollection"]
