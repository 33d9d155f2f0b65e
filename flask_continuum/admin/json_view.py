"""Pages as JSON: what their templates are given, without what only drawing needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from flask_continuum.admin.contexts import (
    Bar,
    Chart,
    Layout,
    Moment,
    Person,
    Piece,
    Week,
)
from flask_continuum.presenters.json_displays import display_json
from flask_continuum.presenters.json_results import JsonChange
from flask_continuum.presenters.text_results import Block
from flask_continuum.presenters.values import Display

DRAWING: Mapping[type[Any], frozenset[str]] = {
    Layout: frozenset(
        {"brand", "home_url", "menu", "tabs_label", "search", "viewer", "language", "direction"}
    ),
    Person: frozenset({"initials", "colour"}),
    Chart: frozenset({"width", "height", "lines", "axis", "months"}),
    Week: frozenset({"x", "width", "bars"}),
    Bar: frozenset({"x", "y", "width", "height"}),
    # the same as before and after, as the page has them
    JsonChange: frozenset({"old", "new", "old_path", "new_path"}),
    Block: frozenset({"preview"}),
}
"""The fields of contexts that no reader of JSON needs."""
_CAPITAL = re.compile("(?<!^)(?=[A-Z])")
SENTENCE = "tuple[Piece, ...]"
"""The type of a field that holds a sentence, as its class says it."""


def page_json(page: Any) -> dict[str, Any]:
    """Return the context of a page in types that JSON has.

    The first member, ``page``, is the name of the page: ``timeline`` for a ``TimelinePage``.
    """
    name = _CAPITAL.sub("_", type(page).__name__.removesuffix("Page")).lower()
    found: dict[str, Any] = {"page": name}
    return found | _members(page)


def _members(thing: Any) -> dict[str, Any]:
    left_out = DRAWING.get(type(thing), frozenset())
    found: dict[str, Any] = {}
    for field in fields(thing):
        if field.name not in left_out:
            value = getattr(thing, field.name)
            found[field.name] = _sentence(value) if field.type == SENTENCE else _json(value)
    if isinstance(thing, JsonChange):
        found["path"] = thing.path
    return found


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, Moment):
        return value.iso
    if isinstance(value, Display):
        return display_json(value)
    if is_dataclass(value):
        return _members(value)
    if isinstance(value, Mapping):
        return {str(key): _json(each) for key, each in value.items()}
    return [_json(each) for each in value]


def _sentence(pieces: tuple[Piece, ...]) -> dict[str, Any] | None:
    """A sentence as its text and the links in it."""
    if not pieces:
        return None
    return {
        "text": "".join(piece.text for piece in pieces).strip(),
        "links": [{"text": each.text, "url": each.url} for each in pieces if each.url is not None],
    }
