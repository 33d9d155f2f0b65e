"""The list of all models."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.models import build_models
from flask_continuum.admin.rendering import show
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.statistics import model_stats


@page
def models(visit: Visit) -> ResponseReturnValue:
    """Show every model with its numbers."""
    stats = model_stats(visit.session, visit.state.manager, most=bounds.COUNTED)
    return show("models", build_models(visit, stats))
