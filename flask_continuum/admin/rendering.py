"""Answers with a page, in the form that is asked for: HTML or JSON."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, make_response, render_template, request

from flask_continuum.admin.json_view import page_json

JSON = "json"
"""The value of ``format`` in an address that asks for JSON."""
_TYPES = ("text/html", "application/json")


def show(template: str, page: Any, status: int = 200) -> Response:
    """Answer with a page.

    :param template: its name below ``continuum/``, without its ending.
    :param page: its context.
    """
    if not wants_json():
        return make_response(render_template(f"continuum/{template}.html", page=page), status)
    # ASCII alone: half a pair of surrogates has no other form
    text = json.dumps(page_json(page), ensure_ascii=True, allow_nan=False)
    return Response(f"{text}\n", status, content_type=_TYPES[1])


def wants_json() -> bool:
    """True when the request asks for JSON: by its address, else by preferring it to HTML."""
    if "format" in request.args:
        return request.args["format"] == JSON
    # of two that are wanted alike the one that is named more exactly, then HTML
    return request.accept_mimetypes.best_match(_TYPES, _TYPES[0]) == _TYPES[1]


def same_format() -> dict[str, str]:
    """What the address of a redirect needs, so that it is answered in the same form."""
    return {"format": JSON} if request.args.get("format") == JSON else {}
