"""Values of keys as JSON carries them: themselves where it can, else a pair of kind and text."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

_MICROSECOND = timedelta(microseconds=1)

_WRITERS: tuple[tuple[type[Any], str, Callable[[Any], str]], ...] = (
    (Enum, "enum", lambda value: value.name),
    (datetime, "datetime", lambda value: value.isoformat()),
    (date, "date", lambda value: value.isoformat()),
    (time, "time", lambda value: value.isoformat()),
    (Decimal, "decimal", str),
    (timedelta, "timedelta", lambda value: str(value // _MICROSECOND)),
    (UUID, "uuid", lambda value: value.hex),
    (bytes, "bytes", lambda value: binascii.hexlify(value).decode()),
)
_READERS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "timedelta": lambda text: int(text) * _MICROSECOND,
    "uuid": UUID,
    "bytes": binascii.unhexlify,
}


def to_json(value: Any) -> Any:
    """Return a value as JSON carries it; ``None`` too for one of a type that it cannot carry."""
    for kind, tag, writer in _WRITERS:
        if isinstance(value, kind):
            return [tag, writer(value)]
    return value if isinstance(value, bool | int | float | str) else None


def from_json(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    """Return the value that :func:`to_json` was given.

    :param kind: the type of its column.
    :raises ValueError: when it is nothing that :func:`to_json` returns.
    :raises KeyError: when it names no member of an enumeration.
    :raises InvalidOperation: when it is no number, where one is told.
    """
    match value:
        case ["enum", str(name)] if isinstance(kind, sa.Enum) and kind.enum_class is not None:
            return kind.enum_class[name]
        case [str(tag), str(content)] if tag in _READERS:
            return _READERS[tag](content)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise ValueError("a value of no known type")


def python_type(kind: sa.types.TypeEngine[Any]) -> type[Any] | None:
    """Return the Python type of a column's values; ``None`` for a type that does not say."""
    try:
        return kind.python_type
    except NotImplementedError:
        # a type of the application that does not say: the database will compare what it is given
        return None
