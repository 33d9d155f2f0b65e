"""Placeholder while the engine's plans are being made."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import page
from flask_continuum.admin.visit import Visit


@page
def undo(visit: Visit, **values: Any) -> ResponseReturnValue:
    """Not there yet."""
    raise not_found()
