"""A model's records as they were at a moment, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask_continuum.admin import bounds
from flask_continuum.admin.contexts import Empty, Link, ModelPage, Piece, Pill
from flask_continuum.admin.pages.feed import records_of, show_records
from flask_continuum.admin.pages.record_list import Frame, ListQuery, build_list
from flask_continuum.admin.past import AsOf, make_banner
from flask_continuum.admin.records import name_of_model, operation_of, plural_of_model, refer
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.fates import Fate
from flask_continuum.engine.read.results import Page
from flask_continuum.engine.read.results import RecordRow as Row
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.labels import sentence_case
from flask_continuum.presenters.words import _, ngettext, number, up_to

Key = tuple[Any, ...]


def build_past(
    visit: Visit,
    asked: ListQuery,
    as_of: AsOf,
    found: Page[Row],
    then: tuple[int, int] | None,
    became: Mapping[Key, Fate],
) -> ModelPage:
    """The page of a model as of a moment.

    :param as_of: the moment that is asked for.
    :param then: how many records there were, and how many had been deleted; ``None`` when they
        are too many to count.
    :param became: what became of those on the page.
    """
    model = asked.model
    live, gone = (None, None) if then is None else then
    caption = _(
        "%(models)s on %(moment)s",
        models=plural_of_model(model),
        moment=visit.moment(as_of.instant).full,
    )
    frame = Frame(
        title=caption,
        caption=caption,
        subtitle=()
        if live is None
        else (Piece(text=_("%(records)s existed then", records=records_of(live, model))),),
        tabs=(
            (_("Live then"), None if live is None else number(live)),
            (_("Deleted by then"), None if gone is None else number(gone)),
        ),
        find=_("Title or key then"),
        rows=show_records(
            visit,
            found.items,
            search=asked.search,
            fate=lambda row: _fate(visit, row, became.get(row.key)),
        ),
        empty=_empty(visit, asked),
        actions=(
            Link(
                label=_("What changed since"),
                url=visit.links.activity(
                    model=visit.links.segments[model], since=as_of.instant.date().isoformat()
                ),
            ),
        ),
        banner=make_banner(
            visit, visit.registry.of(model), as_of, asked.filters, partial(visit.links.model, model)
        ),
    )
    return build_list(visit, asked, found, frame)


def _fate(visit: Visit, row: Row, fate: Fate | None) -> tuple[Pill | None, tuple[Piece, ...]]:
    if fate is None or fate.changes == 0:
        return None, (Piece(text=_("Unchanged"), soft=True),)
    newest = fate.version
    versioned = visit.registry.of(newest)
    if not visit.access.sees(versioned.model, version=newest):
        return None, ()
    at = entry_transaction_id(newest)
    if operation_of(newest) is Operation.DELETE:
        link = Piece(text=f"#{at}", url=visit.links.transaction_at(at), mono=True)
        return Pill(words=_("Deleted"), tone="del"), pieces(
            _("in %(transaction)s"), transaction=link
        )
    before = refer(visit, visit.registry.of(row.version), row.version)
    now = refer(visit, versioned, newest)
    if now.label != before.label:
        title = Piece(text=now.label, url=now.url)
        return None, pieces(_("Called %(title)s now"), title=title)
    words = ngettext(
        "%(num)s change since",
        "%(num)s changes since",
        fate.changes,
        num=up_to(fate.changes, bounds.SINCE),
    )
    return None, (Piece(text=words),)


def _empty(visit: Visit, asked: ListQuery) -> Empty:
    model = asked.model
    name, plural = sentence_case(name_of_model(model)), sentence_case(plural_of_model(model))
    now = Link(label=_("Back to now"), url=visit.links.model(model))
    if asked.search:
        every = Link(label=_("Search all times"), url=visit.links.overview(q=asked.search))
        return Empty(
            heading=_("No %(model)s was called “%(search)s” then", model=name, search=asked.search),
            words=_("The search looks for a part of the title, or for the whole key."),
            links=(every, now),
            kind="search",
        )
    if asked.deleted:
        return Empty(
            heading=_("Nothing had been deleted by then"),
            words=_("Every %(model)s that there had been was still there.", model=name),
            links=(now,),
        )
    return Empty(
        heading=_("There were no %(models)s then", models=plural),
        words=_("No %(model)s had been saved yet, or all had been deleted.", model=name),
        links=(now,),
    )
