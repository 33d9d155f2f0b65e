"""Changes as the rows of a file: of one record, or of everything that a feed lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask_continuum.admin.entries import Seen, see
from flask_continuum.admin.exporting import BATCH, related_key
from flask_continuum.admin.hidden_matches import without_hidden_matches
from flask_continuum.admin.pages.children import see_children
from flask_continuum.admin.people import person_of
from flask_continuum.admin.subjects import Subject, visible_entries
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.databases import databases, is_from
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.results import Entry, Page
from flask_continuum.engine.read.touched import touched_entries
from flask_continuum.engine.read.transactions import rows_of, transactions
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.exports import Row, change_rows, transaction_facts

Read = Callable[[str | None], Page[Entry]]


def record_rows(visit: Visit, subject: Subject, read: Read, *, flat: bool) -> Iterator[Row]:
    """The changes of a record and of its tracked children, newest first.

    :param read: gives the page of its timeline behind a cursor.
    :param flat: a row for each field, as CSV has it; else one for each change.
    """
    cursor: str | None = None
    while True:
        page = read(cursor)
        of_children = see_children(visit, subject, page.items)
        for seen in see(visit, subject.versioned, page.items, record=subject.live):
            if seen.entry.own:
                yield from _rows(visit, subject.versioned, seen, flat=flat)
            for children in seen.entry.children:
                for change in children.changes:
                    child = of_children.get(id(change.entry))
                    if child is not None:
                        versioned = visit.registry.of(change.entry.version)
                        yield from _rows(visit, versioned, child, flat=flat)
        cursor = page.older
        if cursor is None:
            return


def feed_rows(visit: Visit, wanted: FeedFilter, *, flat: bool) -> Iterator[Row]:
    """What the transactions of a feed did, newest first.

    :param flat: a row for each field, as CSV has it; else one for each change of a record.
    """
    cursor: str | None = None
    while True:
        page = transactions(
            visit.session, visit.state.manager, cursor=cursor, limit=BATCH, wanted=wanted
        )
        shown = without_hidden_matches(visit, page, wanted)
        found = _entries(visit, [row.transaction for row in shown], wanted)
        for row in shown:
            for versioned, entries in found.get(row.transaction, ()):
                for seen in see(visit, versioned, entries):
                    yield from _rows(visit, versioned, seen, flat=flat)
        cursor = page.older
        if cursor is None:
            return


def _entries(
    visit: Visit, chosen: list[Any], wanted: FeedFilter
) -> dict[Any, list[tuple[VersionedClass, list[Entry]]]]:
    """What transactions did to records that may be seen, by transaction, models in their order."""
    found: dict[Any, list[tuple[VersionedClass, list[Entry]]]] = {}
    for database in databases(visit.session, visit.registry):
        own = [each for each in chosen if is_from(each, database)]
        whole = rows_of(visit.session, database, own)
        for versioned in wanted.among(database.entries) if own else ():
            if not visit.access.sees_model(versioned.model):
                continue
            entries = touched_entries(visit.session, versioned, whole)
            by_transaction: dict[Any, list[Entry]] = {}
            for entry, _ in visible_entries(visit, versioned, entries):
                by_transaction.setdefault(entry.transaction, []).append(entry)
            for transaction, its in by_transaction.items():
                found.setdefault(transaction, []).append((versioned, its))
    return found


def _rows(visit: Visit, versioned: VersionedClass, seen: Seen, *, flat: bool) -> Iterable[Row]:
    entry = seen.entry
    actual = visit.registry.of(entry.version)
    head = {
        **transaction_facts(entry.transaction, by=person_of(entry.transaction).name),
        "model": visit.links.segments[actual.model],
        "key": encode_key(versioned.key_of(entry.version)),
    }
    fields = {change.key: (change.old, change.new) for change in seen.fields}
    links = {
        change.relationship: {
            "added": [related_key(visit, each) for each in change.added],
            "removed": [related_key(visit, each) for each in change.removed],
        }
        for change in seen.links
    }
    return change_rows(head, entry.operation, fields, links, flat=flat)
