"""Two states of a record beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import (
    Choice,
    ComparedField,
    CompareEnd,
    ComparePage,
    Crumb,
    Empty,
    FieldView,
    Hidden,
    Link,
    Notice,
    Piece,
    Pill,
    Select,
)
from flask_continuum.admin.differences import (
    Sides,
    field_view,
    prepare_references,
    show_fields,
    show_links,
    visible_fields,
    visible_links,
)
from flask_continuum.admin.layout import make_layout, record_crumbs
from flask_continuum.admin.moments import label_of
from flask_continuum.admin.people import person_of
from flask_continuum.admin.records import operation_of
from flask_continuum.admin.references import load_references, show_reference
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import NOT_RECORDED, Comparison, FieldChange
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.field_diff import masked_field, unchanged_field
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.words import _, ngettext, number

NOW = "now"


@dataclass(frozen=True, slots=True)
class End:
    """One side of a comparison.

    :ivar name: how the address calls it: a transaction's number, or ``now``.
    :ivar thing: the version, or the live object.
    :ivar version: the version; for ``now`` the newest one.
    """

    name: str
    thing: Any
    version: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """How the page is to be drawn."""

    inline: bool = False
    everything: bool = False

    @property
    def query(self) -> dict[str, str]:
        """What differs from the usual, for an address."""
        found = {"layout": "inline"} if self.inline else {}
        return found | ({"show": "all"} if self.everything else {})


def build_compare(
    visit: Visit,
    subject: Subject,
    old: End,
    new: End,
    comparison: Comparison,
    transactions: Sequence[Any],
    shown: Shown,
) -> ComparePage:
    """The page of a comparison.

    :param transactions: those whose versions the select boxes offer, newest first.
    """
    versioned = subject.versioned
    record = subject.refer(visit)
    masks = visit.masks(
        versioned, record=subject.live, versions=(old.version, new.version, subject.newest)
    )
    sides = Sides(old.thing, new.thing)
    changes = visible_fields(comparison.fields, masks)
    prepare_references(visit, versioned, ((sides, changes),))
    views = show_fields(visit, versioned, changes, sides, full=True)
    fields = [_compared(view, changed=True) for view in views]
    links = show_links(visit, visible_links(comparison.links, masks))
    same = tuple(key for key in comparison.unchanged if key not in masks)
    if shown.everything:
        fields += _unchanged(visit, subject, new, same, {view.key for view in views})
        fields += [
            _compared(field_view(masked_field(key, reason, label=humanise(key))), changed=False)
            for key, reason in masks.items()
            if key in versioned.attributes
        ]
    total = len(views) + len(same)
    urls = _Urls(visit, subject, old.name, new.name, shown)
    return ComparePage(
        layout=make_layout(
            visit,
            heading=_("Compare versions"),
            title=_(
                "%(record)s, %(older)s and %(newer)s",
                record=record.name,
                older=_name(old),
                newer=_name(new),
            ),
            crumbs=record_crumbs(visit, subject.model, record, Crumb(label=_("Compare"))),
            subtitle=(
                Piece(text=f"{record.name}" + ("" if record.placeholder else ", ")),
                Piece(text="" if record.placeholder else record.label, url=record.url),
            ),
            main_action=_revert(visit, subject, old),
        ),
        record=record,
        action=visit.links.compare(subject.model, subject.key),
        before=_end(visit, subject, "from", _("Before"), old, transactions),
        after=_end(visit, subject, "to", _("After"), new, transactions),
        hidden=tuple(Hidden(name=name, value=value) for name, value in shown.query.items()),
        swap_url=urls.swapped(),
        summary=_summary(len(views), total, len(links)),
        layouts=(
            Link(label=_("Side by side"), url=urls.drawn(inline=False), current=not shown.inline),
            Link(label=_("Inline"), url=urls.drawn(inline=True), current=shown.inline),
        ),
        shown=(
            Link(
                label=_("Changed"), url=urls.drawn(everything=False), current=not shown.everything
            ),
            Link(label=_("All"), url=urls.drawn(everything=True), current=shown.everything),
        ),
        side_by_side=not shown.inline,
        values=tuple(field for field in fields if not field.long),
        values_note=_values_note(fields),
        panels=tuple(field for field in fields if field.long),
        links=links,
        toc=(*(field.field for field in fields if field.changed), *links),
        notices=_notices(changes, old, new),
        empty=None
        if fields or links
        else Empty(
            heading=_("No difference"),
            words=_("Both sides are the same in everything that you may see."),
            links=(Link(label=_("Show all fields"), url=urls.drawn(everything=True)),),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Urls:
    visit: Visit
    subject: Subject
    old: str
    new: str
    shown: Shown

    def drawn(self, **changes: bool) -> str:
        drawn = Shown(
            inline=changes.get("inline", self.shown.inline),
            everything=changes.get("everything", self.shown.everything),
        )
        return self._url(self.old, self.new, drawn)

    def swapped(self) -> str:
        return self._url(self.new, self.old, self.shown)

    def _url(self, old: str, new: str, shown: Shown) -> str:
        ends = {"from": old, "to": new}
        return self.visit.links.compare(self.subject.model, self.subject.key, **ends, **shown.query)


def _summary(differ: int, total: int, links: int) -> tuple[Piece, ...]:
    fields = ngettext("%(num)s field", "%(num)s fields", total)
    words = ngettext(
        "%(num)s of %(fields)s differs", "%(num)s of %(fields)s differ", differ, fields=fields
    )
    if not links:
        return (Piece(text=words, strong=True),)
    return (
        Piece(text=words, strong=True),
        Piece(text=", "),
        Piece(text=ngettext("%(num)s relation too", "%(num)s relations too", links)),
    )


def _compared(view: FieldView, *, changed: bool) -> ComparedField:
    diff = view.diff
    return ComparedField(
        field=view, changed=changed, long=diff.is_long, before=diff.old, after=diff.new
    )


def _unchanged(
    visit: Visit, subject: Subject, new: End, keys: Sequence[str], taken: set[str]
) -> list[ComparedField]:
    versioned = subject.versioned
    references = shapes.reference_of_field(versioned)
    if isinstance(new.thing, versioned.version_class):
        used = {references[key] for key in keys if key in references}
        load_references(visit, versioned, (new.thing,), used)
    fields = []
    for key in keys:
        relationship = references.get(key)
        value = getattr(new.thing, key)
        diff = unchanged_field(key, value, label=humanise(relationship or key), view=visit.view)
        if relationship is not None:
            display = show_reference(visit, versioned, new.thing, relationship, value)
            diff = replace(diff, old=display, new=display)
        fields.append(_compared(field_view(diff), changed=False))
    return fields


def _end(
    visit: Visit,
    subject: Subject,
    name: str,
    label: str,
    end: End,
    transactions: Sequence[Any],
) -> CompareEnd:
    choices: dict[str, str] = {NOW: _("Now")}
    choices |= {str(each.id): label_of(visit, each) for each in transactions}
    transaction = end.version.transaction
    if transaction is not None and end.name != NOW:
        choices.setdefault(end.name, label_of(visit, transaction))
    pills: tuple[Pill, ...] = ()
    if operation_of(end.version) is Operation.DELETE:
        pills = (Pill(words=_("Deleted"), tone="del"),)
    elif entry_transaction_id(end.version) == subject.newest_id:
        pills = (Pill(words=_("Current"), tone="now"),)
    return CompareEnd(
        label=label,
        select=Select(
            name=name,
            label=label,
            choices=tuple(
                Choice(value=value, label=words, selected=value == end.name)
                for value, words in choices.items()
            ),
        ),
        person=person_of(transaction),
        moment=visit.moment(transaction.issued_at) if transaction is not None else None,
        pills=pills,
    )


def _values_note(fields: Sequence[ComparedField]) -> str:
    short = [field for field in fields if not field.long]
    changed = sum(field.changed for field in short)
    if changed == len(short):
        return ""
    total = number(len(short))
    return ngettext(
        "%(num)s of %(total)s differs", "%(num)s of %(total)s differ", changed, total=total
    )


def _name(end: End) -> str:
    return _("now") if end.name == NOW else f"#{end.name}"


def _revert(visit: Visit, subject: Subject, old: End) -> Link | None:
    if old.name == NOW or operation_of(old.version) is Operation.DELETE:
        return None
    at = entry_transaction_id(old.version)
    if at == subject.newest_id:
        return None
    if not visit.access.may_revert(subject.model, record=subject.live, version=old.version).allowed:
        return None
    if subject.is_deleted:
        label = _("Restore %(version)s…", version=f"#{at}")
    else:
        label = _("Revert to %(version)s…", version=f"#{at}")
    return Link(label=label, url=visit.links.revert(subject.model, subject.key, at))


def _notices(changes: Sequence[FieldChange], old: End, new: End) -> tuple[Notice, ...]:
    notices = []
    sides: Mapping[str, End] = {"old": old, "new": new}
    for side, end in sides.items():
        labels = [
            humanise(change.key) for change in changes if getattr(change, side) is NOT_RECORDED
        ]
        if labels:
            words = ngettext(
                "%(names)s was not recorded at %(moment)s: the history says nothing about it.",
                "%(names)s were not recorded at %(moment)s: the history says nothing about them.",
                len(labels),
                names="%(names)s",
                moment=_name(end),
            )
            names = Piece(text=", ".join(labels), strong=True)
            notices.append(Notice(words=pieces(words, names=names)))
    return tuple(notices)
