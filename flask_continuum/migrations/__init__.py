"""History in the application's migrations.

One line in ``env.py`` is all: ``import flask_continuum.migrations``. It configures the mappers, so
that Alembic sees every version table, teaches autogenerate what history needs when models change or
when SQLAlchemy-Continuum began it, and has a renamed column take its history along.
"""

from __future__ import annotations

from sqlalchemy.orm import configure_mappers

from flask_continuum.migrations import comparing, renaming
from flask_continuum.migrations.filling import FillEndsOp
from flask_continuum.migrations.operations import AdoptHistoryOp, ReleaseHistoryOp
from flask_continuum.migrations.recording import RecordingOp
from flask_continuum.migrations.renaming import RenameVersionedColumnOp
from flask_continuum.migrations.triggers import (
    CreateHistoryTriggerOp,
    DropHistoryTriggerOp,
    SyncHistoryTriggerOp,
)

__all__ = [
    "AdoptHistoryOp",
    "CreateHistoryTriggerOp",
    "DropHistoryTriggerOp",
    "FillEndsOp",
    "RecordingOp",
    "ReleaseHistoryOp",
    "RenameVersionedColumnOp",
    "SyncHistoryTriggerOp",
]

configure_mappers()
comparing.listen()
renaming.follow_renames()
