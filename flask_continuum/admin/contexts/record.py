"""The pages of one record: timeline, version, comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.changes import DayView, DiffPart, FieldView, LinkView
    from flask_continuum.admin.contexts.forms import FilterForm, Hidden, Select
    from flask_continuum.admin.contexts.layout import Layout
    from flask_continuum.admin.contexts.parts import (
        Author,
        Empty,
        Fact,
        Link,
        Moment,
        Notice,
        Pager,
        Person,
        Piece,
        Pill,
        RecordRef,
        Stat,
        TransactionRef,
    )
    from flask_continuum.presenters.values import Display


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
    travel: MomentForm | None = None
    """The way to the record as it was at a moment."""


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
    url: str | None = None
    """The page with every value that the field has had."""
    times: str | None = None
    """How many times it was set: ``5 times``."""
    stat: Stat | None = None
    note: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueGroup:
    """A part of the table of fields, such as ``Changed in #1176``."""

    heading: str
    rows: tuple[ValueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsPage:
    """Every field of a record: its value now, who last changed it, how many times it was set."""

    layout: Layout
    record: RecordRef
    caption: str
    rows: tuple[ValueRow, ...]
    legend: bool = False
    notices: tuple[Notice, ...] = ()
    """Which columns were recorded and are no fields any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValueRow:
    """A value that a field had for some time."""

    anchor: str
    value: Display
    person: Person
    moment: Moment | None
    transaction: TransactionRef | None
    url: str
    """The record as this version left it."""
    stood: str
    """``3 days``; up to now where it still stands."""
    until: Moment | None = None
    """When the next value took its place; ``None`` while it stands."""
    current: bool = False
    change: FieldView | None = None
    """The difference to the value before."""
    note: tuple[Piece, ...] = ()
    """Instead of a difference, or beside it: ``the first value``."""
    reason: str | None = None
    pills: tuple[Pill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPage:
    """Every value that a field of a record has had, newest first."""

    layout: Layout
    record: RecordRef
    label: str
    values: tuple[FieldValueRow, ...]
    pager: Pager
    notices: tuple[Notice, ...] = ()
    legend: bool = False
    empty: Empty | None = None


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
class MomentForm:
    """A day and a time to go to, sent by GET."""

    action: str
    day: str
    time: str
    zone: str
    """The name of the time zone that both are in."""
    hidden: tuple[Hidden, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentBanner:
    """The violet band over every page that shows a moment."""

    words: tuple[Piece, ...]
    """``It stood from … until …, 9 hours.``"""
    earlier: Link | None = None
    later: Link | None = None
    now: Link | None = None
    form: MomentForm | None = None
    """To go to another moment."""
    sooner: tuple[Link, ...] = ()
    """Steps back by a span: ``1 day earlier``."""
    after: tuple[Link, ...] = ()
    """Steps forward by a span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearItem:
    """A version around the one shown, newest first."""

    moment: Moment
    label: str
    url: str
    current: bool = False


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
