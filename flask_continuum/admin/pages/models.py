"""Every model with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from flask_continuum.admin.contexts import Empty, ModelRow, ModelsPage, Piece
from flask_continuum.admin.layout import Place, make_layout
from flask_continuum.admin.people import person_of
from flask_continuum.admin.records import plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import ModelStats
from flask_continuum.presenters.words import _, ngettext, number


def build_models(visit: Visit, stats: Sequence[ModelStats]) -> ModelsPage:
    """The page of all models that the person may see."""
    rows = show_models(visit, stats)
    return ModelsPage(
        layout=make_layout(
            visit,
            heading=_("Records"),
            subtitle=(
                Piece(
                    text=ngettext(
                        "%(num)s model with history", "%(num)s models with history", len(rows)
                    )
                ),
            ),
            place=Place.RECORDS,
        ),
        models=rows,
        empty=None
        if rows
        else Empty(
            heading=_("No model has a history"),
            words=_("Mark a model with __versioned__ = {}, and its records appear here."),
        ),
    )


def show_models(visit: Visit, stats: Sequence[ModelStats]) -> tuple[ModelRow, ...]:
    """Models in a table; those that may not be seen are left out."""
    return tuple(_row(visit, each) for each in stats if visit.access.sees_model(each.model))


def _row(visit: Visit, stats: ModelStats) -> ModelRow:
    last = stats.last
    return ModelRow(
        label=plural_of_model(stats.model),
        url=visit.links.model(stats.model),
        live=number(stats.live),
        deleted=number(stats.deleted),
        deleted_url=visit.links.model(stats.model, deleted="1") if stats.deleted else None,
        changes=number(stats.changes),
        last=visit.moment(last.issued_at) if last is not None else None,
        last_person=person_of(last) if last is not None else None,
    )
