"""Who looked at which page of the history, for those who may know."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from flask_continuum.access_log import read_access_log
from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.access_log import AccessFilter, build_access_log
from flask_continuum.admin.rendering import show
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.cursors import BadCursor


@page
def access_log(visit: Visit) -> ResponseReturnValue:
    """Show who looked, newest first."""
    may = visit.access.may_view_access_log()
    if not may.allowed:
        raise Forbidden(may.reason)
    wanted = AccessFilter(
        text=request.args.get("q", "").strip(), answer=request.args.get("answer", "")
    )
    hidden = [
        visit.links.segments[versioned.model]
        for versioned in visit.registry.classes()
        if not visit.access.sees_model(versioned.model)
    ]
    try:
        found = read_access_log(
            visit.session,
            who=wanted.who,
            model=wanted.model,
            key=wanted.key,
            allowed=wanted.allowed,
            hidden_models=hidden,
            cursor=request.args.get("cursor") or None,
            limit=visit.page_size,
        )
    except BadCursor as error:
        raise bad_request(str(error)) from error
    return show("access_log", build_access_log(visit, wanted, found))
