"""A plan that is no longer true: what has changed since it was made, and which of it meets it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_continuum.admin.choices import REVIEW
from flask_continuum.admin.contexts import Commit, Hidden, Piece, Pill, Stale, StalePart
from flask_continuum.admin.csrf import make_token
from flask_continuum.admin.differences import show_fields, show_links
from flask_continuum.admin.entries import Seen, see
from flask_continuum.admin.people import person_of
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.words import _, ngettext, number


@dataclass(frozen=True, slots=True)
class Between:
    """What happened to one record since a plan was made.

    :ivar entries: newest first.
    :ivar record: the record as it is now, ``None`` when it is gone.
    :ivar chosen: the fields and relationships that were ticked.
    :ivar name: of the record, where the plan is about several.
    """

    versioned: VersionedClass
    entries: Sequence[Entry]
    record: Any
    chosen: Collection[str]
    name: str = ""


def build_stale(
    visit: Visit,
    changes: Sequence[Between],
    commit: Commit,
    heading: str,
    kept: str,
    hidden: tuple[Hidden, ...],
) -> Stale:
    """What stands in the place of the plan: what happened, and one way on.

    :param commit: the box of the new plan.
    :param kept: what of the person's own is not lost.
    :param hidden: that, to be sent on: in a form, as an address holds no long text.
    """
    seen = [
        (each, shown)
        for each in changes
        for shown in see(visit, each.versioned, each.entries, record=each.record)
    ]
    token = make_token()
    seen.sort(key=lambda found: found[1].entry.transaction.id, reverse=True)
    return Stale(
        heading=heading,
        words=(*_since(visit, [shown for _each, shown in seen]), Piece(text=f" {kept}")),
        parts=tuple(_part(visit, each, shown) for each, shown in seen),
        action=commit.action,
        hidden=(
            Hidden(name=token.name, value=token.value),
            Hidden(name=REVIEW, value="1"),
            *hidden,
        ),
        button=_("Review the new plan"),
        note=_(
            "The plan opens against what is there now. Nothing is applied before you confirm it "
            "there."
        ),
        leave=commit.leave,
    )


def _since(visit: Visit, seen: Sequence[Seen]) -> tuple[Piece, ...]:
    if not seen:
        return pieces(_("Something that the plan depends on is different now."))
    newest = seen[0].entry.transaction
    return pieces(
        _("%(person)s saved %(version)s (%(moment)s)."),
        person=Piece(text=person_of(newest).name, strong=True),
        version=Piece(text=f"#{newest.id}", url=visit.links.transaction(newest), mono=True),
        moment=Piece(text=visit.moment(newest.issued_at).words),
    )


def _part(visit: Visit, each: Between, shown: Seen) -> StalePart:
    version = f"#{shown.entry.transaction.id}"
    anchor = f"v{shown.entry.transaction.id}-{each.versioned.table.live.name}"
    fields = show_fields(
        visit,
        each.versioned,
        shown.fields,
        shown.sides,
        full=True,
        created=shown.entry.previous is None,
        anchor=anchor,
    )
    heading = (
        _("What %(version)s changed in %(record)s", version=version, record=each.name)
        if each.name
        else _("What %(version)s changed", version=version)
    )
    return StalePart(
        heading=heading,
        note=_meets({change.key for change in shown.fields}, each.chosen),
        fields=tuple(replace(view, pills=(_pill(view.key in each.chosen),)) for view in fields),
        links=show_links(visit, shown.links, anchor=anchor),
    )


def _meets(changed: Collection[str], chosen: Collection[str]) -> str:
    if not changed:
        return ""
    return ngettext(
        "%(met)s of %(num)s field meets your plan",
        "%(met)s of %(num)s fields meet your plan",
        len(changed),
        met=number(len(set(changed).intersection(chosen))),
    )


def _pill(meets: bool) -> Pill:
    if meets:
        return Pill(words=_("In your plan"), tone="warn")
    return Pill(words=_("Not in your plan"))
