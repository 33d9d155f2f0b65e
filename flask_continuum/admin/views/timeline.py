"""The timeline of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.changes_file import record_rows
from flask_continuum.admin.errors import bad_request, not_there_then, one_of
from flask_continuum.admin.exporting import BATCH, require_export, send_file, wanted_file
from flask_continuum.admin.feed_query import OPERATIONS, read_user
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.authors import is_partial
from flask_continuum.admin.pages.children import SHOWN, tracked_relationships
from flask_continuum.admin.pages.timeline import Filters, build_timeline, fields_to_filter
from flask_continuum.admin.past import AsOf, read_as_of
from flask_continuum.admin.rendering import same_format, show
from flask_continuum.admin.subjects import Subject, find_record, read_number, see_version
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.navigation import as_of_version
from flask_continuum.engine.read.navigation import lives as lives_of
from flask_continuum.engine.read.results import Entry, Page
from flask_continuum.engine.read.timeline import authors as authors_of
from flask_continuum.engine.read.timeline import timeline as entries_of
from flask_continuum.engine.read.tracked import authors_of_children
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.exports import CHANGES
from flask_continuum.presenters.words import _


@page
def timeline(visit: Visit, model: str, key: str) -> ResponseReturnValue:
    """Show a page of a record's versions, newest first."""
    subject = find_record(visit, model, key)
    as_of = read_as_of(visit, subject.versioned)
    if as_of is not None:
        return _go_to(visit, subject, as_of)
    filters = Filters(
        field=request.args.get("field", ""),
        user=request.args.get("user", ""),
        operation=request.args.get("operation", ""),
        life=request.args.get("life", ""),
        at=read_number(request.args.get("life"), "life"),
    )
    if filters.operation and filters.operation not in OPERATIONS:
        raise bad_request(one_of("operation", OPERATIONS))
    if filters.field and filters.field not in fields_to_filter(visit, subject):
        raise bad_request(_("“field” names no field of this record."))
    authors = authors_of(visit.session, subject.model, subject.key, most=bounds.COUNTED)
    others = authors_of_children(
        visit.session, subject.versioned, subject.key, tracked_relationships(visit, subject)
    )
    people = {
        str(author.transaction.user_id): author.transaction.user_id
        for author in (*authors, *others)
        if getattr(author.transaction, "user_id", None) is not None
    }
    if filters.user and filters.user not in people and is_partial(authors):
        people[filters.user] = read_user(visit, filters.user)
    try:
        entries = _read(
            visit,
            subject,
            filters,
            people,
            request.args.get("cursor") or None,
            limit=visit.page_size,
            children=SHOWN,
            reach=bounds.LOOKED_THROUGH if filters.active else None,
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    form = wanted_file()
    if form is not None:
        require_export(
            visit.access.may_export(subject.model, record=subject.live, version=subject.newest)
        )
        rows = record_rows(
            visit,
            subject,
            lambda cursor: _read(visit, subject, filters, people, cursor, limit=BATCH),
            flat=form == "csv",
        )
        name = f"{visit.links.segments[subject.model]}-{key}"
        return send_file(visit, name, form, CHANGES, rows)
    lives = lives_of(visit.session, subject.model, subject.key, most=bounds.COUNTED)
    return show(
        "timeline",
        build_timeline(visit, subject, entries, authors, others, lives, filters),
    )


def _read(
    visit: Visit,
    subject: Subject,
    filters: Filters,
    people: Mapping[str, Any],
    cursor: str | None,
    *,
    limit: int,
    children: int | None = None,
    reach: int | None = None,
) -> Page[Entry]:
    """A page of the timeline; nobody's changes are an empty one."""
    if filters.user and filters.user not in people:
        return Page(items=(), newer=None, older=None)
    return entries_of(
        visit.session,
        subject.model,
        subject.key,
        cursor=cursor,
        limit=limit,
        field=filters.field or None,
        operation=OPERATIONS.get(filters.operation),
        at=filters.at,
        tracked=tracked_relationships(visit, subject),
        children=children,
        made=Made(user_id=people.get(filters.user)),
        reach=reach,
    )


def _go_to(visit: Visit, subject: Subject, as_of: AsOf) -> ResponseReturnValue:
    """Go to the version that the record had at a moment.

    :raises NotFound: when it was not there yet.
    """
    then = as_of_version(visit.session, subject.model, subject.key, as_of.transaction)
    if then is None:
        when = visit.moment(as_of.instant).full
        raise not_there_then(_("This record was not there yet on %(moment)s.", moment=when))
    see_version(visit, subject, then)
    at = entry_transaction_id(then)
    return redirect(visit.links.version(subject.model, subject.key, at, **same_format()))
