"""The first page."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.feed_query import seen_models
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.chart import chart_span, days_of_week, make_chart
from flask_continuum.admin.pages.overview import build_overview
from flask_continuum.admin.rendering import same_format, show
from flask_continuum.admin.views.model import LONGEST_SEARCH
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.search import search as find_records
from flask_continuum.engine.read.statistics import activity, model_stats
from flask_continuum.engine.read.transactions import transaction_by_uid, transactions

FEED_SIZE = 20
RESULTS = 20


@page
def overview(visit: Visit) -> ResponseReturnValue:
    """Show activity, the latest transactions and all models, or what a search found."""
    manager, session = visit.state.manager, visit.session
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    if search.startswith("#") and search[1:].isdecimal():
        found = transaction_by_uid(session, manager, search[1:])
        if found is not None:
            return redirect(visit.links.transaction(found, **same_format()))
    seen = seen_models(visit)
    feed = transactions(
        session,
        manager,
        limit=min(FEED_SIZE, visit.page_size),
        wanted=FeedFilter(models=seen),
    )
    results = (
        find_records(session, manager, search, RESULTS, searchable=visit.searchable)
        if search
        else None
    )
    first, last = chart_span(visit.today)
    chart = make_chart(
        activity(session, manager, first, last, models=seen, most=bounds.CHARTED),
        visit.today,
        lambda monday: visit.links.activity(**days_of_week(monday)),
    )
    return show(
        "overview",
        build_overview(
            visit,
            chart=chart,
            feed=feed,
            stats=model_stats(session, manager, most=bounds.COUNTED),
            search=search,
            results=results,
        ),
    )
