"""The pages that list: overview, all models, a model's records, changes, people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.changes import FeedDay
    from flask_continuum.admin.contexts.forms import FilterForm
    from flask_continuum.admin.contexts.layout import Layout
    from flask_continuum.admin.contexts.parts import (
        Empty,
        Link,
        Moment,
        Notice,
        Pager,
        Person,
        Piece,
        Pill,
        RecordRef,
        TransactionRef,
    )
    from flask_continuum.admin.contexts.record import MomentBanner, MomentForm


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
    note: str | None = None
    """Since when changes are counted, where they are too many to count them all."""


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
    became: tuple[Piece, ...] = ()
    """In a list as of a moment: what became of it since."""
    became_pill: Pill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """The first page: search, activity, latest transactions, models."""

    layout: Layout
    search: FilterForm
    chart: Chart
    days: tuple[FeedDay, ...]
    feed_empty: Empty | None
    feed_url: str
    pager: Pager
    models: tuple[ModelRow, ...]
    results: tuple[RecordRow, ...] | None = None
    """What the search found; ``None`` when nothing was searched for."""
    results_heading: str = ""
    results_empty: Empty | None = None


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
    banner: MomentBanner | None = None
    """Where the list is as of a moment."""
    travel: MomentForm | None = None
    """Where the list is as of now: the way into the past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsPage:
    """Every model with its numbers."""

    layout: Layout
    models: tuple[ModelRow, ...]
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage:
    """The feed of transactions over all models, narrowed by filters."""

    layout: Layout
    filter: FilterForm
    days: tuple[FeedDay, ...]
    pager: Pager
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """Somebody, or a program, who changed something."""

    person: Person
    changes: str
    """How many transactions, such as ``1,204``."""
    changes_url: str
    last: Moment
    transaction: TransactionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Everybody who changed something, those first who did last."""

    layout: Layout
    rows: tuple[PersonRow, ...]
    notices: tuple[Notice, ...] = ()
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """What one person changed: a chart and a feed."""

    layout: Layout
    person: Person
    chart: Chart
    days: tuple[FeedDay, ...]
    pager: Pager
    empty: Empty | None = None
