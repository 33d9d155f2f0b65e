"""The plugin that keeps activities, in the module where SQLAlchemy-Continuum has it."""

from __future__ import annotations

from flask_continuum.engine.plugins.activity import ActivityBase, ActivityPlugin

__all__ = ["ActivityBase", "ActivityPlugin"]
