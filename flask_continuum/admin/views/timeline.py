"""The timeline of a record."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.feed_query import OPERATIONS
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.timeline import Filters, build_timeline, fields_to_filter
from flask_continuum.admin.subjects import find_record, read_number
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.navigation import lives as lives_of
from flask_continuum.engine.read.results import Entry, Page
from flask_continuum.engine.read.timeline import authors as authors_of
from flask_continuum.engine.read.timeline import timeline as entries_of


@page
def timeline(visit: Visit, model: str, key: str) -> ResponseReturnValue:
    """Show a page of a record's versions, newest first."""
    subject = find_record(visit, model, key)
    filters = Filters(
        field=request.args.get("field", ""),
        user=request.args.get("user", ""),
        operation=request.args.get("operation", ""),
        life=request.args.get("life", ""),
        at=read_number(request.args.get("life"), "life"),
    )
    if filters.operation and filters.operation not in OPERATIONS:
        raise bad_request(f"“operation” is one of {', '.join(OPERATIONS)}.")
    if filters.field and filters.field not in fields_to_filter(visit, subject):
        raise bad_request("“field” names no field of this record.")
    authors = authors_of(visit.session, subject.model, subject.key)
    people = {
        str(author.transaction.user_id): author.transaction.user_id
        for author in authors
        if getattr(author.transaction, "user_id", None) is not None
    }
    if filters.user and filters.user not in people:
        entries: Page[Entry] = Page(items=(), newer=None, older=None)
    else:
        try:
            entries = entries_of(
                visit.session,
                subject.model,
                subject.key,
                cursor=request.args.get("cursor") or None,
                limit=visit.page_size,
                field=filters.field or None,
                user_id=people.get(filters.user),
                operation=OPERATIONS.get(filters.operation),
                at=filters.at,
            )
        except BadCursor as error:
            raise bad_request(str(error)) from error
    lives = lives_of(visit.session, subject.model, subject.key)
    return render_template(
        "continuum/timeline.html",
        page=build_timeline(visit, subject, entries, authors, lives, filters),
    )
