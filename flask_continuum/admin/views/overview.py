"""The first page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.chart import chart_span, make_chart
from flask_continuum.admin.pages.overview import build_overview
from flask_continuum.admin.views.model import LONGEST_SEARCH
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.families import bases, families
from flask_continuum.engine.read.navigation import transaction_at
from flask_continuum.engine.read.results import DayCount
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
            return redirect(visit.links.transaction(found))
    until = _read_day(request.args.get("until"))
    cursor = request.args.get("cursor") or (_cursor_until(visit, until) if until else None)
    try:
        feed = transactions(session, manager, cursor=cursor, limit=min(FEED_SIZE, visit.page_size))
    except cursors.BadCursor as error:
        raise bad_request(str(error)) from error
    results = (
        find_records(session, manager, search, RESULTS, searchable=visit.searchable)
        if search
        else None
    )
    chart = make_chart(
        _activity(visit),
        visit.today,
        lambda monday: visit.links.overview(until=(monday + timedelta(days=6)).isoformat()),
    )
    return render_template(
        "continuum/overview.html",
        page=build_overview(
            visit,
            chart=chart,
            feed=feed,
            stats=model_stats(session, manager),
            search=search,
            results=results,
            until=until,
        ),
    )


def _activity(visit: Visit) -> Sequence[DayCount]:
    """Changes per day, of those models only that the person may see."""
    manager, session = visit.state.manager, visit.session
    first, last = chart_span(visit.today)
    models = [each.model for each in bases(manager.registry)]
    seen = [model for model in models if visit.access.sees_model(model)]
    if len(seen) == len(models):
        return activity(session, manager, first, last)
    days: dict[date, DayCount] = {}
    for model in seen:
        for count in activity(session, manager, first, last, model):
            before = days.get(count.day, DayCount(count.day, 0, 0, 0, 0))
            days[count.day] = DayCount(
                count.day,
                before.inserted + count.inserted,
                before.updated + count.updated,
                before.deleted + count.deleted,
                before.reverted + count.reverted,
            )
    return [days[day] for day in sorted(days)]


def _read_day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad_request("“until” is a day such as 2026-11-23.") from error


def _cursor_until(visit: Visit, until: date) -> str:
    """The place in the feed where the transactions of a day end."""
    try:
        midnight = datetime.combine(until, time(), tzinfo=visit.zone) + timedelta(days=1)
        end = midnight.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise bad_request("“until” is a day such as 2026-11-23.") from error
    values = [
        (transaction_at(visit.session, entries[0].model, end) or 0) + 1
        for entries in families(visit.registry).values()
    ]
    return cursors.write("transactions", False, values)
