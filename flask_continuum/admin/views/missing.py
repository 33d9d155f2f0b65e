"""Addresses below the prefix that are no page."""

from __future__ import annotations

from flask import current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import page
from flask_continuum.admin.visit import Visit


@page
def missing(visit: Visit, rest: str) -> ResponseReturnValue:
    """Say that there is no such page, or that it does not take this method."""
    methods = _methods_of(request.path)
    if methods and request.method not in methods:
        raise MethodNotAllowed(valid_methods=methods)
    shorter = request.path.rstrip("/")
    if request.method == "GET" and shorter != request.path and _methods_of(shorter):
        return redirect(request.script_root + shorter)
    raise not_found()


def _methods_of(path: str) -> list[str]:
    """The methods that the page at a path takes; none where there is no page."""
    adapter = current_app.create_url_adapter(request)
    if adapter is None:
        return []
    found = []
    for method in ("GET", "POST"):
        try:
            endpoint, _ = adapter.match(path, method=method)
        except HTTPException:
            continue
        if endpoint != "continuum.missing":
            found.append(method)
    return found
