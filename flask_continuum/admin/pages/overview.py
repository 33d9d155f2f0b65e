"""The first page: search, activity, the latest transactions, the models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_continuum.admin.contexts import Chart, Empty, Link, OverviewPage, Piece
from flask_continuum.admin.layout import Place, make_layout, search_form
from flask_continuum.admin.pages.feed import show_feed, show_records
from flask_continuum.admin.pages.models import show_models
from flask_continuum.admin.paging import make_pager
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import ModelStats, Page, RecordRow, TransactionRow
from flask_continuum.presenters.labels import count_of
from flask_continuum.presenters.words import _

NO_TRANSACTIONS = Empty(
    heading="Nothing has changed yet",
    words="Each change that the application saves appears here: who, when and what.",
)


def build_overview(
    visit: Visit,
    *,
    chart: Chart,
    feed: Page[TransactionRow],
    stats: Sequence[ModelStats],
    search: str,
    results: Sequence[RecordRow] | None,
) -> OverviewPage:
    """The overview.

    :param results: what the search found, ``None`` when nothing was searched for.
    """
    rows = show_models(visit, stats)
    days = show_feed(visit, feed.items)
    found = show_records(visit, results, search=search) if results is not None else None
    changes = sum(each.changes for each in stats if visit.access.sees_model(each.model))
    return OverviewPage(
        layout=make_layout(
            visit,
            heading=visit.state.settings.title,
            subtitle=(
                Piece(text=f"{count_of(changes, 'change')} of {count_of(len(rows), 'model')}"),
            ),
            search=False,
            place=Place.OVERVIEW,
        ),
        search=search_form(visit, label=_("Find a record"), text=search, hint=True),
        chart=chart,
        days=days,
        feed_empty=None if days else NO_TRANSACTIONS,
        feed_url=visit.links.activity(),
        pager=make_pager(feed, visit.links.activity, {}, what="changes"),
        models=rows,
        results=found,
        results_heading=_found(search, found),
        results_empty=_nothing_found(visit, search) if found is not None and not found else None,
    )


def _found(search: str, found: Sequence[Any] | None) -> str:
    return f"{count_of(len(found), 'record')} found for “{search}”" if found is not None else ""


def _nothing_found(visit: Visit, search: str) -> Empty:
    return Empty(
        heading=f"No record was found for “{search}”",
        words=_(
            "The search looks for a part of a title, as it is or once was, or for a whole key."
        ),
        links=(Link(label=_("Clear the search"), url=visit.links.overview()),),
        kind="search",
    )
