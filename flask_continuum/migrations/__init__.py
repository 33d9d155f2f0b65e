"""History in the application's migrations.

One line in ``env.py`` is all: ``import flask_continuum.migrations``. It configures the mappers, so
that Alembic sees every version table, and teaches autogenerate what a database needs whose history
SQLAlchemy-Continuum began.
"""

from __future__ import annotations

from sqlalchemy.orm import configure_mappers

from flask_continuum.migrations import comparing
from flask_continuum.migrations.operations import AdoptHistoryOp, ReleaseHistoryOp

__all__ = ["AdoptHistoryOp", "ReleaseHistoryOp"]

configure_mappers()
comparing.listen()
