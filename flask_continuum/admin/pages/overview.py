"""The first page: search, activity, the latest transactions, the models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_continuum.admin.contexts import Chart, Empty, Link, ModelRow, OverviewPage, Piece
from flask_continuum.admin.layout import make_layout, search_form
from flask_continuum.admin.pages.feed import show_feed, show_records
from flask_continuum.admin.paging import make_pager
from flask_continuum.admin.people import person_of
from flask_continuum.admin.records import plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import ModelStats, Page, RecordRow, TransactionRow
from flask_continuum.presenters.dates import date_text
from flask_continuum.presenters.labels import count_of


def build_overview(
    visit: Visit,
    *,
    chart: Chart,
    feed: Page[TransactionRow],
    stats: Sequence[ModelStats],
    search: str,
    results: Sequence[RecordRow] | None,
    until: date | None,
) -> OverviewPage:
    """The overview.

    :param results: what the search found, ``None`` when nothing was searched for.
    :param until: the last day of the feed's first page, ``None`` for the present.
    """
    seen = [each for each in stats if visit.access.sees_model(each.model)]
    rows = tuple(_model(visit, each) for each in seen)
    days = show_feed(visit, feed.items)
    found = show_records(visit, results, search=search) if results is not None else None
    changes = sum(each.changes for each in seen)
    return OverviewPage(
        layout=make_layout(
            visit,
            heading=visit.state.settings.title,
            subtitle=(
                Piece(text=f"{count_of(changes, 'change')} of {count_of(len(seen), 'model')}"),
                Piece(text=f", transactions until {date_text(until)}" if until else ""),
            ),
            search=False,
            at_home=True,
        ),
        search=search_form(visit, label="Find a record", text=search, hint=True),
        chart=chart,
        days=days,
        feed_empty=None if days else _no_transactions(visit, until),
        pager=make_pager(feed, visit.links.overview, {}, what="transactions"),
        models=rows,
        results=found,
        results_heading=_found(search, found),
        results_empty=_nothing_found(visit, search) if found is not None and not found else None,
    )


def _model(visit: Visit, stats: ModelStats) -> ModelRow:
    last = stats.last
    return ModelRow(
        label=plural_of_model(stats.model),
        url=visit.links.model(stats.model),
        live=f"{stats.live:,}",
        deleted=f"{stats.deleted:,}",
        deleted_url=visit.links.model(stats.model, deleted="1") if stats.deleted else None,
        changes=f"{stats.changes:,}",
        last=visit.moment(last.issued_at) if last is not None else None,
        last_person=person_of(last) if last is not None else None,
    )


def _found(search: str, found: Sequence[Any] | None) -> str:
    return f"{count_of(len(found), 'record')} found for “{search}”" if found is not None else ""


def _nothing_found(visit: Visit, search: str) -> Empty:
    return Empty(
        heading=f"No record was found for “{search}”",
        words="The search looks for a part of a title, as it is or once was, or for a whole key.",
        links=(Link(label="Clear the search", url=visit.links.overview()),),
        kind="search",
    )


def _no_transactions(visit: Visit, until: date | None) -> Empty:
    if until is not None:
        return Empty(
            heading="Nothing changed until then",
            words=f"The history holds nothing up to {date_text(until)}.",
            links=(Link(label="See the latest", url=visit.links.overview()),),
            kind="search",
        )
    return Empty(
        heading="Nothing has changed yet",
        words="Each change that the application saves appears here: who, when and what.",
    )
