"""A model's records as they were at a moment, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_continuum.admin.contexts import (
    Empty,
    FilterForm,
    Hidden,
    Link,
    ModelPage,
    Piece,
    Pill,
    Tab,
    TextInput,
)
from flask_continuum.admin.exporting import export_links
from flask_continuum.admin.layout import Place, make_layout, model_crumbs
from flask_continuum.admin.pages.feed import records_of, show_records
from flask_continuum.admin.paging import make_pager
from flask_continuum.admin.past import AsOf, make_banner
from flask_continuum.admin.records import name_of_model, operation_of, plural_of_model, refer
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.fates import Fate
from flask_continuum.engine.read.results import Page
from flask_continuum.engine.read.results import RecordRow as Row
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.labels import count_of, sentence_case

Key = tuple[Any, ...]


def build_past(
    visit: Visit,
    versioned: VersionedClass,
    found: Page[Row],
    as_of: AsOf,
    then: tuple[int, int],
    became: Mapping[Key, Fate],
    *,
    deleted: bool,
    search: str,
) -> ModelPage:
    """The page of a model as of a moment.

    :param then: how many records there were, and how many had been deleted.
    :param became: what became of those on the page.
    """
    model, plural = versioned.model, plural_of_model(versioned.model)
    others = ({"deleted": "1"} if deleted else {}) | ({"q": search} if search else {})
    query = others | as_of.query
    rows = show_records(
        visit,
        found.items,
        search=search,
        fate=lambda row: _fate(visit, row, became.get(row.key)),
    )
    live, gone = then
    return ModelPage(
        layout=make_layout(
            visit,
            heading=plural,
            title=f"{plural} on {visit.moment(as_of.instant).full}",
            crumbs=model_crumbs(visit, model, here=True),
            subtitle=(Piece(text=f"{records_of(live, model)} existed then"),),
            tabs=(
                Tab(
                    label="Live then",
                    url=visit.links.model(model, **as_of.query),
                    current=not deleted,
                    count=f"{live:,}",
                ),
                Tab(
                    label="Deleted by then",
                    url=visit.links.model(model, deleted="1", **as_of.query),
                    current=deleted,
                    count=f"{gone:,}",
                ),
            ),
            tabs_label=plural,
            actions=(
                Link(
                    label="What changed since",
                    url=visit.links.activity(
                        model=visit.links.segments[model],
                        since=as_of.instant.date().isoformat(),
                    ),
                ),
                *export_links(
                    visit.access.may_export(model),
                    lambda **more: visit.links.model(model, **query, **more),
                ),
            ),
            place=Place.RECORDS,
        ),
        banner=make_banner(
            visit, versioned, as_of, lambda **more: visit.links.model(model, **(others | more))
        ),
        filter=FilterForm(
            action=visit.links.model(model),
            label=f"Find {sentence_case(plural)}",
            text=TextInput(name="q", label="Title or key then", value=search),
            hidden=(
                *((Hidden(name="deleted", value="1"),) if deleted else ()),
                Hidden(name="as_of", value=as_of.text),
            ),
            active=bool(search),
            clear_url=visit.links.model(
                model, **(({"deleted": "1"} if deleted else {}) | as_of.query)
            ),
        ),
        caption=f"{plural} on {visit.moment(as_of.instant).full}",
        deleted=deleted,
        rows=rows,
        pager=make_pager(
            found,
            lambda **more: visit.links.model(model, **more),
            query,
            what=sentence_case(plural),
        ),
        empty=None if rows else _empty(visit, model, as_of, deleted=deleted, search=search),
    )


def _fate(visit: Visit, row: Row, fate: Fate | None) -> tuple[Pill | None, tuple[Piece, ...]]:
    if fate is None or fate.changes == 0:
        return None, (Piece(text="Unchanged", soft=True),)
    newest = fate.version
    versioned = visit.registry.of(newest)
    if not visit.access.sees(versioned.model, version=newest):
        return None, ()
    at = entry_transaction_id(newest)
    if operation_of(newest) is Operation.DELETE:
        link = Piece(text=f"#{at}", url=visit.links.transaction_at(at), mono=True)
        return Pill(words="Deleted", tone="del"), (Piece(text="in "), link)
    before = refer(visit, visit.registry.of(row.version), row.version)
    now = refer(visit, versioned, newest)
    if now.label != before.label:
        return None, (
            Piece(text="Called "),
            Piece(text=now.label, url=now.url),
            Piece(text=" now"),
        )
    return None, (Piece(text=f"{count_of(fate.changes, 'change')} since"),)


def _empty(visit: Visit, model: type[Any], as_of: AsOf, *, deleted: bool, search: str) -> Empty:
    name, plural = sentence_case(name_of_model(model)), sentence_case(plural_of_model(model))
    now = Link(label="Back to now", url=visit.links.model(model))
    if search:
        every = Link(label="Search all times", url=visit.links.overview(q=search))
        return Empty(
            heading=f"No {name} was called “{search}” then",
            words="The search looks for a part of the title, or for the whole key.",
            links=(every, now),
            kind="search",
        )
    if deleted:
        return Empty(
            heading="Nothing had been deleted by then",
            words=f"Every {name} that there had been was still there.",
            links=(now,),
        )
    return Empty(
        heading=f"There were no {plural} then",
        words=f"No {name} had been saved yet, or all had been deleted.",
        links=(now,),
    )
