"""The changes of all models."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.changes_file import feed_rows
from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.exporting import require_export, send_file, wanted_file
from flask_continuum.admin.feed_query import read_query, resolve, seen_models
from flask_continuum.admin.gate import page
from flask_continuum.admin.hidden_matches import without_hidden_matches
from flask_continuum.admin.pages.activity import build_activity
from flask_continuum.admin.rendering import show
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.people import people
from flask_continuum.engine.read.transactions import transactions
from flask_continuum.presenters.exports import CHANGES


@page
def activity(visit: Visit) -> ResponseReturnValue:
    """Show a page of the transactions that the filters leave, newest first."""
    manager, session = visit.state.manager, visit.session
    asked = read_query()
    wanted = resolve(visit, asked)
    form = wanted_file()
    if form is not None:
        require_export(visit.access.may_export())
        rows = feed_rows(visit, wanted, flat=form == "csv")
        return send_file(visit, "changes", form, CHANGES, rows)
    try:
        feed = transactions(
            session,
            manager,
            cursor=request.args.get("cursor") or None,
            limit=visit.page_size,
            wanted=wanted,
            reach=bounds.LOOKED_THROUGH if asked.active else None,
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    feed = without_hidden_matches(visit, feed, wanted)
    authors = people(session, manager, among=bounds.AMONG, models=seen_models(visit))
    return show("activity", build_activity(visit, asked, feed, authors))
