"""Every model with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from flask_continuum.admin.contexts import Empty, ModelRow, ModelsPage, Piece
from flask_continuum.admin.layout import Place, make_layout
from flask_continuum.admin.people import person_of
from flask_continuum.admin.records import plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.counts import ModelStats
from flask_continuum.presenters.words import _, ngettext, number, up_to


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
        live=up_to(stats.live, stats.most),
        deleted=deleted_of(stats) or _("not counted"),
        deleted_url=visit.links.model(stats.model, deleted="1")
        if stats.deleted or stats.is_partial
        else None,
        changes=up_to(stats.changes, stats.most),
        last=visit.moment(last.issued_at) if last is not None else None,
        last_person=person_of(last) if last is not None else None,
    )


def deleted_of(stats: ModelStats) -> str | None:
    """How many records of a model were deleted; ``None`` where nobody knows."""
    if not stats.is_partial:
        return number(stats.deleted)
    return _("%(number)s or more", number=number(stats.deleted)) if stats.deleted else None
