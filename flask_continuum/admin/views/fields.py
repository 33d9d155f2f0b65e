"""All fields of a record, and all values that one of them has had."""

from __future__ import annotations

from dataclasses import replace

from flask import request
from flask.typing import ResponseReturnValue

from flask_continuum.admin import bounds
from flask_continuum.admin.errors import bad_request, not_found
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.field import build_field
from flask_continuum.admin.pages.fields import build_fields
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import Subject, find_record
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.blame import blame, times_set
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.field_history import behind, history_of_field
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.presenters.addresses import BadAddress, decode_key


@page
def fields(visit: Visit, model: str, key: str) -> ResponseReturnValue:
    """Show every field of a record with its value now and who last changed it."""
    subject = find_record(visit, model, key)
    record = (subject.model, subject.key)
    return show(
        "fields",
        build_fields(
            visit,
            subject,
            blame(visit.session, record, depth=bounds.BLAMED),
            times_set(visit.session, record, depth=bounds.BLAMED),
            recorded(visit.session, subject.versioned),
        ),
    )


@page
def field(visit: Visit, model: str, key: str, field: str) -> ResponseReturnValue:
    """Show a page of the values that a field has had, newest first."""
    subject = find_record(visit, model, key)
    name = _shown_field(visit, subject, field)
    record = (subject.model, subject.key)
    cursor = request.args.get("cursor") or None
    try:
        # one more than the page shows, which the last one is compared with
        found = history_of_field(
            visit.session,
            record,
            name,
            limit=visit.page_size + 1,
            before=cursor,
            reach=bounds.BLAMED,
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    values, earlier = found, None
    if len(found.items) > visit.page_size:
        *shown, earlier = found.items
        values = replace(found, items=tuple(shown), older=behind(name, shown[-1]))
    return show(
        "field",
        build_field(visit, subject, name, values, earlier, first_page=cursor is None),
    )


def _shown_field(visit: Visit, subject: Subject, segment: str) -> str:
    """The field that a path segment names.

    :raises NotFound: when there is none, or its values may not be seen: when and how often a hidden
        value changed would tell of it, too.
    """
    try:
        (name,) = decode_key(segment, (str,))
    except BadAddress as error:
        raise not_found() from error
    masks = visit.masks(subject.versioned, record=subject.live, versions=(subject.newest,))
    if name not in subject.versioned.attributes or name in masks:
        raise not_found()
    return str(name)
