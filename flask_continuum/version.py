"""The base of version classes, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.version import VersionClassBase

__all__ = ["VersionClassBase"]
