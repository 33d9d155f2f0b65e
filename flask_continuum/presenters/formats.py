"""Numbers, spans, sizes and anything else as text, without losing or inventing a digit."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .words import _, decimal, ngettext, number, spoken


def number_text(value: int | float | Decimal) -> str:
    """Return a number as it was written, without an exponent where that stays short."""
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # Python refuses to print integers of more than 4,300 digits
            return _("an integer of %(number)s bits", number=number(value.bit_length()))
    if isinstance(value, float):
        return repr(value).removesuffix(".0") if math.isfinite(value) else str(value)
    if not value.is_finite():
        return str(value)
    exponent = value.as_tuple().exponent
    short = isinstance(exponent, int) and -40 < exponent <= 0
    return format(value, "f") if short else str(value)


def duration_text(value: timedelta) -> str:
    """Return a span exactly: "2 days 3 h 5 min", "−1.5 s"; "0 s" for none."""
    sign = "−" if value < timedelta(0) else ""
    rest = abs(value)
    minutes, seconds = divmod(rest.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [ngettext("%(num)s day", "%(num)s days", rest.days)] if rest.days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    if seconds or rest.microseconds or not parts:
        fraction = f".{rest.microseconds:06}".rstrip("0") if rest.microseconds else ""
        parts.append(spoken().decimal(f"{seconds}{fraction} s"))
    return sign + " ".join(parts)


def size_text(size: int) -> str:
    """Return a size in bytes: "0 bytes", "418 kB", "1.2 MB"."""
    if size < 1_000:
        return ngettext("%(num)s byte", "%(num)s bytes", size)
    for unit, scale in (("GB", 10**9), ("MB", 10**6)):
        if size >= scale:
            return f"{decimal(size / scale, 1)} {unit}"
    return f"{size / 1_000:.0f} kB" if size < 999_500 else f"{decimal(1, 1)} MB"


def json_text(value: Any) -> str:
    """Return a JSON value in one line; parts that JSON does not know are printed safely.

    :return: JSON text, or the type's name for values that no encoder can walk through
    """
    try:
        return json.dumps(value, ensure_ascii=False, default=printed)
    except (TypeError, ValueError, RecursionError):
        # Keys that JSON does not know, a value that holds itself, nesting beyond the encoder.
        return printed(value)


def printed(value: Any) -> str:
    """Return ``str`` of a value, else ``repr``, else its type: it never raises."""
    for printer in (str, repr):
        try:
            return str.__str__(printer(value))
        except Exception:
            # The application's own type raises when printed; the next form may not.
            continue
    return f"({type(value).__name__})"
