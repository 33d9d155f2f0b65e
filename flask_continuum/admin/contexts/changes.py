"""Changes: fields and links that differ, entries of a timeline, days of a feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.parts import (
        Link,
        Moment,
        Person,
        Piece,
        Pill,
        RecordRef,
        Stat,
        TransactionRef,
    )
    from flask_continuum.presenters.field_diff import FieldDiff


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
    """The transaction's id, as text; the value of the radio buttons."""
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
    moved: tuple[Piece, ...] = ()
    """``Key changed to article 12``, where the record's key changed."""
    more: Link | None = None
    """``5 more fields``, when not all are shown."""
    url: str = ""
    actions: tuple[Link, ...] = ()
    """``View``, ``Revert to this…``, in the foot of the card."""
    record: RecordRef | None = None
    """Where an entry stands among those of other records."""
    anchor: str = ""
    """Of the card on its page; ``v`` and the id when it is empty."""
    child: bool = False
    """The entry is about a child of the record whose timeline this is."""
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
class DiffPart:
    """A list of changed fields and links under a heading; ``empty`` says that none did."""

    heading: str
    anchor: str
    fields: tuple[FieldView, ...] = ()
    links: tuple[LinkView, ...] = ()
    link: Link | None = None
    empty: str | None = None
