"""A record's timeline: its versions by day, filters, authors, and how it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import (
    CompareForm,
    DayView,
    Empty,
    EntryView,
    FilterForm,
    Hidden,
    Link,
    Notice,
    Piece,
    Pill,
    RecordRef,
    TimelinePage,
    ValueRow,
)
from flask_continuum.admin.entries import Picks, Seen, see, show_entry
from flask_continuum.admin.exporting import export_links
from flask_continuum.admin.feed_query import OPERATION_LABELS
from flask_continuum.admin.layout import Place, make_layout, record_crumbs
from flask_continuum.admin.pages.authors import show_authors, versions_by
from flask_continuum.admin.pages.children import see_children, show_children, tracked_relationships
from flask_continuum.admin.pages.fields import record_tabs
from flask_continuum.admin.paging import VERSIONS, make_pager
from flask_continuum.admin.past import make_form
from flask_continuum.admin.people import person_of
from flask_continuum.admin.pruned import pruned_notices
from flask_continuum.admin.references import load_references, show_reference
from flask_continuum.admin.selects import make_select
from flask_continuum.admin.shown_fields import fields_of_model
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.counts import Author as Counted
from flask_continuum.engine.read.results import Entry, Life, Page
from flask_continuum.presenters.dates import group_by_day
from flask_continuum.presenters.labels import humanise, sentence_case
from flask_continuum.presenters.values import display, masked
from flask_continuum.presenters.words import _

STATE_ROWS = 40
"""Fields of the present state beside a timeline; the newest version's page has them all."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a timeline was asked to show, as in the address; empty texts ask for all.

    :ivar at: a transaction of the life that is wanted, as ``life`` in the address.
    """

    field: str = ""
    user: str = ""
    operation: str = ""
    life: str = ""
    at: int | None = None

    @property
    def query(self) -> dict[str, str]:
        """The filters that are set, for an address."""
        named = {
            "field": self.field,
            "user": self.user,
            "operation": self.operation,
            "life": self.life,
        }
        return {name: value for name, value in named.items() if value}

    @property
    def active(self) -> bool:
        """True when something narrows the list."""
        return bool(self.field or self.user or self.operation)


def build_timeline(
    visit: Visit,
    subject: Subject,
    page: Page[Entry],
    authors: Sequence[Counted],
    others: Sequence[Counted],
    lives: Sequence[Life],
    filters: Filters,
) -> TimelinePage:
    """The page of a record.

    :param page: the entries that are shown.
    :param authors: everybody who changed the record.
    :param others: those who changed its tracked children.
    :param lives: the lives of its key, newest first; others had it before when there are several.
    """
    record = subject.refer(visit)
    seen = see(visit, subject.versioned, page.items, record=subject.live)
    form = make_filter(visit, subject, (*authors, *others), filters)
    days = _days(visit, subject, page, seen)
    chosen = [it for day in days for it in day.entries if it.picked_from or it.picked_to]
    name = sentence_case(record.model_label)
    return TimelinePage(
        layout=make_layout(
            visit,
            heading=record.label,
            title=record.name if record.placeholder else f"{record.label}, {record.name}",
            crumbs=record_crumbs(visit, subject.model, record),
            subtitle=(
                Piece(text=f"{record.name}, " if not record.placeholder else ""),
                Piece(text=f"{versions_by(authors)} "),
            ),
            pills=(
                Pill(words=_("Deleted"), tone="del")
                if subject.is_deleted
                else Pill(words=_("Live"), tone="live"),
            ),
            actions=export_links(
                visit.access.may_export(subject.model, record=subject.live, version=subject.newest),
                lambda **more: visit.links.record(
                    subject.model, subject.key, **filters.query, **more
                ),
            ),
            main_action=_restore(visit, subject, name),
            tabs=record_tabs(visit, subject),
            tabs_label=record.name,
            place=Place.RECORDS,
        ),
        record=record,
        days=days,
        filter=form,
        authors=show_authors(visit, subject, authors),
        compare=CompareForm(
            action=visit.links.compare(subject.model, subject.key),
            words=pieces(
                _("Comparing %(older)s with %(newer)s"),
                older=Piece(text=f"#{chosen[1].id}", strong=True),
                newer=Piece(text=f"#{chosen[0].id}", strong=True),
            ),
        )
        if len(chosen) == 2
        else None,
        pager=make_pager(
            page,
            lambda **query: visit.links.record(subject.model, subject.key, **query),
            filters.query,
            words=VERSIONS,
        ),
        state=_state(visit, subject),
        state_heading=_("As it was last") if subject.is_deleted else _("As it is now"),
        empty=None if days else _empty(visit, subject, record, form, page.older, filters),
        travel=make_form(visit, visit.links.record(subject.model, subject.key), None),
        notices=(
            *_other_lives(visit, subject, lives, filters),
            *pruned_notices(visit, page.items),
        ),
    )


def _other_lives(
    visit: Visit, subject: Subject, lives: Sequence[Life], filters: Filters
) -> tuple[Notice, ...]:
    """Where the history is of the records that had the same key before, or have it now."""
    if len(lives) < 2:
        return ()
    shown = next((life for life in lives if filters.at is None or life.since <= filters.at), None)
    parts: list[Piece] = []
    for life in lives:
        last = f"#{life.until}"
        words = (
            _("up to %(last)s", last=last)
            if life.is_partial
            else _("%(first)s to %(last)s", first=f"#{life.since}", last=last)
        )
        url = visit.links.record(subject.model, subject.key, life=str(life.since))
        if life is shown:
            parts.append(Piece(text=_("%(lives)s is shown", lives=words), strong=True))
        else:
            parts.append(Piece(text=words, url=url))
        parts.append(Piece(text=", "))
    said = _("This key was used more than once. %(lives)s.")
    return (Notice(words=pieces(said, lives=tuple(parts[:-1]))),)


def _days(
    visit: Visit, subject: Subject, page: Page[Entry], seen: Sequence[Seen]
) -> tuple[DayView, ...]:
    can_pick = [each for each in seen if not each.entry.only_links]
    picks = {
        id(each): Picks(
            can_be_from=place > 0 or page.newer is not None,
            can_be_to=place < len(can_pick) - 1 or page.older is not None,
            is_from=place == 1,
            is_to=place == 0 and len(can_pick) > 1,
        )
        for place, each in enumerate(can_pick)
    }
    children = see_children(visit, subject, page.items)
    lines: list[tuple[Entry, EntryView]] = []
    for each in seen:
        if each.entry.own:
            view = show_entry(
                visit,
                subject.versioned,
                each,
                current=_is_current(subject, each.entry),
                actions=_actions(visit, subject, each.entry),
                picks=picks.get(id(each)),
            )
            lines.append((each.entry, view))
        lines += [
            (each.entry, view) for view in show_children(visit, subject, each.entry, children)
        ]
    return tuple(
        DayView(heading=day.name, note=day.detail, entries=tuple(view for __, view in group))
        for day, group in group_by_day(
            lines, lambda line: line[0].transaction.issued_at, visit.now, visit.zone
        )
    )


def _is_current(subject: Subject, entry: Entry) -> bool:
    return (
        not subject.is_deleted
        and not entry.only_links
        and entry.transaction.id == subject.newest_id
    )


def _actions(visit: Visit, subject: Subject, entry: Entry) -> tuple[Link, ...]:
    at = entry.transaction.id
    links = [Link(label=_("View"), url=visit.links.version(subject.model, subject.key, at))]
    may = visit.access.may_revert(subject.model, record=subject.live, version=entry.version)
    if (
        may.allowed
        and not entry.only_links
        and entry.operation is not Operation.DELETE
        and at != subject.newest_id
    ):
        label = _("Restore this…") if subject.is_deleted else _("Revert to this…")
        links.append(Link(label=label, url=visit.links.revert(subject.model, subject.key, at)))
    if visit.access.may_undo(subject.model, record=subject.live, version=entry.version).allowed:
        links.append(Link(label=_("Undo this change…"), url=visit.links.undo(entry.transaction)))
    return tuple(links)


def _restore(visit: Visit, subject: Subject, name: str) -> Link | None:
    """The way back for a deleted record: the plan at its deletion restores what was before it."""
    if not subject.is_deleted:
        return None
    if not visit.access.may_revert(subject.model, version=subject.newest).allowed:
        return None
    return Link(
        label=_("Restore the %(thing)s…", thing=name),
        url=visit.links.revert(subject.model, subject.key, subject.newest_id),
    )


def fields_to_filter(visit: Visit, subject: Subject) -> dict[str, str]:
    """What a timeline can be filtered by, key and label: what may be seen of fields, links and
    tracked children.
    """
    found = fields_of_model(
        visit, subject.versioned, record=subject.live, versions=(subject.newest,)
    )
    return found | {name: humanise(name) for name in tracked_relationships(visit, subject)}


def make_filter(
    visit: Visit, subject: Subject, authors: Sequence[Counted], filters: Filters
) -> FilterForm:
    """The form that narrows a timeline."""
    people = {
        str(user_id): person_of(author.transaction).name
        for author in authors
        if (user_id := getattr(author.transaction, "user_id", None)) is not None
    }
    kinds = {name: _(label) for name, label in OPERATION_LABELS.items()}
    url = visit.links.record(subject.model, subject.key)
    return FilterForm(
        action=url,
        label=_("Filter versions"),
        selects=tuple(
            select
            for select in (
                make_select(
                    "field",
                    _("Field"),
                    _("Any field"),
                    fields_to_filter(visit, subject),
                    filters.field,
                ),
                make_select("user", _("Author"), _("Anyone"), people, filters.user),
                make_select(
                    "operation", _("Kind of change"), _("Any kind"), kinds, filters.operation
                ),
            )
            if len(select.choices) > 1
        ),
        hidden=(Hidden(name="life", value=filters.life),) if filters.life else (),
        active=filters.active,
        clear_url=url,
    )


def _state(visit: Visit, subject: Subject) -> tuple[ValueRow, ...]:
    versioned, newest = subject.versioned, subject.newest
    masks = visit.masks(versioned, record=subject.live, versions=(newest,))
    references = shapes.reference_of_field(versioned)
    shown = [key for key in versioned.attributes if key not in versioned.key_attributes]
    shown = shown[:STATE_ROWS]
    used = {references[key] for key in shown if key in references and key not in masks}
    load_references(visit, versioned, (newest,), used)
    rows: dict[str, ValueRow] = {}
    for key in shown:
        relationship = references.get(key)
        name = relationship or key
        value = getattr(newest, key)
        if key in masks:
            shown_value = masked(masks[key])
        elif relationship is not None:
            shown_value = show_reference(visit, versioned, newest, relationship, value)
        else:
            shown_value = display(value, visit.view)
        rows.setdefault(
            name, ValueRow(key=key, anchor=f"now-{key}", label=humanise(name), value=shown_value)
        )
    return tuple(rows.values())


def _empty(
    visit: Visit,
    subject: Subject,
    record: RecordRef,
    form: FilterForm,
    older: str | None,
    filters: Filters,
) -> Empty:
    if form.active and form.clear_url and older is not None:
        url = visit.links.record(subject.model, subject.key, **filters.query, cursor=older)
        return Empty(
            heading=_("No version matches so far"),
            words=_("There are older versions to look through."),
            links=(
                Link(label=_("Look further back"), url=url),
                Link(label=_("Clear filters"), url=form.clear_url),
            ),
            kind="search",
        )
    if form.active and form.clear_url:
        return Empty(
            heading=_("No version matches"),
            words=_("No change of this record fits the filter."),
            links=(Link(label=_("Clear filters"), url=form.clear_url),),
            kind="search",
        )
    return Empty(
        heading=_("No versions"),
        words=_(
            "Changes of this %(thing)s appear here when it is saved.",
            thing=sentence_case(record.model_label),
        ),
    )
