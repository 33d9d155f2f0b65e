"""Everybody who changed something, and what one person changed."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.errors import bad_request, not_found
from flask_continuum.admin.feed_query import read_user, seen_models
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.chart import chart_span
from flask_continuum.admin.pages.people import MOST, build_people, build_person
from flask_continuum.admin.rendering import show
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.people import people as people_of
from flask_continuum.engine.read.statistics import activity
from flask_continuum.engine.read.transactions import transactions


@page
def people(visit: Visit) -> ResponseReturnValue:
    """Show who changed something, those first who did last."""
    found = people_of(
        visit.session,
        visit.state.manager,
        limit=MOST + 1,
        among=bounds.AMONG,
        models=seen_models(visit),
    )
    return show("people", build_people(visit, found))


@page
def person(visit: Visit, user: str) -> ResponseReturnValue:
    """Show when and what one user changed."""
    manager, session = visit.state.manager, visit.session
    user_id = read_user(visit, user)
    cursor = request.args.get("cursor") or None
    seen = seen_models(visit)
    try:
        feed = transactions(
            session,
            manager,
            cursor=cursor,
            limit=visit.page_size,
            wanted=FeedFilter(user_id=user_id, models=seen),
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    if not feed.items and cursor is None:
        raise not_found()
    first, last = chart_span(visit.today)
    changed = activity(
        session, manager, first, last, models=seen, user_id=user_id, most=bounds.CHARTED
    )
    return show("person", build_person(visit, user_id, user, changed, feed))
