"""Reading history: functions that return frozen results in a constant number of statements."""

from __future__ import annotations

from flask_continuum.engine.read.changes import changeset, compare
from flask_continuum.engine.read.counts import Author, DayCount, ModelStats
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.moved import moved_from, moved_to, moves
from flask_continuum.engine.read.navigation import (
    as_of_version,
    lives,
    neighbours,
    newest,
    transaction_at,
    version_at,
    versions_of,
)
from flask_continuum.engine.read.records import records
from flask_continuum.engine.read.related import related, related_of
from flask_continuum.engine.read.results import (
    NOT_RECORDED,
    ChildChange,
    Children,
    Comparison,
    Entry,
    FieldChange,
    Gone,
    Life,
    LinkChange,
    Move,
    NotRecorded,
    Page,
    RecordRow,
    TransactionRow,
)
from flask_continuum.engine.read.search import label_attributes, search
from flask_continuum.engine.read.statistics import activity, model_stats
from flask_continuum.engine.read.timeline import authors, entries_since, entry, timeline
from flask_continuum.engine.read.transactions import (
    transaction_by_uid,
    transaction_entries,
    transaction_neighbours,
    transactions,
)
from flask_continuum.engine.unreadable import Unreadable

__all__ = [
    "NOT_RECORDED",
    "Author",
    "BadCursor",
    "ChildChange",
    "Children",
    "Comparison",
    "DayCount",
    "Entry",
    "FeedFilter",
    "FieldChange",
    "Gone",
    "Life",
    "LinkChange",
    "ModelStats",
    "Move",
    "NotRecorded",
    "Page",
    "RecordRow",
    "TransactionRow",
    "Unreadable",
    "activity",
    "as_of_version",
    "authors",
    "changeset",
    "compare",
    "entries_since",
    "entry",
    "label_attributes",
    "lives",
    "model_stats",
    "moved_from",
    "moved_to",
    "moves",
    "neighbours",
    "newest",
    "records",
    "related",
    "related_of",
    "search",
    "timeline",
    "transaction_at",
    "transaction_by_uid",
    "transaction_entries",
    "transaction_neighbours",
    "transactions",
    "version_at",
    "versions_of",
]
