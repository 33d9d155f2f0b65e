"""A model's records as the rows of a file, as they are now or were at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask_continuum.admin.pages.feed import may_be_found
from flask_continuum.admin.subjects import live_records
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.changes import value
from flask_continuum.engine.read.results import Page, RecordRow
from flask_continuum.engine.read.siblings import spans
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.exports import Row, exported

Read = Callable[[str | None], Page[RecordRow]]


def columns_of(visit: Visit, versioned: VersionedClass) -> tuple[str, ...]:
    """The columns of CSV: the key, the last change, the fields that are not hidden."""
    hidden = visit.masks(versioned)
    return ("key", "transaction", *(key for key in versioned.attributes if key not in hidden))


def model_rows(
    visit: Visit, versioned: VersionedClass, read: Read, *, search: str
) -> Iterator[Row]:
    """The records that a list has, the newest change first.

    :param read: gives the page of the list behind a cursor.
    :param search: what they were found by.
    """
    columns = columns_of(visit, versioned)[2:]
    cursor: str | None = None
    while True:
        page = read(cursor)
        lives = live_records(visit, versioned, (row.key for row in page))
        for row in page:
            live = lives.get(row.key)
            if not visit.access.sees(versioned.model, record=live, version=row.version):
                continue
            if search and not may_be_found(visit, versioned, row, live, search):
                continue
            masks = visit.masks(versioned, record=live, versions=(row.version,))
            known = spans(visit.session, row.version)
            yield {
                "key": encode_key(row.key),
                "transaction": str(entry_transaction_id(row.version)),
                **{
                    name: exported(value(versioned, known, row.version, name))
                    for name in columns
                    if name not in masks
                },
            }
        cursor = page.older
        if cursor is None:
            return
