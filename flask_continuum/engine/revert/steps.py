"""What a plan is made of: frozen values that say what would be done, and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_continuum.engine.read.results import NOT_RECORDED


class Action(StrEnum):
    """What would be done to a record."""

    CHANGE = "change"
    """Set fields of a live record, and nothing else."""
    RECREATE = "recreate"
    """Bring a deleted record back."""
    DELETE = "delete"
    """Delete a live record."""


class RelationKind(StrEnum):
    """What would be done to a related record."""

    RECREATE = "recreate"
    """Bring back a deleted one, and link it."""
    REMOVE = "remove"
    """Delete one that came since."""
    RELINK = "relink"
    """Point a live one back to the record, away from where it points now (or nowhere)."""
    LINK = "link"
    """Add a live one to a many-to-many relationship."""
    UNLINK = "unlink"
    """Take a live one out of a relationship; it stays itself."""


class State(StrEnum):
    """Where a step of an undo stands. A revert's steps are all clean."""

    CLEAN = "clean"
    """What is there now is what the transaction left."""
    DONE = "done"
    """What is there now is what was there before: nothing is left to do."""
    CONFLICT = "conflict"
    """Somebody has changed it since; what is there now stays unless it is asked for."""


class Reason(StrEnum):
    """Why something cannot come back."""

    NOT_RECORDED = "not_recorded"
    UNREADABLE = "unreadable"
    ERASED = "erased"
    GONE_COLUMN = "gone_column"
    MISSING_TARGET = "missing_target"
    REQUIRED_NOT_RECORDED = "required_not_recorded"
    REQUIRED = "required"
    RECORD_GONE = "record_gone"
    KEY_TAKEN = "key_taken"
    KEY_CHANGED = "key_changed"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class FieldStep:
    """A field to set.

    :ivar now: its value now; NOT_RECORDED where the record is gone.
    :ivar then: the value to set.
    :ivar state: for an undo, whether somebody has changed it since.
    :ivar left: for an undo, the value that the transaction left.
    :ivar needs: the id of the relation step without which this field cannot be set, because it
        points to a record that must be recreated first.
    """

    key: str
    now: Any
    then: Any
    state: State = State.CLEAN
    left: Any = NOT_RECORDED
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class RelationStep:
    """Something to do to a related record, to be chosen by its id.

    :ivar id: stable as long as the plan is, such as ``"tags+3"``.
    :ivar target: the related record: the live object, or its version where it is to be recreated.
    :ivar key: the primary key of the related record.
    :ivar ticked: whether the step is part of the plan unless it is taken out; a removal is not.
    :ivar keeps_key: for RECREATE, whether it comes back under its old key.
    """

    id: str
    relationship: str
    kind: RelationKind
    target: Any
    key: tuple[Any, ...]
    ticked: bool
    state: State = State.CLEAN
    keeps_key: bool = True


@dataclass(frozen=True, slots=True)
class Impossible:
    """Something that cannot come back.

    :ivar key: the field or relationship; empty when it is the record as a whole.
    :ivar words: the reason in a sentence, for people.
    :ivar blocks: whether the record cannot be brought back at all because of it. Otherwise the
        field stays as it is.
    """

    key: str
    reason: Reason
    words: str
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """Values that must be unique and that another record has by now.

    :ivar fields: the attributes that must be unique, together when there are several.
    :ivar values: what would be set.
    :ivar holder: model and key of the record that has them.
    """

    fields: tuple[str, ...]
    values: tuple[Any, ...]
    holder: tuple[type[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """What would be done to one record.

    :ivar version: the version whose values would come back; for a deletion, the version that the
        deletion answers.
    :ivar base: the newest transaction id of the record when it was planned.
    :ivar state: for an undo, of RECREATE and DELETE as a whole; a CHANGE has a state per field.
    :ivar keeps_key: for RECREATE, whether the record comes back under its old key.
    :ivar via: the id of the relation step that this comes along with, if it does.
    :ivar required: ids of relation steps without which the record cannot come back: its key, or
        a field that must not be empty, points to what they recreate.
    :ivar prefix: what the ids of its steps begin with.
    :ivar taken: unique values that another record has by now. As long as it has them, these
        fields cannot be set: leave them out, or change that record first.
    """

    model: type[Any]
    key: tuple[Any, ...]
    version: Any
    action: Action
    fields: tuple[FieldStep, ...]
    relations: tuple[RelationStep, ...]
    impossible: tuple[Impossible, ...]
    base: int | None
    state: State = State.CLEAN
    keeps_key: bool = True
    via: str | None = None
    prefix: str = ""
    required: frozenset[str] = frozenset()
    taken: tuple[Taken, ...] = ()

    @property
    def asks(self) -> tuple[str, ...]:
        """Fields that history does not know and that the record cannot come back without.

        They are named as ``values`` of ``plan_revert`` and ``plan_undo`` names them.
        """
        asked = (i.key for i in self.impossible if i.reason is Reason.REQUIRED_NOT_RECORDED)
        return tuple(f"{self.prefix}{key}" for key in asked)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do."""
        if self.action is not Action.CHANGE:
            return self.state is State.DONE
        return all(f.state is State.DONE for f in self.fields) and all(
            r.state is State.DONE for r in self.relations
        )

    @property
    def has_conflicts(self) -> bool:
        """Whether something waits for a decision."""
        steps = (self.state, *(f.state for f in self.fields), *(r.state for r in self.relations))
        return State.CONFLICT in steps

    @property
    def blocked(self) -> tuple[Impossible, ...]:
        """What makes it impossible to carry out this part of the plan."""
        return tuple(each for each in self.impossible if each.blocks)
