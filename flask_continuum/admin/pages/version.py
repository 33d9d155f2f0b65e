"""A record as one transaction left it, beside what came before and what is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import (
    Crumb,
    DiffPart,
    Link,
    MomentBanner,
    NearItem,
    Notice,
    Piece,
    Pill,
    RelationRow,
    ValueGroup,
    ValueRow,
    VersionPage,
)
from flask_continuum.admin.differences import (
    Sides,
    prepare_references,
    show_fields,
    show_links,
    visible_fields,
    visible_links,
)
from flask_continuum.admin.entries import fields_of, kind_pills
from flask_continuum.admin.facts import transaction_facts
from flask_continuum.admin.layout import make_layout, record_crumbs
from flask_continuum.admin.moments import label_of
from flask_continuum.admin.moves import moved_words
from flask_continuum.admin.origins import load_origins
from flask_continuum.admin.people import person_of
from flask_continuum.admin.pruned import pruned_notices
from flask_continuum.admin.records import refer, refer_to_related
from flask_continuum.admin.references import show_reference
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.changes import value as recorded_value
from flask_continuum.engine.read.erasures import is_unknown
from flask_continuum.engine.read.recorded import Recorded
from flask_continuum.engine.read.results import Comparison, Entry
from flask_continuum.presenters.dates import span
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.values import Display, display, masked
from flask_continuum.presenters.words import _, ngettext, number

RELATED = 50
"""Related records that a row names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the engine says about one version.

    :ivar next_at: the transaction that changed the record next, its links included; ``None``
        while it stands.
    :ivar is_present: nothing has changed since, so that this is how the record is now.
    :ivar now: its differences to the present state, ``None`` when it is the present state or
        the record is deleted.
    :ivar related: the records that its relationships held, by relationship.
    :ivar around: the transactions around it in which the record changed, newest first, its own
        included.
    :ivar setters: the transaction that last changed each field, by its key; ``None`` for a field
        that was never set, nothing for one that was set longer ago than the search goes.
    """

    entry: Entry
    next_at: Any | None
    is_present: bool
    now: Comparison | None
    related: Mapping[str, Sequence[Any]]
    around: Sequence[Any]
    recorded: Recorded
    setters: Mapping[str, Any]


def build_version(visit: Visit, subject: Subject, found: Found) -> VersionPage:
    """The page of a version."""
    entry, versioned = found.entry, subject.versioned
    at = entry.transaction
    sides = tuple(v for v in (entry.previous, entry.version, subject.newest) if v is not None)
    masks = visit.masks(versioned, record=subject.live, versions=sides)
    record = subject.refer(visit)
    then = refer(visit, versioned, entry.version, record=subject.live, live=record.live)
    fields = visible_fields(fields_of(visit, versioned, entry, record=subject.live), masks)
    changed = {change.key for change in fields}
    before = Sides(entry.previous, entry.version)
    now = Sides(entry.version, subject.live if subject.live is not None else subject.newest)
    now_fields = visible_fields(found.now.fields, masks) if found.now else ()
    prepare_references(visit, versioned, ((before, fields), (now, now_fields)))
    rows = _rows(visit, subject, found, masks, changed)
    load_origins(visit, (at,))
    person = person_of(at)
    return VersionPage(
        layout=make_layout(
            visit,
            heading=then.label,
            title=_("%(record)s at %(version)s", record=then.name, version=f"#{at.id}"),
            crumbs=record_crumbs(visit, subject.model, record, Crumb(label=f"#{at.id}")),
            subtitle=(
                *pieces(
                    _left(entry),
                    record=Piece(text=then.name),
                    person=Piece(text=person.name, strong=True),
                    version=Piece(text=f"#{at.id}", url=visit.links.transaction(at), mono=True),
                ),
                Piece(text=" "),
            ),
            pills=(*kind_pills(at), *_state_pills(subject, found)),
            actions=_actions(visit, subject, found),
            main_action=_revert(visit, subject, found),
        ),
        record=record,
        banner=_banner(visit, subject, found),
        groups=_groups(entry, rows),
        relations=_relations(visit, subject, found, masks),
        relations_note=_("as they were at %(version)s", version=f"#{at.id}"),
        before=DiffPart(
            heading=_heading_before(entry),
            anchor="before",
            fields=show_fields(
                visit,
                versioned,
                fields,
                before,
                full=True,
                created=entry.previous is None,
                anchor="before",
            ),
            links=show_links(visit, visible_links(entry.links, masks), anchor="before"),
            empty=_nothing_before(entry),
        ),
        now=DiffPart(
            heading=_("From this version to now"),
            anchor="now",
            fields=show_fields(visit, versioned, now_fields, now, full=True, anchor="now"),
            links=show_links(
                visit, visible_links(found.now.links, masks) if found.now else (), anchor="now"
            ),
            link=_compare_link(visit, subject, found),
            empty=_nothing_now(subject, found),
        ),
        facts=transaction_facts(visit, at, with_link=True),
        near=tuple(
            NearItem(
                moment=visit.moment(each.issued_at),
                label=_(
                    "%(version)s by %(person)s", version=f"#{each.id}", person=person_of(each).name
                ),
                url=visit.links.version(subject.model, subject.key, each.id),
                current=each.id == at.id,
            )
            for each in found.around
        ),
        notices=_notices(visit, subject, entry),
        legend=any(row.value.needs_legend for row in rows),
    )


def _rows(
    visit: Visit,
    subject: Subject,
    found: Found,
    masks: Mapping[str, str],
    changed: set[str],
) -> tuple[ValueRow, ...]:
    versioned, version, at = subject.versioned, found.entry.version, found.entry.transaction
    references = shapes.reference_of_field(versioned)
    rows: dict[str, ValueRow] = {}
    for key in versioned.attributes:
        relationship = references.get(key)
        name = relationship or key
        if name in rows:
            continue
        value = recorded_value(versioned, found.recorded, version, key)
        here = key in changed
        setter = at if here else found.setters.get(key)
        if key in masks or is_unknown(value):
            setter = None
        rows[name] = ValueRow(
            key=key,
            anchor=f"field-{key}",
            label=humanise(name),
            value=masked(masks[key])
            if key in masks
            else _value(visit, subject, version, relationship, value),
            changed=here,
            here=here,
            person=person_of(setter, visit.links) if setter else None,
            moment=visit.moment(setter.issued_at) if setter else None,
            transaction=visit.links.transaction_ref(setter) if setter else None,
            blame=None if setter else _blame(found, key, value, hidden=key in masks),
            url=None if key in masks else visit.links.field(subject.model, subject.key, key),
        )
    return tuple(rows.values())


def _value(
    visit: Visit, subject: Subject, version: Any, relationship: str | None, value: Any
) -> Display:
    if relationship is None or is_unknown(value):
        return display(value, visit.view)
    return show_reference(visit, subject.versioned, version, relationship, value)


def _blame(found: Found, key: str, value: Any, *, hidden: bool) -> str:
    """What stands instead of a person."""
    if hidden:
        return _("hidden")
    if is_unknown(value):
        return _("unknown")
    return _("nobody yet") if key in found.setters else _("long ago")


def _groups(entry: Entry, rows: Sequence[ValueRow]) -> tuple[ValueGroup, ...]:
    version = f"#{entry.transaction.id}"
    first = tuple(row for row in rows if row.changed)
    rest = tuple(row for row in rows if not row.changed)
    if entry.previous is None:
        groups = (
            ValueGroup(heading=_("Set in %(version)s", version=version), rows=first),
            ValueGroup(heading=_("Not set"), rows=rest),
        )
    else:
        groups = (
            ValueGroup(heading=_("Changed in %(version)s", version=version), rows=first),
            ValueGroup(heading=_("Older than %(version)s", version=version), rows=rest),
        )
    return tuple(group for group in groups if group.rows)


def _relations(
    visit: Visit, subject: Subject, found: Found, masks: Mapping[str, str]
) -> tuple[RelationRow, ...]:
    versioned = subject.versioned
    among_fields = set(shapes.reference_of_field(versioned).values())
    rows = []
    for name in versioned.relationships:
        if name in among_fields:
            continue
        many = shapes.is_list(versioned, name)
        if name in masks:
            absent: str | None = _("hidden by policy")
            references: tuple[Any, ...] = ()
        else:
            things = found.related.get(name, ())
            seen = (refer_to_related(visit, thing, at_its_moment=True) for thing in things)
            references = tuple(reference for reference in seen if reference is not None)
            absent = None if references else (_("none") if many else _("not set"))
        rest = len(references) - RELATED
        rows.append(
            RelationRow(
                key=name,
                label=humanise(name),
                records=references[:RELATED],
                many=many,
                more=_("and %(number)s more", number=number(rest)) if rest > 0 else None,
                absent=absent,
            )
        )
    return tuple(rows)


def _banner(visit: Visit, subject: Subject, found: Found) -> MomentBanner:
    entry, at = found.entry, found.entry.transaction
    start = visit.moment(at.issued_at)
    if entry.operation is Operation.DELETE:
        words = pieces(
            _("It was deleted on %(moment)s. These are the values that it had last."),
            moment=Piece(text=start.full, strong=True),
        )
    elif found.next_at is None:
        words = pieces(
            _("It has stood since %(moment)s, %(span)s."),
            moment=Piece(text=start.full, strong=True),
            span=Piece(text=span(at.issued_at, visit.now)),
        )
    else:
        end = visit.moment(found.next_at.issued_at)
        words = pieces(
            _("It stood from %(start)s until %(end)s, %(span)s."),
            start=Piece(text=start.full, strong=True),
            end=Piece(text=end.full),
            span=Piece(text=span(at.issued_at, found.next_at.issued_at)),
        )
    earlier = next((each for each in found.around if each.id < at.id), None)
    later = next((each for each in reversed(found.around) if each.id > at.id), None)
    return MomentBanner(
        words=words,
        earlier=_step(visit, subject, earlier) if earlier else None,
        later=_step(visit, subject, later) if later else None,
        now=Link(label=_("Back to now"), url=visit.links.record(subject.model, subject.key)),
    )


def _step(visit: Visit, subject: Subject, transaction: Any) -> Link:
    return Link(
        label=label_of(visit, transaction),
        url=visit.links.version(subject.model, subject.key, transaction.id),
    )


def _left(entry: Entry) -> str:
    if entry.operation is Operation.DELETE:
        return _("%(record)s as %(person)s deleted it in %(version)s")
    if entry.previous is None:
        return _("%(record)s as %(person)s created it in %(version)s")
    return _("%(record)s as %(person)s saved it in %(version)s")


def _state_pills(subject: Subject, found: Found) -> tuple[Pill, ...]:
    if found.entry.operation is Operation.DELETE:
        return (Pill(words=_("Deleted"), tone="del"),)
    if found.is_present:
        return (Pill(words=_("Current"), tone="now"),)
    return (Pill(words=_("Deleted since"), tone="del"),) if subject.is_deleted else ()


def _actions(visit: Visit, subject: Subject, found: Found) -> tuple[Link, ...]:
    link = _compare_link(visit, subject, found)
    return (link,) if link else ()


def _compare_link(visit: Visit, subject: Subject, found: Found) -> Link | None:
    if subject.is_deleted or found.is_present:
        return None
    query = {"from": str(found.entry.transaction.id), "to": "now"}
    return Link(
        label=_("Compare with now"), url=visit.links.compare(subject.model, subject.key, **query)
    )


def _revert(visit: Visit, subject: Subject, found: Found) -> Link | None:
    entry = found.entry
    if found.is_present or entry.only_links:
        return None
    may = visit.access.may_revert(subject.model, record=subject.live, version=entry.version)
    if not may.allowed or (entry.operation is Operation.DELETE and not subject.is_deleted):
        return None
    label = _("Restore this…") if subject.is_deleted else _("Revert to this…")
    url = visit.links.revert(subject.model, subject.key, entry.transaction.id)
    return Link(label=label, url=url)


def _heading_before(entry: Entry) -> str:
    version = f"#{entry.transaction.id}"
    if entry.previous is None:
        return _("What %(version)s set", version=version)
    return _("What %(version)s changed", version=version)


def _nothing_before(entry: Entry) -> str:
    if entry.operation is Operation.DELETE:
        return _("It was deleted; its values stayed as they were.")
    return _("Nothing that is shown here changed in this transaction.")


def _nothing_now(subject: Subject, found: Found) -> str:
    if subject.is_deleted:
        return _("The record is deleted now.")
    if found.is_present:
        return _("This is how it is now.")
    return _("Everything is now as it was here.")


def _notices(visit: Visit, subject: Subject, entry: Entry) -> tuple[Notice, ...]:
    if not entry.only_links:
        moved = moved_words(visit, subject.versioned, (entry,)).get(id(entry))
        told = (Notice(words=(*moved, Piece(text="."))),) if moved else ()
        return (*told, *pruned_notices(visit, (entry,)))
    words = ngettext(
        "In %(version)s only links changed: %(num)s relation.",
        "In %(version)s only links changed: %(num)s relations.",
        len(entry.links),
        version=f"#{entry.transaction.id}",
    )
    return (Notice(words=(Piece(text=words),)),)
