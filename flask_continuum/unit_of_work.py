"""The unit of work, under the name that SQLAlchemy-Continuum has for the module."""

from __future__ import annotations

from flask_continuum.engine.unit_of_work import UnitOfWork

__all__ = ["UnitOfWork"]
