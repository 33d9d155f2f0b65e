"""A record as one transaction left it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import page
from flask_continuum.admin.moments import transactions_of
from flask_continuum.admin.pages.version import Found, build_version
from flask_continuum.admin.subjects import Subject, find_record, see_version
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.blame import blame
from flask_continuum.engine.read.changes import compare
from flask_continuum.engine.read.conditions import transaction_class_of
from flask_continuum.engine.read.loading import transactions_by_id
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.related import related
from flask_continuum.engine.read.timeline import entry as entry_of

AROUND = 3
"""Versions before and after the one shown that the side lists."""


@page
def version(visit: Visit, model: str, key: str, transaction: int) -> ResponseReturnValue:
    """Show a whole record as it was."""
    subject = find_record(visit, model, key)
    session = visit.session
    entry = entry_of(session, subject.model, subject.key, transaction)
    if entry is None:
        raise not_found()
    see_version(visit, subject, entry.version)
    later = transactions_of(visit, subject, limit=AROUND, above=transaction)
    earlier = transactions_of(visit, subject, limit=AROUND, below=transaction)
    is_past = not subject.is_deleted and transaction < subject.newest_id
    found = Found(
        entry=entry,
        next_at=later[-1] if later else None,
        now=compare(session, entry.version, subject.live or subject.newest) if is_past else None,
        related=related(session, entry.version),
        around=(*later, entry.transaction, *earlier),
        recorded=recorded(session, subject.versioned),
        setters=_setters(visit, subject, transaction),
    )
    return render_template("continuum/version.html", page=build_version(visit, subject, found))


def _setters(visit: Visit, subject: Subject, transaction: int) -> Mapping[str, Any]:
    """The transaction that last changed each field until then."""
    ids = blame(visit.session, subject.model, subject.key, transaction)
    made = transactions_by_id(
        visit.session,
        transaction_class_of(subject.versioned),
        (number for number in ids.values() if number is not None),
    )
    return {key: None if number is None else made.get(number) for key, number in ids.items()}
