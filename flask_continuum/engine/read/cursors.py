"""Cursors: where a page of a list begins, as text for an address.

A cursor names the row that a page begins behind, by what the list is ordered by, so a page
stays right while history grows. It comes back from outside and is read with suspicion.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import InvalidOperation
from enum import Enum
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.read.conditions import fits
from flask_continuum.engine.read.json_values import from_json, python_type, to_json

LONGEST = 4096


class BadCursor(VersioningError, ValueError):
    """A cursor is not one that this list has given out; begin at the first page again."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins.

    :ivar newer: whether the page goes towards newer rows.
    :ivar values: what the list is ordered by, in the row before the page.
    """

    newer: bool
    values: tuple[Any, ...]


def write(name: str, newer: bool, values: Sequence[Any]) -> str:
    """Return the text of a cursor.

    :param name: which list it belongs to.
    :raises TypeError: for a value of a type that cursors cannot carry.
    """
    content = [name, int(newer), [_encoded(value) for value in values]]
    packed = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode(errors="surrogatepass")).decode().rstrip("=")


def read(text: str, name: str, types: Sequence[sa.types.TypeEngine[Any]]) -> Cursor:
    """Read the text of a cursor.

    :param name: the list that it must belong to.
    :param types: the types that its values must have.
    :raises BadCursor: when it is anything else.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        content = json.loads(packed.decode(errors="surrogatepass"))
        match content:
            case [str(found), 0 | 1 as newer, list(values)] if found == name:
                pass
            case _:
                raise ValueError("not of this list")
        if len(values) != len(types):
            raise ValueError("another number of values")
        decoded = [_decoded(value, kind) for value, kind in zip(values, types, strict=True)]
    except (ValueError, TypeError, KeyError, RecursionError, InvalidOperation) as error:
        raise BadCursor(
            f"The cursor {text[:40]!r} is not one of this list ({error}). "
            f"Leave it out to begin at the newest."
        ) from error
    return Cursor(bool(newer), tuple(decoded))


def _encoded(value: Any) -> Any:
    found = to_json(value)
    if found is None and value is not None:
        raise TypeError(
            f"A list of records cannot be paged by keys of type {type(value).__name__}: {value!r}"
        )
    return found


def _decoded(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    found = from_json(value, kind)
    if isinstance(found, Enum):
        return found
    if not fits(found):
        raise ValueError("a number too great")
    if isinstance(found, str) and "\0" in found:
        raise ValueError("a NUL character")
    expected = python_type(kind)
    if expected is not None and not isinstance(found, expected):
        raise ValueError(f"{type(found).__name__} in place of {expected.__name__}")
    return found
