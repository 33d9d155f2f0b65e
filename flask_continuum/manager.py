"""The manager, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.manager import VersioningManager

__all__ = ["VersioningManager"]
