"""A model's records as they are now, live or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_continuum.admin.contexts import Empty, Link, ModelPage, Piece
from flask_continuum.admin.pages.feed import records_of, show_records
from flask_continuum.admin.pages.models import deleted_of
from flask_continuum.admin.pages.record_list import Frame, ListQuery, build_list
from flask_continuum.admin.past import make_form
from flask_continuum.admin.records import name_of_model, plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.counts import ModelStats
from flask_continuum.engine.read.results import Page, RecordRow
from flask_continuum.presenters.labels import sentence_case
from flask_continuum.presenters.words import _, ngettext, up_to


def build_model(
    visit: Visit, asked: ListQuery, found: Page[RecordRow], stats: ModelStats | None
) -> ModelPage:
    """The page of a model.

    :param stats: the model's numbers, where it is counted by itself.
    """
    model, plural = asked.model, sentence_case(plural_of_model(asked.model))
    frame = Frame(
        caption=_("Deleted %(models)s", models=plural)
        if asked.deleted
        else _("Live %(models)s", models=plural),
        subtitle=_subtitle(model, stats),
        tabs=(
            (_("Live"), up_to(stats.live, stats.most) if stats else None),
            (_("Deleted"), deleted_of(stats) if stats else None),
        ),
        find=_("Title or key"),
        rows=show_records(visit, found.items, search=asked.search),
        empty=_empty(visit, asked),
        travel=make_form(visit, visit.links.model(model), None, asked.filters),
    )
    return build_list(visit, asked, found, frame)


def _subtitle(model: type[Any], stats: ModelStats | None) -> tuple[Piece, ...]:
    if stats is None:
        return ()
    live = records_of(stats.live, model, most=stats.most)
    deleted = deleted_of(stats)
    versions = ngettext(
        "%(num)s version", "%(num)s versions", stats.changes, num=up_to(stats.changes, stats.most)
    )
    if deleted is None:
        words = _("%(live)s live, %(versions)s", live=live, versions=versions)
    else:
        words = _(
            "%(live)s live, %(deleted)s deleted, %(versions)s",
            live=live,
            deleted=deleted,
            versions=versions,
        )
    return (Piece(text=words),)


def _empty(visit: Visit, asked: ListQuery) -> Empty:
    model, deleted, search = asked.model, asked.deleted, asked.search
    name = sentence_case(name_of_model(model))
    plural = sentence_case(plural_of_model(model))
    live = Link(label=_("See live %(models)s", models=plural), url=visit.links.model(model))
    gone = Link(
        label=_("See deleted %(models)s", models=plural), url=visit.links.model(model, deleted="1")
    )
    if search:
        other: Mapping[str, str] = {"q": search} if deleted else {"q": search, "deleted": "1"}
        return Empty(
            heading=_("No %(model)s was found for “%(search)s”", model=name, search=search),
            words=_("The search looks for a part of the title, or for the whole key."),
            links=(
                Link(
                    label=_("Search live ones") if deleted else _("Search deleted ones"),
                    url=visit.links.model(model, **other),
                ),
                Link(label=_("Clear filters"), url=visit.links.model(model, **asked.tab)),
            ),
            kind="search",
        )
    if deleted:
        return Empty(
            heading=_("Nothing has been deleted"),
            words=_(
                "A deleted %(model)s stays here with its whole history, and can be brought back.",
                model=name,
            ),
            links=(live,),
        )
    return Empty(
        heading=_("No %(models)s yet", models=plural),
        words=_("Each %(model)s appears here as soon as the application saves it.", model=name),
        links=(gone,),
    )
