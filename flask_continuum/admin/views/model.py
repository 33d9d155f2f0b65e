"""The records of a model."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.model import build_model
from flask_continuum.admin.subjects import find_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.records import records
from flask_continuum.engine.read.statistics import model_stats

LONGEST_SEARCH = 200


@page
def model(visit: Visit, model: str) -> ResponseReturnValue:
    """Show a page of a model's records, the newest change first."""
    versioned = find_model(visit, model)
    deleted = request.args.get("deleted") == "1"
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    try:
        found = records(
            visit.session,
            versioned.model,
            deleted=deleted,
            search=search or None,
            cursor=request.args.get("cursor") or None,
            limit=visit.page_size,
            fields=visit.searchable(versioned),
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    stats = {each.model: each for each in model_stats(visit.session, visit.state.manager)}
    return render_template(
        "continuum/model.html",
        page=build_model(
            visit,
            versioned.model,
            found,
            stats.get(versioned.model),
            deleted=deleted,
            search=search,
        ),
    )
