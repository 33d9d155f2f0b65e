"""Differences of numbers, dates and sizes in words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation, Overflow
from typing import Any

from .dates import duration
from .formats import number_text, size_text
from .words import _, spoken

# Wide enough for any column, narrow enough to be computed at once.
_CONTEXT = Context(prec=60, Emax=10_000, Emin=-10_000)
_PRINTABLE_BITS = 4_000


def number_delta(old: Any, new: Any) -> str | None:
    """Return the signed difference of two numbers, "+173" or "−0.05".

    Decimals keep their places, so 12.50 to 9.90 is "−2.60"; floats are subtracted as they are
    written, so 0.1 to 0.3 is "+0.2".

    :return: None when one is no number, not finite, a boolean, or too large to subtract
    """
    before, after = _exact(old), _exact(new)
    if before is None or after is None:
        return None
    try:
        change = _CONTEXT.subtract(after, before)
    except (InvalidOperation, Overflow):
        return None
    if not change.is_finite() or change == 0:
        return None
    text = number_text(abs(change))
    if isinstance(old, float) or isinstance(new, float):
        text = _without_idle_zeros(text)
    return f"{'+' if change > 0 else '−'}{spoken().decimal(text)}"


def time_delta(old: Any, new: Any) -> str | None:
    """Return the distance of two dates or datetimes: "3 days later", "2 hours earlier".

    :return: None when they cannot be compared, as a naive and an aware one
    """
    distance = _distance(old, new)
    if not distance:
        return None
    if distance > timedelta(0):
        return _("%(span)s later", span=duration(distance))
    return _("%(span)s earlier", span=duration(distance))


def size_delta(old: int, new: int) -> str | None:
    """Return the difference of two sizes in bytes: "27 kB smaller"; None when equal."""
    if old == new:
        return None
    size = size_text(abs(new - old))
    return _("%(size)s larger", size=size) if new > old else _("%(size)s smaller", size=size)


def _without_idle_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "E" not in text else text


def _distance(old: Any, new: Any) -> timedelta | None:
    if isinstance(old, datetime) and isinstance(new, datetime):
        return new - old if (old.tzinfo is None) is (new.tzinfo is None) else None
    if isinstance(old, datetime) or isinstance(new, datetime):
        return None
    if isinstance(old, date) and isinstance(new, date):
        return new - old
    if isinstance(old, time) and isinstance(new, time) and old.tzinfo is new.tzinfo is None:
        return _since_midnight(new) - _since_midnight(old)
    return None


def _since_midnight(value: time) -> timedelta:
    return timedelta(
        hours=value.hour,
        minutes=value.minute,
        seconds=value.second,
        microseconds=value.microsecond,
    )


def _exact(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= _PRINTABLE_BITS else None
    if isinstance(value, float):
        value = Decimal(repr(float(value)))
    if isinstance(value, Decimal) and value.is_finite():
        return value
    return None
