"""The bar chart of changes per day: every coordinate is computed here, the template draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from flask_continuum.admin.contexts import Bar, Chart, Legend, Week
from flask_continuum.engine.read.results import DayCount
from flask_continuum.presenters.dates import day_heading
from flask_continuum.presenters.labels import count_of

WEEKS = 12
HEIGHT = 136
WEEK_WIDTH = 98
DAY_WIDTH = 14
BAR_WIDTH = 10
STEPS = 3
"""Lines above the ground line."""
LABEL_EVERY = 3
"""Weeks from one date below the chart to the next."""

TONES: Mapping[str, str] = {
    "updated": "upd",
    "inserted": "new",
    "reverted": "back",
    "deleted": "del",
}
"""What is counted, from the bottom of a bar to its top, and how it is drawn."""
WORDS: Mapping[str, str] = {
    "updated": "changed",
    "inserted": "created",
    "reverted": "reverted",
    "deleted": "deleted",
}


def chart_span(today: date) -> tuple[date, date]:
    """The first and the last day that the chart shows: whole weeks, this one included."""
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(weeks=WEEKS - 1), monday + timedelta(days=6)


def make_chart(
    counts: Sequence[DayCount], today: date, url_of_week: Callable[[date], str]
) -> Chart:
    """The chart of the last weeks.

    :param counts: the days on which something changed; others are empty.
    :param url_of_week: the address for the week that begins on a day.
    """
    first, _ = chart_span(today)
    days = {count.day: count for count in counts}
    top = _round_up(max((count.total for count in counts), default=0))
    weeks = tuple(
        _week(place, first + timedelta(weeks=place), days, today, top, url_of_week)
        for place in range(WEEKS)
    )
    totals = {name: sum(getattr(count, name) for count in counts) for name in TONES}
    return Chart(
        label=f"Changes per day in {WEEKS} weeks; each group of bars opens its week",
        caption=f"Changes per week, {WEEKS} weeks to today",
        width=str(WEEKS * WEEK_WIDTH),
        height=str(HEIGHT),
        lines=tuple(_number(HEIGHT * step / STEPS) for step in range(STEPS + 1)),
        axis=tuple(f"{top * (STEPS - step) // STEPS:,}" for step in range(STEPS + 1)),
        months=tuple(
            (str(place * WEEK_WIDTH), _short(first + timedelta(weeks=place)))
            for place in range(0, WEEKS, LABEL_EVERY)
        ),
        weeks=weeks,
        legend=tuple(
            Legend(tone=tone, words=f"{totals[name]:,} {WORDS[name]}")
            for name, tone in TONES.items()
        ),
        empty=not any(count.total for count in counts),
    )


def _week(
    place: int,
    monday: date,
    days: Mapping[date, DayCount],
    today: date,
    top: int,
    url_of_week: Callable[[date], str],
) -> Week:
    counts = [days.get(monday + timedelta(days=day)) for day in range(7)]
    sums = {
        name: sum(getattr(count, name) for count in counts if count is not None) for name in TONES
    }
    total = sum(sums.values())
    name = _long(monday, today)
    return Week(
        label=name,
        title=f"Week of {name}: {count_of(total, 'change')}",
        url=url_of_week(monday) if total else None,
        x=str(place * WEEK_WIDTH),
        width=str(WEEK_WIDTH),
        bars=tuple(
            bar
            for day, count in enumerate(counts)
            if count is not None
            for bar in _bars(place * WEEK_WIDTH + day * DAY_WIDTH, count, top)
        ),
        updated=f"{sums['updated']:,}",
        inserted=f"{sums['inserted']:,}",
        reverted=f"{sums['reverted']:,}",
        deleted=f"{sums['deleted']:,}",
        total=f"{total:,}",
    )


def _bars(left: int, count: DayCount, top: int) -> tuple[Bar, ...]:
    bars = []
    ground = float(HEIGHT)
    for name, tone in TONES.items():
        number = getattr(count, name)
        if not number:
            continue
        height = HEIGHT * number / top
        ground -= height
        bars.append(
            Bar(
                x=str(left + (DAY_WIDTH - BAR_WIDTH) // 2),
                y=_number(max(ground, 0.0)),
                width=str(BAR_WIDTH),
                height=_number(height),
                tone=tone,
            )
        )
    return tuple(bars)


def _round_up(most: int) -> int:
    """The number at the top of the axis: a multiple of the steps that reads well."""
    unit = STEPS
    while unit < most:
        for factor in (1, 2, 4, 5, 8):
            if unit * factor >= most:
                return unit * factor
        unit *= 10
    return unit


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _long(day: date, today: date) -> str:
    """``7 September``, with the year when it is not this one."""
    detail = day_heading(day, today).detail
    return detail.partition(" ")[2] if not detail[0].isdigit() else detail


def _short(day: date) -> str:
    """``7 Sep``."""
    parts = _long(day, day).split(" ")
    return f"{parts[0]} {parts[1][:3]}"
