"""The plugin that flags what changed, in the module where SQLAlchemy-Continuum has it."""

from __future__ import annotations

from flask_continuum.engine.plugins.property_mod_tracker import PropertyModTrackerPlugin

__all__ = ["PropertyModTrackerPlugin"]
