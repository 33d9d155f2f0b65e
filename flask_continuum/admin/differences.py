"""Changed fields and links, as pages show them; what is hidden takes no part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import FieldView, LinkChip, LinkView, RecordRef, Stat
from flask_continuum.admin.records import refer_to_related
from flask_continuum.admin.references import load_references, show_reference
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import FieldChange, LinkChange
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.field_diff import FieldDiff, FieldKind, diff_field
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.words import ngettext, number

CHIPS = 12
"""Related records that a row names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What a difference lies between: version objects, live ones, or ``None`` for nothing."""

    old: Any
    new: Any


def visible_fields(
    changes: Iterable[FieldChange], masks: Mapping[str, str]
) -> tuple[FieldChange, ...]:
    """The changes that may be shown."""
    return tuple(change for change in changes if change.key not in masks)


def visible_links(
    changes: Iterable[LinkChange], masks: Mapping[str, str]
) -> tuple[LinkChange, ...]:
    """The changes of links that may be shown."""
    return tuple(change for change in changes if change.relationship not in masks)


def prepare_references(
    visit: Visit,
    versioned: VersionedClass,
    differences: Iterable[tuple[Sides, Sequence[FieldChange]]],
) -> None:
    """Load what the changed foreign keys of a page pointed to, all at once."""
    references = shapes.reference_of_field(versioned)
    versions: list[Any] = []
    used: set[str] = set()
    for sides, changes in differences:
        changed = {references[change.key] for change in changes if change.key in references}
        if changed:
            used |= changed
            versions += [
                side for side in (sides.old, sides.new) if isinstance(side, versioned.version_class)
            ]
    load_references(visit, versioned, versions, used)


def show_fields(
    visit: Visit,
    versioned: VersionedClass,
    changes: Sequence[FieldChange],
    sides: Sides,
    *,
    full: bool = False,
    created: bool = False,
    url: str | None = None,
    anchor: str = "field",
) -> tuple[FieldView, ...]:
    """Changed fields, each in the form of difference that suits its values.

    :param changes: what may be shown; a foreign key appears under its relationship's name.
    :param full: whole differences, not excerpts.
    :param url: the page of the version, with the whole differences, for those that are cut here.
    :param anchor: what the anchors on the page begin with.
    """
    references = shapes.reference_of_field(versioned)
    views: dict[str, FieldView] = {}
    for change in changes:
        relationship = references.get(change.key)
        name = relationship or change.key
        if name in views:
            continue  # the second field of a composite foreign key
        diff = diff_field(
            change.key,
            change.old,
            change.new,
            label=humanise(name),
            full=full,
            created=created,
            budget=visit.budget,
            view=visit.view,
        )
        if relationship is not None:
            diff = _as_reference(visit, versioned, diff, relationship, change, sides)
        views[name] = field_view(diff, url=None if full else url, anchor=anchor)
    return tuple(views.values())


def field_view(diff: FieldDiff, *, url: str | None = None, anchor: str = "field") -> FieldView:
    """A difference with what a page puts around it."""
    excerpted = diff.excerpt is not None and diff.excerpt.more
    return FieldView(
        key=diff.key,
        anchor=f"{anchor}-{diff.key}",
        label=diff.label,
        diff=diff,
        url=f"{url}#before-{diff.key}" if url and excerpted else None,
        stat=stat_of(diff.added, diff.removed),
    )


def stat_of(added: int, removed: int) -> Stat | None:
    """``+12 −3``; nothing where nothing is counted."""
    if not added and not removed:
        return None
    return Stat(
        added=f"+{number(added)}" if added else "", removed=f"−{number(removed)}" if removed else ""
    )


def show_links(
    visit: Visit,
    changes: Iterable[LinkChange],
    *,
    unchanged: Mapping[str, int] | None = None,
    anchor: str = "field",
) -> tuple[LinkView, ...]:
    """Changed links as chips; targets that may not be seen are left out."""
    views = []
    for change in changes:
        added = references_to(visit, change.added)
        removed = references_to(visit, change.removed)
        if not added and not removed:
            continue
        chips = [LinkChip(record=record, change="added") for record in added]
        chips += [LinkChip(record=record, change="removed") for record in removed]
        same = (unchanged or {}).get(change.relationship, 0)
        rest = len(chips) - CHIPS
        more = [ngettext("%(num)s more", "%(num)s more", rest)] if rest > 0 else []
        more += [ngettext("%(num)s unchanged", "%(num)s unchanged", same)] if same else []
        views.append(
            LinkView(
                key=change.relationship,
                anchor=f"{anchor}-{change.relationship}",
                label=humanise(change.relationship),
                chips=tuple(chips[:CHIPS]),
                more=", ".join(more) or None,
                stat=stat_of(len(added), len(removed)),
            )
        )
    return tuple(views)


def references_to(visit: Visit, things: Iterable[Any]) -> tuple[RecordRef, ...]:
    """References to related records, those left out that may not be seen."""
    found = (refer_to_related(visit, thing) for thing in things)
    return tuple(reference for reference in found if reference is not None)


def _as_reference(
    visit: Visit,
    versioned: VersionedClass,
    diff: FieldDiff,
    relationship: str,
    change: FieldChange,
    sides: Sides,
) -> FieldDiff:
    old = show_reference(visit, versioned, sides.old, relationship, change.old)
    new = show_reference(visit, versioned, sides.new, relationship, change.new)
    kind = diff.kind
    if kind not in (FieldKind.CREATED, FieldKind.SET, FieldKind.UNSET, FieldKind.SAME):
        kind = FieldKind.REPLACED  # two records, not two numbers with a difference
    return replace(
        diff, kind=kind, old=old, new=new, delta=None, text=None, excerpt=None, added=0, removed=0
    )
