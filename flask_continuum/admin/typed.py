"""Values that people type in: what suits a column, and how it is read."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.fields import unrecorded
from flask_continuum.presenters.values import display
from flask_continuum.presenters.words import _, ngettext, number

LINE = 255
"""A text column of more characters than this is typed into a box of several lines."""

Reader = Callable[[str], Any]


class Kind(StrEnum):
    """How something is typed in; all but the last two are types of an ``<input>``."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime-local"
    TIME = "time"
    CHOICE = "choice"
    AREA = "area"


class BadInput(ValueError):
    """What was typed in is no value of the column; the message says what would be one."""


@dataclass(frozen=True, slots=True)
class Typed:
    """How a column's value is typed in.

    :ivar read: turns what was typed in into the value, or raises :class:`BadInput`.
    :ivar choices: for CHOICE, what stands in the form and what people see.
    :ivar hint: what people must know beforehand.
    :ivar step: for numbers and times, of the ``<input>``.
    :ivar longest: the most characters, where there is a limit.
    """

    kind: Kind
    read: Reader
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    step: str = ""
    longest: int | None = None


def typed(column: sa.Column[Any], zone: tzinfo) -> Typed | None:
    """Return how a column's value is typed in, ``None`` where a page has no way to.

    :param zone: the zone in which the person at the page reads and writes instants.
    """
    kind: Any = column.type
    if isinstance(kind, sa.Interval):
        return None  # which SQLAlchemy keeps as an instant on some databases
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    for of, make in _TYPES:
        if isinstance(kind, of):
            return make(kind, zone)
    return None


def typed_field(versioned: VersionedClass, key: str, zone: tzinfo) -> Typed | None:
    """Return how a field's value is typed in; also of a field that has no history."""
    column = versioned.attributes.get(key)
    if column is None:
        column = unrecorded(versioned).get(key)
    return None if column is None else typed(column, zone)


def _boolean(kind: sa.Boolean, zone: tzinfo) -> Typed:
    return _choice({"true": True, "false": False})


def _enum(kind: sa.Enum, zone: tzinfo) -> Typed:
    members = kind.enum_class
    if members is None:
        return _choice({name: name for name in kind.enums})
    return _choice({name: member for name, member in members.__members__.items()})


def _choice(values: Mapping[str, Any]) -> Typed:
    def read(text: str) -> Any:
        if text not in values:
            raise BadInput(_("Choose one of those in the list."))
        return values[text]

    choices = tuple((name, display(value).text) for name, value in values.items())
    return Typed(Kind.CHOICE, read, choices=choices)


def _integer(kind: sa.Integer, zone: tzinfo) -> Typed:
    bits = 16 if isinstance(kind, sa.SmallInteger) else 64
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 19:
            raise BadInput(_("Give a whole number, such as 12."))
        if not least <= int(text) <= most:
            raise BadInput(
                _(
                    "Give a number from %(least)s to %(most)s.",
                    least=number(least),
                    most=number(most),
                )
            )
        return int(text)

    return Typed(Kind.NUMBER, read, step="1")


def _number(kind: sa.Numeric[Any] | sa.Float[Any], zone: tzinfo) -> Typed:
    scale = None if isinstance(kind, sa.Float) else kind.scale
    precision = kind.precision

    def read(text: str) -> Decimal | float:
        try:
            found = Decimal(text)
        except InvalidOperation:
            found = Decimal("nan")
        if not found.is_finite() or not math.isfinite(float(found)):
            raise BadInput(_("Give a number, such as 12.5."))
        if scale is not None:
            if found != round(found, scale):
                raise BadInput(
                    ngettext(
                        "Give a number of at most %(num)s decimal.",
                        "Give a number of at most %(num)s decimals.",
                        scale,
                    )
                )
            if precision is not None and abs(found) >= 10 ** (precision - scale):
                most = number(10 ** (precision - scale))
                raise BadInput(_("Give a number below %(most)s.", most=most))
        return found if kind.asdecimal else float(found)

    return Typed(Kind.NUMBER, read, step="any")


def _date(kind: sa.Date, zone: tzinfo) -> Typed:
    def read(text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise BadInput(_("Give a day, such as 2026-11-23.")) from error

    return Typed(Kind.DATE, read)


def _datetime(kind: sa.DateTime, zone: tzinfo) -> Typed:
    def read(text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise BadInput(_("Give a day and a time, such as 2026-11-23T14:05.")) from error
        if not kind.timezone:
            return found.replace(tzinfo=None)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)

    hint = _("In the time zone %(zone)s.", zone=zone) if kind.timezone else ""
    return Typed(Kind.DATETIME, read, hint=hint, step="1")


def _time(kind: sa.Time, zone: tzinfo) -> Typed:
    def read(text: str) -> time:
        try:
            found = time.fromisoformat(text)
        except ValueError as error:
            raise BadInput(_("Give a time, such as 14:05.")) from error
        return found.replace(tzinfo=zone if kind.timezone else None)

    return Typed(Kind.TIME, read, step="1")


def _uuid(kind: sa.Uuid[Any], zone: tzinfo) -> Typed:
    def read(text: str) -> uuid.UUID | str:
        try:
            found = uuid.UUID(text)
        except ValueError as error:
            raise BadInput(_("Give a UUID: 32 digits from 0 to f.")) from error
        return found if kind.as_uuid else str(found)

    return Typed(Kind.TEXT, read, longest=36)


def _json(kind: sa.JSON, zone: tzinfo) -> Typed:
    def read(text: str) -> Any:
        try:
            return json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            words = _('This is no JSON. Texts stand in quotes: {"name": "value"}.')
            raise BadInput(words) from error

    return Typed(Kind.AREA, read, hint=_("As JSON."))


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity, which JSON does not know


def _text(kind: sa.String, zone: tzinfo) -> Typed:
    longest = kind.length
    is_long = longest is None or longest > LINE

    def read(text: str) -> str:
        found = text.replace("\r\n", "\n")
        if "\0" in found:
            raise BadInput(_("Leave out the character NUL."))
        if not is_long and "\n" in found:
            raise BadInput(_("Give a text of one line."))
        if longest is not None and len(found) > longest:
            raise BadInput(
                ngettext(
                    "Give a text of at most %(num)s character.",
                    "Give a text of at most %(num)s characters.",
                    longest,
                )
            )
        return found

    return Typed(Kind.AREA if is_long else Kind.TEXT, read, longest=longest)


# The first that fits decides: an Enum is a String, and a BigInteger an Integer.
_TYPES: tuple[tuple[Any, Callable[[Any, tzinfo], Typed]], ...] = (
    (sa.Boolean, _boolean),
    (sa.Enum, _enum),
    (sa.String, _text),
    (sa.Integer, _integer),
    ((sa.Numeric, sa.Float), _number),
    (sa.DateTime, _datetime),
    (sa.Date, _date),
    (sa.Time, _time),
    (sa.Uuid, _uuid),
    (sa.JSON, _json),
)
