"""Names of models and records in addresses: readable, reversible, and never two with one name.

A key becomes one path segment of ASCII letters, digits and ``_ - . : @ , ~`` only, so that it
survives proxies and routers, which treat percent-encoded slashes and dot segments each in their
own way. ``~`` and two capital hex digits stand for a byte of any other character, ``~z`` for an
empty text, ``~n`` for NULL; the parts of a composite key are joined by commas, which never stand
for themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from flask_continuum.engine.registry import VersionedClass

PAGE_NAMES = frozenset({"compare", "export", "fields", "revert"})
"""What stands, or may stand one day, beside a key or below it; a key never reads like these."""

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:@")
_EMPTY, _NULL = "~z", "~n"
_SEGMENT = re.compile(r"(?:[A-Za-z0-9_.:@-]|~[0-9A-F]{2})+")
_ESCAPE = re.compile(r"~([0-9A-F]{2})")
_EXPONENT = re.compile(r"[0-9.][eE]")
_MICROSECOND = timedelta(microseconds=1)
_INTEGERS = range(-(2**63), 2**64)


class BadAddress(ValueError):
    """A segment that no record can have: mistyped, cut off, or of another model."""


def encode_key(key: Sequence[Any]) -> str:
    """The path segment of a record's key.

    :param key: the values of the key's columns, in order, as the application sees them.
    :raises TypeError: when a value is of a type whose text does not tell one value from another.
    """
    segment = ",".join(_NULL if part is None else escape(_text_of(part)) for part in key)
    if segment in PAGE_NAMES:
        return f"~{ord(segment[0]):02X}{segment[1:]}"
    return segment


def decode_key(segment: str, types: Sequence[type[Any]]) -> tuple[Any, ...]:
    """The key that :func:`encode_key` wrote as ``segment``.

    :param types: the Python types of the key's columns, in order.
    :raises BadAddress: when no key of these types is written like that. One key has one address,
        so ``042`` is not another way to write ``42``.
    """
    parts = segment.split(",")
    if len(parts) != len(types):
        raise BadAddress(f"A key of {len(types)} parts is expected, {len(parts)} were given.")
    key = tuple(
        None if part == _NULL else _value_of(unescape(part), kind)
        for part, kind in zip(parts, types, strict=True)
    )
    if encode_key(key) != segment:
        raise BadAddress(f"{segment!r} is not how a key is written here.")
    return key


def escape(text: str) -> str:
    """``text`` in the characters of a segment, never empty, never beginning with a dot."""
    if not text:
        return _EMPTY
    raw = text.encode("utf-8", "surrogatepass")
    escaped = "".join(chr(byte) if byte in _PLAIN else f"~{byte:02X}" for byte in raw)
    return f"~2E{escaped[1:]}" if escaped.startswith(".") else escaped


def unescape(segment: str) -> str:
    """The text that :func:`escape` wrote.

    :raises BadAddress: when it wrote no such thing.
    """
    if segment == _EMPTY:
        return ""
    if not _SEGMENT.fullmatch(segment):
        raise BadAddress(f"{segment!r} holds characters that addresses do not have.")
    raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), segment).encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:  # or half a surrogate pair, which no database holds
        raise BadAddress(f"{segment!r} is not UTF-8.") from error


# --- values ------------------------------------------------------------------------------------


def _text_of(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, float):
        return repr(value + 0.0)  # the two zeros are one key
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()  # one instant is one key, whatever its offset
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value // _MICROSECOND)
    text = str(value)
    if text == object.__repr__(value):
        raise TypeError(
            f"A key value of type {type(value).__name__} has no text of its own. Give the class "
            "a __str__ that tells its values apart."
        )
    return text


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def _value_of(text: str, kind: type[Any]) -> Any:
    try:
        return _reader_of(kind)(text)
    except (ValueError, KeyError, InvalidOperation, OverflowError) as error:
        raise BadAddress(f"{text!r} is no {kind.__name__}.") from error


def _reader_of(kind: type[Any]) -> Callable[[str], Any]:
    if issubclass(kind, Enum):
        return kind.__getitem__
    return _READERS.get(kind, str)


def _read_integer(text: str) -> int:
    number = int(text) if len(text) <= 20 else _INTEGERS.stop
    if number not in _INTEGERS:
        raise ValueError("no database has integers that large")
    return number


def _read_decimal(text: str) -> Decimal:
    if _EXPONENT.search(text):
        raise ValueError("an exponent may stand for a text of any length")
    return Decimal(text)


_READERS: Mapping[type[Any], Callable[[str], Any]] = {
    bool: {"true": True, "false": False}.__getitem__,
    int: _read_integer,
    float: float,
    Decimal: _read_decimal,
    bytes: bytes.fromhex,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    timedelta: lambda text: int(text) * _MICROSECOND,
    UUID: UUID,
}


# --- models ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelName:
    """What can tell one model from another in an address."""

    table: str
    model: str
    schema: str | None = None
    bind: str | None = None
    root: bool = True
    """The model is not a subclass of another mapped one."""


def model_segments(names: Iterable[ModelName]) -> tuple[str, ...]:
    """The path segment of each model, in order: its table's name, unless that is not its alone.

    Of several models with one table name, the one without schema, bind and mapped parent keeps
    the plain name; the others carry what sets them apart. Segments do not depend on the order.
    """
    names = tuple(names)
    groups: dict[str, list[ModelName]] = defaultdict(list)
    for name in names:
        groups[name.table].append(name)
    return tuple(_model_segment(name, groups[name.table]) for name in names)


def _model_segment(name: ModelName, group: Sequence[ModelName]) -> str:
    plain = escape(name.table)
    plainest = [other for other in group if _is_plain(other)]
    if len(group) == 1 or (_is_plain(name) and len(plainest) == 1):
        return plain
    schema = f"~s{escape(name.schema)}" if name.schema is not None else ""
    bind = f"~b{escape(name.bind)}" if name.bind is not None else ""
    return f"{plain}{schema}{bind}~c{escape(name.model)}"


def _is_plain(name: ModelName) -> bool:
    return name.root and name.schema is None and name.bind is None


def segments_of(classes: Iterable[VersionedClass]) -> Mapping[type[Any], str]:
    """The path segment of each versioned model."""
    classes = tuple(classes)
    names = (
        ModelName(
            table=each.tables[-1].live.name,
            model=each.model.__name__,
            schema=each.tables[-1].live.schema,
            bind=each.tables[-1].live.metadata.info.get("bind_key"),
            root=each.mapper.inherits is None,
        )
        for each in classes
    )
    models = (each.model for each in classes)
    return dict(zip(models, model_segments(names), strict=True))


def key_at(versioned: VersionedClass, segment: str) -> tuple[Any, ...]:
    """The key that a path segment stands for.

    :raises BadAddress: when no record of the model can have it.
    """
    columns = (versioned.attributes[name] for name in versioned.key_attributes)
    return decode_key(segment, tuple(python_type(column.type) for column in columns))


def python_type(kind: Any) -> type[Any]:
    """The Python type of a column's values; ``str`` where the column's type does not say."""
    try:
        found: type[Any] = kind.python_type
    except NotImplementedError:
        return str
    return found
