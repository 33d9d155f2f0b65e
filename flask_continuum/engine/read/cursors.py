"""Cursors: where a page of a list begins, as text for an address.

A cursor names the row that a page begins behind, by what the list is ordered by, so a page
stays right while history grows. It comes back from outside and is read with suspicion.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.read.conditions import fits

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


_WRITERS: tuple[tuple[type[Any], str, Callable[[Any], str]], ...] = (
    (Enum, "enum", lambda value: value.name),
    (datetime, "datetime", lambda value: value.isoformat()),
    (date, "date", lambda value: value.isoformat()),
    (time, "time", lambda value: value.isoformat()),
    (Decimal, "decimal", str),
    (UUID, "uuid", lambda value: value.hex),
    (bytes, "bytes", lambda value: binascii.hexlify(value).decode()),
)
_READERS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": UUID,
    "bytes": binascii.unhexlify,
}


def _encoded(value: Any) -> Any:
    for kind, tag, writer in _WRITERS:
        if isinstance(value, kind):
            return [tag, writer(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"A list of records cannot be paged by keys of type {type(value).__name__}: {value!r}"
    )


def _decoded(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    match value:
        case ["enum", str(name)] if isinstance(kind, sa.Enum) and kind.enum_class is not None:
            return kind.enum_class[name]
        case [str(tag), str(content)] if tag in _READERS:
            found = _READERS[tag](content)
        case None | bool() | int() | float() | str():
            found = value
        case _:
            raise ValueError("a value of no known type")
    if not fits(found):
        raise ValueError("a number too great")
    if isinstance(found, str) and "\0" in found:
        raise ValueError("a NUL character")
    expected = _python_type(kind)
    if expected is not None and not isinstance(found, expected):
        raise ValueError(f"{type(found).__name__} in place of {expected.__name__}")
    return found


def _python_type(kind: sa.types.TypeEngine[Any]) -> type[Any] | None:
    try:
        return kind.python_type
    except NotImplementedError:
        # a type of the application that does not say: the database will compare what it is given
        return None
