"""Every value that a field of a record has had: who set it, when and why, how long it stood."""

from __future__ import annotations

from collections.abc import Sequence

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import (
    Crumb,
    Empty,
    FieldPage,
    FieldValueRow,
    FieldView,
    Link,
    Notice,
    Pager,
    Piece,
)
from flask_continuum.admin.differences import Sides, show_fields
from flask_continuum.admin.entries import kind_pills
from flask_continuum.admin.layout import Place, make_layout, record_crumbs
from flask_continuum.admin.people import person_of, reason_of
from flask_continuum.admin.references import load_references, show_reference
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.read.erasures import is_unknown
from flask_continuum.engine.read.results import FieldChange, FieldValue, Page
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.dates import span
from flask_continuum.presenters.labels import humanise, key_name
from flask_continuum.presenters.values import Display, display
from flask_continuum.presenters.words import _


def build_field(
    visit: Visit,
    subject: Subject,
    name: str,
    page: Page[FieldValue],
    earlier: FieldValue | None,
    *,
    first_page: bool,
) -> FieldPage:
    """The page of a field.

    :param name: the attribute, which may be seen of the record as it is now.
    :param page: the values that are shown.
    :param earlier: the value before the last of them, where there is one.
    :param first_page: the newest value is among them.
    """
    record = subject.refer(visit)
    relationship = shapes.reference_of_field(subject.versioned).get(name)
    label = humanise(relationship or name)
    every = (*page.items, *((earlier,) if earlier is not None else ()))
    shown = {id(value) for value in every if _may_be_seen(visit, subject, name, value)}
    if relationship is not None:
        versions = [value.version for value in every if id(value) in shown]
        load_references(visit, subject.versioned, versions, (relationship,))
    rows = _rows(visit, subject, name, relationship, page.items, earlier, shown, first_page)
    url = visit.links.field(subject.model, subject.key, name)
    return FieldPage(
        layout=make_layout(
            visit,
            heading=label,
            title=_("%(field)s of %(record)s", field=label, record=record.name),
            crumbs=record_crumbs(
                visit,
                subject.model,
                record,
                Crumb(label=_("Fields"), url=visit.links.fields(subject.model, subject.key)),
                Crumb(label=label),
            ),
            subtitle=pieces(
                _("Every value of this field in %(record)s, newest first"),
                record=Piece(text=record.label, url=record.url),
            ),
            actions=_actions(visit, subject, name),
            place=Place.RECORDS,
        ),
        record=record,
        label=label,
        values=rows,
        pager=Pager(
            newer=None if first_page else Link(label=_("Newest values"), url=url),
            older=Link(
                label=_("Older values"),
                url=visit.links.field(subject.model, subject.key, name, cursor=page.older),
            )
            if page.older
            else None,
        ),
        notices=_notices(page.items, shown),
        legend=any(row.value.needs_legend for row in rows),
        empty=None
        if rows
        else Empty(
            heading=_("No values"),
            words=_("The history holds no value of this field that you may see."),
        ),
    )


def _actions(visit: Visit, subject: Subject, name: str) -> tuple[Link, ...]:
    """The way to the changes of the field; a key is what a record is known by, and none of them."""
    if name in subject.versioned.key_attributes:
        return ()
    url = visit.links.record(subject.model, subject.key, field=name)
    return (Link(label=_("On the timeline"), url=url),)


def _may_be_seen(visit: Visit, subject: Subject, name: str, value: FieldValue) -> bool:
    """A policy may hide one version of a record, or what a field was then."""
    if not visit.access.sees(subject.model, record=subject.live, version=value.version):
        return False
    masks = visit.masks(subject.versioned, record=subject.live, versions=(value.version,))
    return name not in masks


def _rows(
    visit: Visit,
    subject: Subject,
    name: str,
    relationship: str | None,
    values: Sequence[FieldValue],
    earlier: FieldValue | None,
    shown: set[int],
    first_page: bool,
) -> tuple[FieldValueRow, ...]:
    rows = []
    for place, value in enumerate(values):
        if id(value) not in shown:
            continue
        before = values[place + 1] if place + 1 < len(values) else earlier
        open_before = before if before is not None and id(before) in shown else None
        transaction = value.transaction
        at = entry_transaction_id(value.version)
        change = None if open_before is None else _change(visit, subject, name, open_before, value)
        rows.append(
            FieldValueRow(
                anchor=f"v{at}",
                value=_display(visit, subject, relationship, value),
                person=person_of(transaction, visit.links),
                moment=visit.moment(value.since) if value.since is not None else None,
                transaction=visit.links.transaction_ref(transaction) if transaction else None,
                url=visit.links.version(subject.model, subject.key, at),
                stood=span(value.since, value.until or visit.now) if value.since else "",
                until=visit.moment(value.until) if value.until is not None else None,
                current=first_page and place == 0 and value.stands and not subject.is_deleted,
                change=change,
                note=_note(visit, subject, name, value, before),
                reason=reason_of(transaction) if transaction else None,
                pills=kind_pills(transaction) if transaction else (),
            )
        )
    return tuple(rows)


def _display(
    visit: Visit, subject: Subject, relationship: str | None, value: FieldValue
) -> Display:
    if relationship is None or is_unknown(value.value):
        return display(value.value, visit.view)
    return show_reference(visit, subject.versioned, value.version, relationship, value.value)


def _change(
    visit: Visit, subject: Subject, name: str, before: FieldValue, value: FieldValue
) -> FieldView | None:
    """The difference to the value before; none to a value that is not known, or to itself."""
    if is_unknown(before.value) or is_unknown(value.value) or _came_back(before, value):
        return None
    views = show_fields(
        visit,
        subject.versioned,
        (FieldChange(name, before.value, value.value),),
        Sides(before.version, value.version),
        full=True,
        anchor=f"v{entry_transaction_id(value.version)}",
    )
    return views[0]


def _came_back(before: FieldValue, value: FieldValue) -> bool:
    """Tell whether the record was deleted in between, which ended the value before."""
    return before.ended_by != entry_transaction_id(value.version)


def _note(
    visit: Visit,
    subject: Subject,
    name: str,
    value: FieldValue,
    before: FieldValue | None,
) -> tuple[Piece, ...]:
    if value.moved_from is not None:
        old = key_name(subject.refer(visit).model_label, value.moved_from)
        url = visit.links.field(subject.model, value.moved_from, name)
        return pieces(_("Taken over from %(record)s"), record=Piece(text=old, url=url))
    if is_unknown(value.value):
        return ()
    if before is None:
        return (Piece(text=_("The first value") if value.exact else _("At least since then")),)
    if is_unknown(before.value):
        return (Piece(text=_("At least since then")),)
    if _came_back(before, value):
        return (Piece(text=_("Came back with the record")),)
    return ()


def _notices(values: Sequence[FieldValue], shown: set[int]) -> tuple[Notice, ...]:
    if all(id(value) in shown for value in values):
        return ()
    words = _("Some values are hidden by policy and left out here.")
    return (Notice(words=(Piece(text=words),)),)
