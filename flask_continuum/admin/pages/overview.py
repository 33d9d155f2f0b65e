"""The first page: search, activity, the latest transactions, the models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_continuum.admin.contexts import Chart, Empty, Link, OverviewPage, Piece
from flask_continuum.admin.layout import Place, make_layout, search_form
from flask_continuum.admin.pages.feed import no_transactions, show_feed, show_records
from flask_continuum.admin.pages.models import show_models
from flask_continuum.admin.paging import CHANGES, make_pager
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.counts import ModelStats
from flask_continuum.engine.read.results import Page, RecordRow, TransactionRow
from flask_continuum.presenters.words import _, ngettext, up_to


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
    counted = [each for each in stats if visit.access.sees_model(each.model)]
    changes = sum(min(each.changes, each.most or each.changes) for each in counted)
    partial = any(each.is_partial for each in counted)
    more = {"num": up_to(changes + 1, changes)} if partial else {}
    return OverviewPage(
        layout=make_layout(
            visit,
            heading=_(visit.state.settings.title),
            subtitle=(
                Piece(
                    text=_(
                        "%(changes)s of %(models)s",
                        changes=ngettext("%(num)s change", "%(num)s changes", changes, **more),
                        models=ngettext("%(num)s model", "%(num)s models", len(rows)),
                    )
                ),
            ),
            search=False,
            place=Place.OVERVIEW,
        ),
        search=search_form(visit, label=_("Find a record"), text=search, hint=True),
        chart=chart,
        days=days,
        feed_empty=None if days else no_transactions(),
        feed_url=visit.links.activity(),
        pager=make_pager(feed, visit.links.activity, {}, CHANGES),
        models=rows,
        results=found,
        results_heading=_found(search, found),
        results_empty=_nothing_found(visit, search) if found is not None and not found else None,
    )


def _found(search: str, found: Sequence[Any] | None) -> str:
    if found is None:
        return ""
    return ngettext(
        "%(num)s record found for “%(search)s”",
        "%(num)s records found for “%(search)s”",
        len(found),
        search=search,
    )


def _nothing_found(visit: Visit, search: str) -> Empty:
    return Empty(
        heading=_("No record was found for “%(search)s”", search=search),
        words=_(
            "The search looks for a part of a title, as it is or once was, or for a whole key."
        ),
        links=(Link(label=_("Clear the search"), url=visit.links.overview()),),
        kind="search",
    )
