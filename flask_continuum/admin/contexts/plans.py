"""Plans: what a revert, a restoration or an undo would do, and their refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.changes import FieldView, LinkChip, LinkView
    from flask_continuum.admin.contexts.forms import Choice, Hidden
    from flask_continuum.admin.contexts.layout import Layout
    from flask_continuum.admin.contexts.parts import (
        Empty,
        Fact,
        Link,
        Notice,
        Piece,
        Pill,
        RecordRef,
    )
    from flask_continuum.presenters.field_diff import FieldDiff
    from flask_continuum.presenters.values import Display


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanField:
    """A tick for one field, or on the plan of an undo for one record (``field`` is absent then)."""

    id: str
    name: str
    value: str
    ticked: bool
    stays: str
    """Instead of the difference, while it is not ticked."""
    field: FieldView | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRelation:
    """A tick for what happens to related records; a removal is never ticked in advance."""

    id: str
    name: str
    value: str
    label: str
    """``Recreate``, ``Remove``, ``Relink``, ``Link``, ``Unlink``."""
    sub: str
    """``comment``, ``lead photo``."""
    act: str
    """``add``, ``rem`` or ``link``: the sign beside the label."""
    chips: tuple[LinkChip, ...]
    ticked: bool
    stays: str
    note: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """A value to type in: the history does not know it, or another record has it by now."""

    id: str
    name: str
    label: str
    """``Address``; with several records also whose."""
    kind: str
    """``choice``, ``area``, or the type of an ``<input>``."""
    value: str
    words: tuple[Piece, ...]
    """Why it is asked for."""
    hint: str = ""
    error: str | None = None
    choices: tuple[Choice, ...] = ()
    required: bool = False
    """Whatever is chosen, nothing can be done without it."""
    step: str = ""
    longest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotItem:
    """Something that cannot come back, and why."""

    label: str
    words: str
    pill: Pill | None = None
    not_recorded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The box with the reason and the one button that writes, by POST."""

    heading: str
    """``Nothing has changed yet``."""
    action: str
    hidden: tuple[Hidden, ...]
    """CSRF token, fingerprint of the plan and the marker that the ticks are the reader's."""
    button: str
    """Names the object, never a count: ``Revert article 42``."""
    facts: tuple[Fact, ...]
    note: str
    leave: Link
    reason: str = ""
    reason_hint: str = ""
    reason_name: str = "reason"
    error: str | None = None
    """Why the last attempt was not accepted, such as a form that had expired."""
    disabled: bool = False
    """Nothing to do, or not allowed: no button."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePart:
    """What one version changed while the plan was being read."""

    heading: str
    note: str
    """``1 of 2 fields meets your revert``."""
    fields: tuple[FieldView, ...]
    links: tuple[LinkView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """The plan was refused because the record changed; shown instead of the plan, with 409."""

    heading: str
    words: tuple[Piece, ...]
    parts: tuple[StalePart, ...]
    action: str
    hidden: tuple[Hidden, ...]
    """Ticks, reason and what was typed in, to be sent on by a POST that only shows the plan."""
    button: str
    """``Review the new plan``."""
    note: str
    leave: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertPage:
    """The plan of a revert or of a restore; with ``stale`` only that and the way on."""

    layout: Layout
    record: RecordRef
    kind: str
    """``revert``, ``restore`` or ``delete`` (the version says that the record was gone)."""
    fields: tuple[PlanField, ...]
    fields_note: str
    relations: tuple[PlanRelation, ...]
    cannot: tuple[CannotItem, ...]
    ticks: tuple[Link, ...]
    """``all``, ``none``, ``only what #1180 changed``."""
    unchanged: str
    """``7 more fields are the same now as then.``"""
    commit: Commit
    inputs: tuple[PlanInput, ...] = ()
    empty: Empty | None = None
    stale: Stale | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A part of an undo plan with its number; the parts add up to the heading."""

    count: str
    words: str
    sub: str
    url: str
    warn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to resolve a conflict, a radio button, or what is only shown (``selectable`` off)."""

    id: str
    name: str
    value: str
    label: str
    display: Display | None
    diff: FieldDiff | None = None
    words: str | None = None
    sub: str = ""
    checked: bool = False
    selectable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One field that somebody changed after the transaction: before, set by it, now."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRecord:
    """A record with conflicts, and who changed it since."""

    record: RecordRef
    words: tuple[Piece, ...]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRow:
    """A record that goes back without a question, or that has gone back already."""

    record: RecordRef
    fields: str
    """``Section, Tags``."""
    before: tuple[FieldView, ...]
    words: str
    """What the undo will do: ``set 3 fields back``, ``recreate it``, ``delete it``."""
    sub: str = ""
    tick: PlanField | None = None
    relations: tuple[PlanRelation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPage:
    """The plan that takes a whole transaction back."""

    layout: Layout
    tallies: tuple[Tally, ...]
    conflicts: tuple[ConflictRecord, ...]
    clean: tuple[UndoRow, ...]
    clean_more: str
    """``39 more: 37 articles set back, 2 deleted``, or empty."""
    done: tuple[UndoRow, ...]
    cannot: tuple[CannotItem, ...]
    commit: Commit
    inputs: tuple[PlanInput, ...] = ()
    empty: Empty | None = None
    stale: Stale | None = None
    notices: tuple[Notice, ...] = ()
