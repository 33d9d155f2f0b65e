"""What each page of the history admin shows: plain values, ready to render.

A view builds one of the ``…Page`` dataclasses and hands it to the template of the same name as
``page``; the template loops and asks "is it there?", and computes nothing. Everything here is
text (not yet escaped: the template engine does that), a flag, an address, or a display or diff
made by :mod:`flask_continuum.presenters`. An absent part is ``None`` or an empty tuple.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.presenters.field_diff import FieldDiff
    from flask_continuum.presenters.values import Display

# --- shared parts ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of a sentence; a sentence is a tuple of these, spaces included in the texts."""

    text: str
    url: str | None = None
    strong: bool = False
    mono: bool = False
    soft: bool = False
    quote: bool = False
    gone: bool = False
    """Stands in a dashed box, as what is erased or was not recorded does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Somewhere to go. A label that ends in an ellipsis opens a plan and writes nothing."""

    label: str
    url: str
    current: bool = False
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crumb:
    """A step of the breadcrumb; the last has no address, it is the page itself."""

    label: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A view of the same thing, with how many it holds when that is known."""

    label: str
    url: str
    current: bool = False
    count: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pill:
    """A small tag; ``tone`` is ``live``, ``del``, ``back``, ``warn``, ``now`` or empty."""

    words: str
    tone: str = ""
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """How much came and went, with signs, such as ``+12`` and ``−3``; either may be empty."""

    added: str = ""
    removed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who did it: a user of the application, or a program."""

    name: str
    initials: str
    colour: int
    """1 to 6 for people, always the same for one person; 0 for programs and the unknown."""
    kind: str = "user"
    """``user``, ``program`` or ``unknown``."""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant: what to read, and exactly when it was."""

    words: str
    """Short, as fits the place: ``14:02`` under a day's heading, ``3 Mar, 10:20`` elsewhere."""
    full: str
    """For running text: ``Friday 20 November 2026, 18:30 UTC``."""
    iso: str
    """For ``datetime=``: the exact instant in UTC."""
    title: str
    """For ``title=``: ``2026-11-20 18:30:04 UTC``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRef:
    """A transaction to go to; ``label`` is ``#1187``."""

    id: str
    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRef:
    """A record to go to: ``label`` is its title, ``name`` is ``Article 42``."""

    label: str
    name: str
    model_label: str
    url: str | None
    live: bool = True
    placeholder: bool = False
    """The record has no title of its own; ``label`` repeats ``name``, to be shown in italics."""
    note: str | None = None
    """``called Metro since 21 November``, ``deleted since``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """A field that changed: its name and what became of its value."""

    key: str
    anchor: str
    label: str
    diff: FieldDiff
    url: str | None = None
    """Where the whole difference is, when only an excerpt is shown here."""
    stat: Stat | None = None
    note: tuple[Piece, ...] = ()
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChip:
    """A related record in a row of chips; ``change`` is ``added``, ``removed`` or ``same``."""

    record: RecordRef
    change: str = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A relationship that changed: which records came and which went."""

    key: str
    anchor: str
    label: str
    chips: tuple[LinkChip, ...]
    more: str | None = None
    """``3 unchanged``, ``12 more``."""
    stat: Stat | None = None
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One version on a timeline, or one changed record of a transaction."""

    id: str
    """The transaction's id, as text; the value of the radio buttons and part of the anchor."""
    person: Person
    words: tuple[Piece, ...]
    """What happened, to be read after the person: ``changed 3 fields``."""
    node: str
    """The sign on the line: ``ins``, ``upd``, ``del`` or ``back``."""
    moment: Moment
    transaction: TransactionRef
    fields: tuple[FieldView, ...] = ()
    links: tuple[LinkView, ...] = ()
    pills: tuple[Pill, ...] = ()
    reason: str | None = None
    current: bool = False
    more: Link | None = None
    """``5 more fields``, when not all are shown."""
    url: str = ""
    actions: tuple[Link, ...] = ()
    """``View``, ``Revert to this…``, in the foot of the card."""
    record: RecordRef | None = None
    """Where an entry stands among those of other records."""
    pick_from: bool = True
    pick_to: bool = True
    picked_from: bool = False
    picked_to: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """What happened on one day; ``heading`` is ``Today``, ``note`` is ``Monday 23 November``."""

    heading: str
    note: str
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """The way to older and newer rows; ``words`` stands where there is none."""

    newer: Link | None = None
    older: Link | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A hidden input of a form."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option of a select box."""

    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """A select box, its first option included."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput:
    """A search box or another one-line input."""

    name: str
    label: str
    value: str = ""
    placeholder: str = ""
    hint: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterForm:
    """A form sent by GET, so that every filter is in the address."""

    action: str
    label: str
    text: TextInput | None = None
    selects: tuple[Select, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    active: bool = False
    clear_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """Nothing to show: what will appear here, and how to make it appear."""

    heading: str
    words: str
    links: tuple[Link, ...] = ()
    kind: str = "none"
    """``none`` when there is nothing at all, ``search`` when a filter matched nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of a list of facts; ``value`` or ``moment`` or a ``person`` stands on its right."""

    label: str
    value: tuple[Piece, ...] = ()
    moment: Moment | None = None
    person: Person | None = None
    absent: str | None = None
    """In italics instead of a value: ``not given``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person with the number of their changes, of ``most``, for a bar."""

    person: Person
    count: int
    most: int
    label: str
    """``6 of 14 versions``."""
    url: str | None = None
    """Filters the page by this person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """A message about what was just done, with the way to take it back."""

    words: str
    tone: str = "done"
    """``done`` or ``warn``."""
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands around every page: the brand, the menu, the breadcrumb, messages."""

    brand: str
    home_url: str
    title: str
    """Of the browser's window, without the brand."""
    heading: str
    menu: tuple[Link, ...]
    subtitle: tuple[Piece, ...] = ()
    pills: tuple[Pill, ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    tabs: tuple[Tab, ...] = ()
    tabs_label: str = ""
    actions: tuple[Link, ...] = ()
    """Beside the heading."""
    main_action: Link | None = None
    """The one filled button of the page, where it has one beside the heading."""
    search: FilterForm | None = None
    """In the top bar; absent where the page has a search of its own."""
    viewer: Person | None = None
    flashes: tuple[Flash, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the reader should know about the page, such as a field that came later."""

    words: tuple[Piece, ...]
    tone: str = ""
    """``warn`` or empty."""


# --- overview ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle of the chart; ``tone`` is ``upd``, ``new``, ``back`` or ``del``."""

    x: str
    y: str
    width: str
    height: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week of the chart: one link around its bars, and its line of the table."""

    label: str
    """``7 September``."""
    title: str
    """``Week of 7 September: 154 changes``."""
    url: str | None
    x: str
    width: str
    bars: tuple[Bar, ...]
    updated: str
    inserted: str
    reverted: str
    deleted: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """A line of the chart's key: ``331 created``."""

    tone: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Changes per day, all coordinates computed; ``axis`` runs from top to bottom."""

    label: str
    caption: str
    width: str
    height: str
    lines: tuple[str, ...]
    """The y of each horizontal line."""
    axis: tuple[str, ...]
    months: tuple[tuple[str, str], ...]
    """(x, label) along the bottom: ``("0", "7 Sep")``."""
    weeks: tuple[Week, ...]
    legend: tuple[Legend, ...]
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A transaction in a feed."""

    person: Person
    words: tuple[Piece, ...]
    moment: Moment
    transaction: TransactionRef
    sub: tuple[Piece, ...] = ()
    reason: str | None = None
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDay:
    """The transactions of one day."""

    heading: str
    note: str
    items: tuple[FeedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model with its numbers."""

    label: str
    url: str
    live: str
    deleted: str
    deleted_url: str | None
    changes: str
    last: Moment | None
    last_person: Person | None = None
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record in a list: what it is called, and its newest change."""

    record: RecordRef
    person: Person | None
    words: tuple[Piece, ...]
    """``changed it``, ``deleted it``, after the person."""
    moment: Moment | None
    transaction: TransactionRef | None
    actions: tuple[Link, ...] = ()
    """``Restore…`` for a deleted record."""
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """The first page: search, activity, latest transactions, models."""

    layout: Layout
    search: FilterForm
    chart: Chart
    days: tuple[FeedDay, ...]
    feed_empty: Empty | None
    pager: Pager
    models: tuple[ModelRow, ...]
    results: tuple[RecordRow, ...] | None = None
    """What the search found; ``None`` when nothing was searched for."""
    results_heading: str = ""
    results_empty: Empty | None = None


# --- model -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """A model's records, live or deleted."""

    layout: Layout
    filter: FilterForm
    caption: str
    deleted: bool
    rows: tuple[RecordRow, ...]
    pager: Pager
    empty: Empty | None = None


# --- record timeline ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareForm:
    """The form around the timeline's radio buttons (``from`` and ``to``), sent by GET."""

    action: str
    words: tuple[Piece, ...]
    """``Comparing #1184 with #1187``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """A record's versions, newest first, by day."""

    layout: Layout
    record: RecordRef
    days: tuple[DayView, ...]
    filter: FilterForm
    authors: tuple[Author, ...]
    compare: CompareForm | None
    pager: Pager
    state: tuple[ValueRow, ...] = ()
    """The record as it is now (or was last), for the side."""
    state_heading: str = ""
    empty: Empty | None = None
    notices: tuple[Notice, ...] = ()


# --- version -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """A field with one value, and who last changed it when that is known."""

    key: str
    anchor: str
    label: str
    value: Display
    changed: bool = False
    person: Person | None = None
    moment: Moment | None = None
    transaction: TransactionRef | None = None
    here: bool = False
    """The version of this page is the one that set it."""
    blame: str | None = None
    """Instead of a person: ``nobody yet``, ``unknown``."""
    stat: Stat | None = None
    note: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueGroup:
    """A part of the table of fields, such as ``Changed in #1176``."""

    heading: str
    rows: tuple[ValueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRow:
    """A relationship and what it held then."""

    key: str
    label: str
    records: tuple[RecordRef, ...]
    many: bool
    more: str | None = None
    """``and 112 more``."""
    absent: str | None = None
    """In italics when there is none: ``not set``, ``none``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentBanner:
    """The violet band over every page that shows a moment."""

    words: tuple[Piece, ...]
    """``It stood from … until …, 9 hours.``"""
    earlier: Link | None = None
    later: Link | None = None
    now: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NearItem:
    """A version around the one shown, newest first."""

    moment: Moment
    label: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffPart:
    """A list of changed fields and links under a heading; ``empty`` says that none did."""

    heading: str
    anchor: str
    fields: tuple[FieldView, ...] = ()
    links: tuple[LinkView, ...] = ()
    link: Link | None = None
    empty: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """The whole record as it was, and its differences to the version before and to now."""

    layout: Layout
    record: RecordRef
    banner: MomentBanner
    groups: tuple[ValueGroup, ...]
    relations: tuple[RelationRow, ...]
    relations_note: str
    """``as they were at 09:18``."""
    before: DiffPart
    now: DiffPart
    facts: tuple[Fact, ...]
    near: tuple[NearItem, ...]
    notices: tuple[Notice, ...] = ()
    legend: bool = True
    """Explain the signs for not set, empty, not recorded and masked in a footer."""


# --- compare -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareEnd:
    """One side of a comparison; ``select`` is named ``from`` or ``to``."""

    label: str
    select: Select
    person: Person | None
    moment: Moment | None
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedField:
    """A field on both sides, side by side or inline as the page says."""

    field: FieldView
    changed: bool
    long: bool
    """Has a panel of its own (long text, JSON); the others share the panel of values."""
    before: Display
    after: Display


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """Two versions, or a version and the live row."""

    layout: Layout
    record: RecordRef
    action: str
    before: CompareEnd
    after: CompareEnd
    hidden: tuple[Hidden, ...]
    swap_url: str
    summary: tuple[Piece, ...]
    """``9 of 14 fields differ``."""
    layouts: tuple[Link, ...]
    shown: tuple[Link, ...]
    side_by_side: bool
    values: tuple[ComparedField, ...]
    values_note: str
    """``7 of 12 differ``."""
    panels: tuple[ComparedField, ...]
    links: tuple[LinkView, ...]
    toc: tuple[FieldView | LinkView, ...]
    notices: tuple[Notice, ...] = ()
    empty: Empty | None = None


# --- plans: revert, restore, undo --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanField:
    """A tick for one field, or on the plan of an undo for one record (``field`` is absent then)."""

    id: str
    name: str
    value: str
    ticked: bool
    field: FieldView | None = None
    stays: str = "Stays as it is"
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
    """Ticks and reason, to be sent on by GET."""
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
    empty: Empty | None = None
    stale: Stale | None = None
    notices: tuple[Notice, ...] = ()


# --- transaction -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGroup:
    """The changed records of one model."""

    label: str
    anchor: str
    note: str
    """``41 changed, 2 deleted``."""
    entries: tuple[EntryView, ...]
    """Each has its ``record``; ``node`` gives the sign."""
    more: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionPage:
    """Everything that changed together."""

    layout: Layout
    groups: tuple[ModelGroup, ...]
    facts: tuple[Fact, ...]
    reason: str | None = None
    context: tuple[Fact, ...] = ()
    empty: Empty | None = None


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
    empty: Empty | None = None
    stale: Stale | None = None
    notices: tuple[Notice, ...] = ()


# --- errors ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """A page that could not be shown: what happened and where to go instead."""

    layout: Layout
    status: int
    words: str
    hint: str | None = None
    """For the developer: which setting to make."""
    links: tuple[Link, ...] = field(default_factory=tuple)
