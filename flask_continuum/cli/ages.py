"""Ages and dates, as options take them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

_UNITS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
_AGE = re.compile(r"(\d{1,6})\s*([hdwmy])", re.IGNORECASE)


def read_age(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> datetime | timedelta | None:
    """Return how long ago an option says, such as ``90d``, or when.

    :raises BadParameter: when it says neither.
    """
    if value is None:
        return None
    found = _AGE.fullmatch(value.strip())
    if found is not None:
        return timedelta(hours=int(found[1]) * _UNITS[found[2].lower()])
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is neither an age, such as 90d, 12w or 2y (h, d, w, m, y), nor a date and "
            "time, such as 2026-03-03T10:20."
        ) from error
