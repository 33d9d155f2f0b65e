"""All fields of a record: the value of each now, who last changed it, how many times."""

from __future__ import annotations

from collections.abc import Mapping

from flask_continuum.admin import bounds, shapes
from flask_continuum.admin.contexts import Crumb, FieldsPage, Notice, Piece, Tab, ValueRow
from flask_continuum.admin.layout import Place, make_layout, record_crumbs
from flask_continuum.admin.people import person_of
from flask_continuum.admin.references import load_references, show_reference
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.read.counts import TimesSet
from flask_continuum.engine.read.erasures import is_unknown
from flask_continuum.engine.read.recorded import Recorded
from flask_continuum.engine.read.results import Blame
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.values import Display, display, masked
from flask_continuum.presenters.words import _, ngettext


def build_fields(
    visit: Visit,
    subject: Subject,
    found: Mapping[str, Blame],
    times: TimesSet,
    known: Recorded,
) -> FieldsPage:
    """The page of a record's fields.

    :param found: who set each field to what it is.
    :param times: how many times each was set.
    :param known: which columns were recorded once, and are not any more.
    """
    record = subject.refer(visit)
    rows = _rows(visit, subject, found, times)
    return FieldsPage(
        layout=make_layout(
            visit,
            heading=record.label,
            title=_("Fields of %(record)s", record=record.name),
            crumbs=record_crumbs(visit, subject.model, record, Crumb(label=_("Fields"))),
            subtitle=(Piece(text="" if record.placeholder else record.name),),
            tabs=record_tabs(visit, subject, fields=True),
            tabs_label=record.name,
            place=Place.RECORDS,
        ),
        record=record,
        caption=_("Every field as it was last") if subject.is_deleted else _("Every field now"),
        rows=rows,
        legend=any(row.value.needs_legend for row in rows),
        notices=(*_notices(visit, subject, known), *_partial(times)),
    )


def _notices(visit: Visit, subject: Subject, known: Recorded) -> tuple[Notice, ...]:
    """What was recorded once. Nobody can tell any more whether it was hidden: no value is shown."""
    return tuple(
        Notice(
            words=pieces(
                _("%(field)s was recorded until %(version)s and is no field any more."),
                field=Piece(text=humanise(name), strong=True),
                version=Piece(text=f"#{until}", url=visit.links.transaction_at(until), mono=True),
            )
        )
        for name, (_since, until) in sorted(known.gone.items())
        if until is not None and visit.access.shows(subject.model, subject.live, name)
    )


def _partial(times: TimesSet) -> tuple[Notice, ...]:
    if not times.is_partial:
        return ()
    words = ngettext(
        "Only the newest version is looked at here. The page of a field goes further back.",
        "Only the newest %(num)s versions are looked at here. The page of a field goes further "
        "back.",
        bounds.BLAMED,
    )
    return (Notice(words=(Piece(text=words),)),)


def _times(times: TimesSet, key: str) -> str:
    number = times.counts.get(key, 0)
    if not number:
        return _("not lately") if times.is_partial else _("never")
    words = ngettext("%(num)s time", "%(num)s times", number)
    return _("%(times)s or more", times=words) if times.is_partial else words


def record_tabs(visit: Visit, subject: Subject, *, fields: bool = False) -> tuple[Tab, ...]:
    """The views of one record.

    :param fields: the page is the one about its fields; else it is the timeline.
    """
    model, key = subject.model, subject.key
    return (
        Tab(label=_("Timeline"), url=visit.links.record(model, key), current=not fields),
        Tab(label=_("Fields"), url=visit.links.fields(model, key), current=fields),
    )


def _rows(
    visit: Visit, subject: Subject, found: Mapping[str, Blame], times: TimesSet
) -> tuple[ValueRow, ...]:
    versioned, newest = subject.versioned, subject.newest
    masks = visit.masks(versioned, record=subject.live, versions=(newest,))
    references = shapes.reference_of_field(versioned)
    used = {references[key] for key in found if key in references and key not in masks}
    load_references(visit, versioned, (newest,), used)
    rows: dict[str, ValueRow] = {}
    for key in versioned.attributes:
        name = references.get(key, key)
        if name in rows or key not in found:
            continue
        if key in masks:
            rows[name] = _row(key, name, masked(masks[key]), blame=_("hidden"))
            continue
        each = found[key]
        setter = each.transaction if each.exact or each.moved_from is not None else None
        rows[name] = _row(
            key,
            name,
            _value(visit, subject, references.get(key), each),
            person=person_of(setter, visit.links) if setter else None,
            moment=visit.moment(setter.issued_at) if setter else None,
            transaction=visit.links.transaction_ref(setter) if setter else None,
            blame=None if setter else _blame(each),
            url=visit.links.field(subject.model, subject.key, key),
            times=_times(times, key),
        )
    return tuple(rows.values())


def _row(key: str, name: str, value: Display, **more: object) -> ValueRow:
    return ValueRow(key=key, anchor=f"field-{key}", label=humanise(name), value=value, **more)  # type: ignore[arg-type]


def _value(visit: Visit, subject: Subject, relationship: str | None, each: Blame) -> Display:
    if relationship is None or is_unknown(each.value):
        return display(each.value, visit.view)
    return show_reference(visit, subject.versioned, subject.newest, relationship, each.value)


def _blame(each: Blame) -> str:
    """What stands instead of a person."""
    if is_unknown(each.value):
        return _("unknown")
    return _("nobody yet") if each.value is None else _("long ago")
