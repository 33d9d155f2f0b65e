"""Conflicts of an undo in which both edits can stand: the value that has both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.steps import FieldStep, State
from flask_continuum.presenters.merging import Touching, merge


@dataclass(frozen=True, slots=True)
class Merged:
    """A value without what the transaction did, and with what was done since."""

    value: Any


def merged(visit: Visit, versioned: VersionedClass, step: FieldStep) -> Merged | None:
    """The value of a conflicting field that has both edits; ``None`` where they touch."""
    if step.state is not State.CONFLICT or step.key in shapes.reference_of_field(versioned):
        return None
    try:
        value = merge(step.left, step.then, step.now, visit.budget)
    except Touching:
        return None
    return None if value in (step.now, step.then) else Merged(value)
