"""The bar chart of changes per day: every coordinate is computed here, the template draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from flask_continuum.admin.contexts import Bar, Chart, Legend, Week
from flask_continuum.engine.read.counts import Activity, DayCount
from flask_continuum.presenters.words import N_, _, ngettext, number, spoken

WEEKS = 12
HEIGHT = 136
WEEK_WIDTH = 98
DAY_WIDTH = 14
BAR_WIDTH = 10
STEPS = 3
"""Lines above the ground line."""
LABEL_EVERY = 3
"""Weeks from one date below the chart to the next."""
UNKNOWN = "–"
"""In the table, of a week that is not counted."""

TONES: Mapping[str, str] = {
    "updated": "upd",
    "inserted": "new",
    "reverted": "back",
    "deleted": "del",
}
"""What is counted, from the bottom of a bar to its top, and how it is drawn."""
WORDS: Mapping[str, str] = {
    "updated": N_("%(number)s changed"),
    "inserted": N_("%(number)s created"),
    "reverted": N_("%(number)s reverted"),
    "deleted": N_("%(number)s deleted"),
}


def chart_span(today: date) -> tuple[date, date]:
    """The first and the last day that the chart shows: whole weeks, this one included."""
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(weeks=WEEKS - 1), monday + timedelta(days=6)


def days_of_week(monday: date) -> dict[str, str]:
    """The filter that asks for what happened in a week, as addresses have it."""
    return {"since": monday.isoformat(), "until": (monday + timedelta(days=6)).isoformat()}


def make_chart(activity: Activity, today: date, url_of_week: Callable[[date], str]) -> Chart:
    """The chart of the last weeks.

    :param activity: the days on which something changed; others are empty, or were not counted.
    :param url_of_week: the address for the week that begins on a day.
    """
    first, counts = chart_span(today)[0], activity.days
    days = {count.day: count for count in counts}
    top = _round_up(max((count.total for count in counts), default=0))
    weeks = tuple(
        _week(place, first + timedelta(weeks=place), days, today, top, url_of_week)
        if activity.since is None or first + timedelta(weeks=place, days=6) >= activity.since
        else _not_counted(place, first + timedelta(weeks=place), today, url_of_week)
        for place in range(WEEKS)
    )
    totals = {name: sum(getattr(count, name) for count in counts) for name in TONES}
    return Chart(
        label=_(
            "Changes per day in %(number)s weeks; each group of bars opens its week",
            number=WEEKS,
        ),
        caption=_("Changes per week, %(number)s weeks to today", number=WEEKS),
        width=str(WEEKS * WEEK_WIDTH),
        height=str(HEIGHT),
        lines=tuple(_number(HEIGHT * step / STEPS) for step in range(STEPS + 1)),
        axis=tuple(number(top * (STEPS - step) // STEPS) for step in range(STEPS + 1)),
        months=tuple(
            (str(place * WEEK_WIDTH), spoken().short_day(first + timedelta(weeks=place)))
            for place in range(0, WEEKS, LABEL_EVERY)
        ),
        weeks=weeks,
        legend=tuple(
            Legend(tone=tone, words=_(WORDS[name], number=number(totals[name])))
            for name, tone in TONES.items()
        ),
        empty=not any(count.total for count in counts),
        note=None if activity.since is None else _note(activity.since, today),
    )


def _note(since: date, today: date) -> str:
    return _(
        "Too much changed to count it all: nothing before %(day)s is counted.",
        day=_long(since, today),
    )


def _not_counted(place: int, monday: date, today: date, url_of_week: Callable[[date], str]) -> Week:
    """A week of which nobody knows how much changed; its link tells what."""
    return Week(
        label=_long(monday, today),
        title=_("Week of %(day)s: not counted", day=_long(monday, today)),
        url=url_of_week(monday),
        x=str(place * WEEK_WIDTH),
        width=str(WEEK_WIDTH),
        bars=(),
        updated=UNKNOWN,
        inserted=UNKNOWN,
        reverted=UNKNOWN,
        deleted=UNKNOWN,
        total=UNKNOWN,
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
        title=ngettext(
            "Week of %(day)s: %(num)s change", "Week of %(day)s: %(num)s changes", total, day=name
        ),
        url=url_of_week(monday) if total else None,
        x=str(place * WEEK_WIDTH),
        width=str(WEEK_WIDTH),
        bars=tuple(
            bar
            for day, count in enumerate(counts)
            if count is not None
            for bar in _bars(place * WEEK_WIDTH + day * DAY_WIDTH, count, top)
        ),
        updated=number(sums["updated"]),
        inserted=number(sums["inserted"]),
        reverted=number(sums["reverted"]),
        deleted=number(sums["deleted"]),
        total=number(total),
    )


def _bars(left: int, count: DayCount, top: int) -> tuple[Bar, ...]:
    bars = []
    ground = float(HEIGHT)
    for name, tone in TONES.items():
        changes = getattr(count, name)
        if not changes:
            continue
        height = HEIGHT * changes / top
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
    return spoken().day_of_month(day, year=day.year != today.year)
