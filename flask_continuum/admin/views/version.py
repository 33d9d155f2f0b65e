"""A record as one transaction left it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds, shapes
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.version import Found, build_version
from flask_continuum.admin.pruned import no_version
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import Subject, find_record, see_version
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.blame import blame
from flask_continuum.engine.read.changes import compare
from flask_continuum.engine.read.links import Link, links_of, members
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.related import related
from flask_continuum.engine.read.results import Comparison, Entry, LinkChange
from flask_continuum.engine.read.surroundings import Instant, surroundings
from flask_continuum.engine.read.timeline import entry as entry_of
from flask_continuum.engine.read.timeline import neighbours

AROUND = 3
"""Versions before and after the one shown that the side lists."""


@page
def version(visit: Visit, model: str, key: str, transaction: int) -> ResponseReturnValue:
    """Show a whole record as it was."""
    subject = find_record(visit, model, key)
    session = visit.session
    entry = entry_of(session, subject.model, subject.key, transaction)
    if entry is None:
        raise no_version(visit, subject, transaction)
    see_version(visit, subject, entry.version)
    later, earlier = neighbours(session, subject.model, subject.key, transaction, limit=AROUND)
    is_present = not subject.is_deleted and not later
    around_then = _related(visit, subject, entry)
    found = Found(
        entry=entry,
        next_at=later[-1] if later else None,
        is_present=is_present,
        now=None if is_present else _since_then(visit, subject, entry, around_then),
        related=around_then,
        around=(*later, entry.transaction, *earlier),
        recorded=recorded(session, subject.versioned),
        setters=_setters(visit, entry),
    )
    return show("version", build_version(visit, subject, found))


def _setters(visit: Visit, entry: Entry) -> Mapping[str, Any]:
    """The transaction that last changed each field until then."""
    found = blame(visit.session, entry.version, depth=bounds.BLAMED)
    return {
        key: each.transaction
        for key, each in found.items()
        if each.exact or each.moved_from is not None
    }


def _related(visit: Visit, subject: Subject, entry: Entry) -> Mapping[str, Sequence[Any]]:
    """What the record was related to when the transaction had committed."""
    if not entry.only_links:
        return related(visit.session, entry.version)
    # The version is an older one here, and its relationships speak of its own moment.
    versioned, instant = subject.versioned, Instant(entry.transaction.id)
    return {
        name: surroundings(visit.session, versioned, [entry.version], name, instant)[subject.key]
        for name in versioned.relationships
        if shapes.is_list(versioned, name)
    }


def _since_then(
    visit: Visit, subject: Subject, entry: Entry, around_then: Mapping[str, Sequence[Any]]
) -> Comparison | None:
    """The differences from the version to now; ``None`` when the record is deleted."""
    if subject.is_deleted:
        return None
    live = subject.live if subject.live is not None else subject.newest
    found = compare(visit.session, entry.version, live)
    if not entry.only_links:
        return found
    links = (
        _difference(link, around_then[link.relationship], members(getattr(live, link.relationship)))
        for link in links_of(subject.versioned)
    )
    return replace(found, links=tuple(each for each in links if each.added or each.removed))


def _difference(link: Link, old: Iterable[Any], new: Iterable[Any]) -> LinkChange:
    """What came to and went from a relationship, by the keys of the related records."""

    def by_key(things: Iterable[Any]) -> dict[tuple[Any, ...], Any]:
        return {tuple(getattr(thing, name) for name, _ in link.far): thing for thing in things}

    before, after = by_key(old), by_key(new)
    return LinkChange(
        link.relationship,
        added=tuple(thing for key, thing in after.items() if key not in before),
        removed=tuple(thing for key, thing in before.items() if key not in after),
    )
