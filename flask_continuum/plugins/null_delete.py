"""The plugin that empties deletions, in the module where SQLAlchemy-Continuum has it."""

from __future__ import annotations

from flask_continuum.engine.plugins.null_delete import NullDeletePlugin

__all__ = ["NullDeletePlugin"]
