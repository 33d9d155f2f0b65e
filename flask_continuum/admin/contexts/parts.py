"""What several pages share: links, people, moments, records, facts, the frame of a page."""

from __future__ import annotations

from dataclasses import dataclass


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
    rel: str | None = None
    """``prev`` or ``next`` where it steps to what is older or newer; the template adds an arrow."""


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
class Pager:
    """The way to older and newer rows; ``words`` stands where there is none."""

    newer: Link | None = None
    older: Link | None = None
    words: str = ""


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
class Notice:
    """Something the reader should know about the page, such as a field that came later."""

    words: tuple[Piece, ...]
    tone: str = ""
    """``warn`` or empty."""
