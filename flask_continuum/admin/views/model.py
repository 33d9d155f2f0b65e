"""The records of a model."""

from __future__ import annotations

from functools import partial

from flask import request
from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.exporting import BATCH, require_export, send_file, wanted_file
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.model import build_model
from flask_continuum.admin.pages.past import build_past
from flask_continuum.admin.pages.record_list import ListQuery
from flask_continuum.admin.past import read_as_of
from flask_continuum.admin.records_file import columns_of, model_rows
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import find_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.fates import count_then, fates
from flask_continuum.engine.read.records import records
from flask_continuum.engine.read.statistics import model_stats

LONGEST_SEARCH = 200


@page
def model(visit: Visit, model: str) -> ResponseReturnValue:
    """Show a page of a model's records, the newest change first."""
    versioned = find_model(visit, model)
    as_of = read_as_of(visit, versioned)
    asked = ListQuery(
        versioned.model,
        deleted=request.args.get("deleted") == "1",
        search=request.args.get("q", "").strip()[:LONGEST_SEARCH],
        as_of=as_of,
    )
    read = partial(
        records,
        visit.session,
        versioned.model,
        deleted=asked.deleted,
        search=asked.search or None,
        fields=visit.searchable(versioned),
        at=None if as_of is None else as_of.transaction,
    )
    form = wanted_file()
    if form is not None:
        require_export(visit.access.may_export(versioned.model))
        rows = model_rows(
            visit,
            versioned,
            lambda cursor: read(cursor=cursor, limit=BATCH),
            search=asked.search,
        )
        return send_file(visit, model, form, columns_of(visit, versioned), rows)
    try:
        found = read(
            cursor=request.args.get("cursor") or None, limit=visit.page_size, reach=bounds.LISTED
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    if as_of is not None:
        then = count_then(visit.session, versioned.model, as_of.transaction, most=bounds.COUNTED)
        became = fates(
            visit.session,
            versioned.model,
            [row.key for row in found],
            as_of.transaction,
            most=bounds.SINCE,
        )
        past = build_past(visit, asked, as_of, found, then, became)
        return show("model", past)
    counted = model_stats(visit.session, visit.state.manager, most=bounds.COUNTED)
    stats = {each.model: each for each in counted}
    now = build_model(visit, asked, found, stats.get(versioned.model))
    return show("model", now)
