"""A plan: what a revert, a restoration or an undo would do, and the way to have it done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.orm import Session

from flask_continuum.engine.revert import apply
from flask_continuum.engine.revert.fingerprint import fingerprint
from flask_continuum.engine.revert.steps import Impossible, RecordPlan, Taken

Kind = Literal["revert", "restore", "undo"]
Fields = Mapping[Any, Collection[str]] | Collection[str]
"""Chosen fields: for each record (by its place in the plan, or by its key) the field keys; for a
plan with one record, the field keys alone."""


def make(
    kind: Kind,
    records: tuple[RecordPlan, ...],
    target: Any,
    again: Callable[[Session], Plan],
    along: tuple[RecordPlan, ...] = (),
) -> Plan:
    """Return a plan with its fingerprint."""
    return Plan(kind, records, target, again, fingerprint(kind, (*records, *along)), along)


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, as it stood when it was planned. Nothing has changed yet.

    :ivar kind: ``"revert"``, ``"restore"`` (the record is deleted) or ``"undo"``.
    :ivar records: what would be done, record by record; the first is the one asked for.
    :ivar target: the version to go back to, or the transaction to undo.
    :ivar again: makes the same plan against what is there now.
    :ivar planned: the fingerprint of the whole plan. It stays when somebody shows or applies a
        plan with steps taken out (``dataclasses.replace(plan, records=…)``).
    :ivar along: what comes along with relation steps: the records that they recreate, and on
        paths that were asked for, related records that change.
    """

    kind: Kind
    records: tuple[RecordPlan, ...]
    target: Any
    again: Callable[[Session], Plan] = field(repr=False, compare=False)
    planned: str
    along: tuple[RecordPlan, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do."""
        return all(record.is_empty for record in self.records)

    @property
    def has_conflicts(self) -> bool:
        """Whether something waits for a decision."""
        return any(record.has_conflicts for record in self.records)

    @property
    def blocked(self) -> tuple[Impossible, ...]:
        """What makes it impossible to bring a record back at all, empty when nothing does."""
        return tuple(each for record in self.records for each in record.blocked)

    @property
    def asks(self) -> tuple[str, ...]:
        """What has to be given in ``values`` before records can come back, those along too."""
        return tuple(name for record in (*self.records, *self.along) for name in record.asks)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """Unique values that would be set and that other records have by now."""
        return tuple(each for record in (*self.records, *self.along) for each in record.taken)

    @property
    def fingerprint(self) -> str:
        """A text that changes when anything that the plan would do changes."""
        return fingerprint(self.kind, (*self.records, *self.along))

    def apply(
        self,
        session: Session,
        *,
        fields: Fields | None = None,
        relations: Collection[str] | None = None,
        reason: str | None = None,
    ) -> list[Any]:
        """Carry the plan out in a savepoint, through the ORM; the commit is the caller's.

        The new transaction says that it is a revert, a restoration or an undo, and of what.

        :param fields: the fields to set (a record left out of a mapping is not touched); by
            default all, except where an undo has a conflict.
        :param relations: ids of the relation steps to take; by default the ticked ones.
        :param reason: why, for the new transaction.
        :returns: the live objects, in the plan's order; a deleted one is left out.
        :raises StalePlan: when a record has changed since; it carries the entries in between.
        :raises PlanBlocked: when something makes it impossible; the message says what to do.
        """
        return apply.apply(self, session, fields=fields, relations=relations, reason=reason)
