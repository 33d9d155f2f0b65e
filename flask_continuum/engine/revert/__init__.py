"""Going back: plans that say what would change, and carrying them out.

``plan_revert`` and ``plan_undo`` are dry runs. ``Plan.apply`` does what the plan says, in a
savepoint and through the ORM, so that validators and version counters run.
"""

from __future__ import annotations

from flask_continuum.engine.revert.compatibility import revert
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.planner import plan_revert
from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    RelationKind,
    RelationStep,
    State,
    Taken,
)
from flask_continuum.engine.revert.undo import plan_undo

__all__ = [
    "Action",
    "FieldStep",
    "Impossible",
    "Plan",
    "Reason",
    "RecordPlan",
    "RelationKind",
    "RelationStep",
    "State",
    "Taken",
    "plan_revert",
    "plan_undo",
    "revert",
]
