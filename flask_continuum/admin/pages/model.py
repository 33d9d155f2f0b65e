"""A model's records, live or deleted."""

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
    Tab,
    TextInput,
)
from flask_continuum.admin.exporting import export_links
from flask_continuum.admin.layout import Place, make_layout, model_crumbs
from flask_continuum.admin.pages.feed import records_of, show_records
from flask_continuum.admin.paging import make_pager
from flask_continuum.admin.past import make_form
from flask_continuum.admin.records import name_of_model, plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import ModelStats, Page, RecordRow
from flask_continuum.presenters.labels import count_of, sentence_case


def build_model(
    visit: Visit,
    model: type[Any],
    page: Page[RecordRow],
    stats: ModelStats | None,
    *,
    deleted: bool,
    search: str,
) -> ModelPage:
    """The page of a model.

    :param stats: the model's numbers, where it is counted by itself.
    """
    plural = plural_of_model(model)
    query = ({"deleted": "1"} if deleted else {}) | ({"q": search} if search else {})
    rows = show_records(visit, page.items, search=search)
    return ModelPage(
        layout=make_layout(
            visit,
            heading=plural,
            crumbs=model_crumbs(visit, model, here=True),
            subtitle=_subtitle(model, stats),
            tabs=(
                Tab(
                    label="Live",
                    url=visit.links.model(model),
                    current=not deleted,
                    count=f"{stats.live:,}" if stats else None,
                ),
                Tab(
                    label="Deleted",
                    url=visit.links.model(model, deleted="1"),
                    current=deleted,
                    count=f"{stats.deleted:,}" if stats else None,
                ),
            ),
            tabs_label=plural,
            actions=export_links(
                visit.access.may_export(model),
                lambda **more: visit.links.model(model, **query, **more),
            ),
            place=Place.RECORDS,
        ),
        filter=FilterForm(
            action=visit.links.model(model),
            label=f"Find {sentence_case(plural)}",
            text=TextInput(name="q", label="Title or key", value=search),
            hidden=(Hidden(name="deleted", value="1"),) if deleted else (),
            active=bool(search),
            clear_url=visit.links.model(model, **({"deleted": "1"} if deleted else {})),
        ),
        caption=f"{'Deleted' if deleted else 'Live'} {sentence_case(plural)}",
        deleted=deleted,
        rows=rows,
        pager=make_pager(
            page,
            lambda **query: visit.links.model(model, **query),
            query,
            what=sentence_case(plural),
        ),
        empty=None if rows else _empty(visit, model, deleted=deleted, search=search),
        travel=make_form(visit, visit.links.model(model), None),
    )


def _subtitle(model: type[Any], stats: ModelStats | None) -> tuple[Piece, ...]:
    if stats is None:
        return ()
    words = f"{records_of(stats.live, model)} live, {stats.deleted:,} deleted, "
    return (Piece(text=words + count_of(stats.changes, "version")),)


def _empty(visit: Visit, model: type[Any], *, deleted: bool, search: str) -> Empty:
    name = sentence_case(name_of_model(model))
    plural = sentence_case(plural_of_model(model))
    live = Link(label=f"See live {plural}", url=visit.links.model(model))
    gone = Link(label=f"See deleted {plural}", url=visit.links.model(model, deleted="1"))
    if search:
        query: Mapping[str, str] = {"deleted": "1"} if deleted else {}
        other = {"q": search} if deleted else {"q": search, "deleted": "1"}
        return Empty(
            heading=f"No {name} was found for “{search}”",
            words="The search looks for a part of the title, or for the whole key.",
            links=(
                Link(
                    label="Search live ones" if deleted else "Search deleted ones",
                    url=visit.links.model(model, **other),
                ),
                Link(label="Clear filters", url=visit.links.model(model, **query)),
            ),
            kind="search",
        )
    if deleted:
        return Empty(
            heading="Nothing has been deleted",
            words=f"A deleted {name} stays here with its whole history, and can be brought back.",
            links=(live,),
        )
    return Empty(
        heading=f"No {plural} yet",
        words=f"Each {name} appears here as soon as the application saves it.",
        links=(gone,),
    )
