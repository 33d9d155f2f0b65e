"""Dates, days and spans in words; the time and the zone are always arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar

from .words import _, ngettext, spoken

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant for ``<time>``: words, and the exact UTC instant beside them.

    ``text`` is "today, 14:02" or "3 Mar 2026, 14:05"; ``clock`` "14:02"; ``day`` "20 Nov 2026";
    ``full`` "Friday 20 November 2026, 09:18"; ``zone`` "UTC" or "CET"; ``iso`` and ``title`` are
    UTC.
    """

    text: str
    clock: str
    day: str
    full: str
    zone: str
    iso: str
    title: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class DayHeading:
    """The heading of a day: "Today" and "Monday 23 November", or "Friday" and "20 November"."""

    name: str
    detail: str
    day: date
    near: bool = False
    """Today or yesterday."""

    def __str__(self) -> str:
        return f"{self.name} · {self.detail}" if self.near else f"{self.name} {self.detail}"


def as_utc(instant: datetime) -> datetime:
    """Return the instant in UTC; a naive one is taken as UTC, as transactions record it."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    return in_zone(instant, UTC)


def moment(instant: datetime, now: datetime, zone: tzinfo = UTC) -> Moment:
    """Describe an instant as seen from ``now`` in ``zone``; naive instants are UTC."""
    exact = as_utc(instant)
    local = in_zone(exact, zone)
    clock = clock_text(local)
    day = local.date()
    days_ago = (in_zone(as_utc(now), zone).date() - day).days
    if days_ago == 0:
        text = _("today, %(clock)s", clock=clock)
    elif days_ago == 1:
        text = _("yesterday, %(clock)s", clock=clock)
    else:
        text = _("%(day)s, %(clock)s", day=date_text(day), clock=clock)
    return Moment(
        text=text,
        clock=clock,
        day=date_text(day),
        full=_(
            "%(weekday)s %(day)s, %(clock)s",
            weekday=spoken().weekday(day),
            day=spoken().day_of_month(day, year=True),
            clock=clock,
        ),
        zone=zone_name(local),
        iso=exact.isoformat().replace("+00:00", "Z"),
        title=f"{exact.replace(microsecond=0, tzinfo=None).isoformat(' ')} UTC",
    )


def ago(instant: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """Say how long ago an instant was: minutes and hours within a day, else its date.

    :return: "just now", "12 minutes ago", "5 hours ago", "in 3 hours", "yesterday" or
        "3 Mar 2026"
    """
    passed = as_utc(now) - as_utc(instant)
    if abs(passed) < timedelta(minutes=1):
        return _("just now")
    if abs(passed) < timedelta(days=1):
        words = duration(abs(passed))
        if passed > timedelta(0):
            return _("%(span)s ago", span=words)
        return _("in %(span)s", span=words)
    day = in_zone(as_utc(instant), zone).date()
    if (in_zone(as_utc(now), zone).date() - day).days == 1:
        return _("yesterday")
    return date_text(day)


def day_heading(day: date, today: date) -> DayHeading:
    """Return the heading of a day; the year is told when it is not this one."""
    weekday = spoken().weekday(day)
    detail = spoken().day_of_month(day, year=day.year != today.year)
    days_ago = (today - day).days
    if days_ago in (0, 1):
        name = _("Yesterday") if days_ago else _("Today")
        whole = _("%(weekday)s %(date)s", weekday=weekday, date=detail)
        return DayHeading(name, whole, day, near=True)
    return DayHeading(weekday, detail, day)


def group_by_day(
    items: Iterable[T], instant_of: Callable[[T], datetime], now: datetime, zone: tzinfo = UTC
) -> tuple[tuple[DayHeading, tuple[T, ...]], ...]:
    """Group items that are sorted by time under the days on which they happened in ``zone``."""
    today = in_zone(as_utc(now), zone).date()
    days: dict[date, list[T]] = {}
    for item in items:
        days.setdefault(in_zone(as_utc(instant_of(item)), zone).date(), []).append(item)
    return tuple((day_heading(day, today), tuple(group)) for day, group in days.items())


def span(start: datetime, end: datetime) -> str:
    """Say how long it was from one instant to another: "9 hours", "3 days", "1 minute"."""
    return duration(as_utc(end) - as_utc(start))


def stood(start: datetime, end: datetime | None, now: datetime) -> str:
    """Say how long a version stood, or has been standing: "stood for 3 days"."""
    if end is None:
        return _("has stood for %(span)s", span=span(start, now))
    return _("stood for %(span)s", span=span(start, end))


def duration(length: timedelta) -> str:
    """Name a length of time by its largest unit, rounded down: "2 hours", "5 months"."""
    seconds = int(abs(length).total_seconds())
    days = seconds // 86_400
    if days >= 365:
        return ngettext("%(num)s year", "%(num)s years", days // 365)
    if days >= 60:
        return ngettext("%(num)s month", "%(num)s months", days // 30)
    if days:
        return ngettext("%(num)s day", "%(num)s days", days)
    if seconds >= 3_600:
        return ngettext("%(num)s hour", "%(num)s hours", seconds // 3_600)
    if seconds >= 60:
        return ngettext("%(num)s minute", "%(num)s minutes", seconds // 60)
    if seconds:
        return ngettext("%(num)s second", "%(num)s seconds", seconds)
    return _("less than a second")


def in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """Return an aware instant in a zone, or as it is where that zone has no such year."""
    try:
        return instant.astimezone(zone)
    except (OverflowError, ValueError):  # before year 1 or after 9999 in that zone
        return instant


def zone_name(instant: datetime) -> str:
    """Return the short name of an aware instant's zone, "UTC" or "CET"."""
    return instant.tzname() or ""


def date_text(day: date) -> str:
    """Return "3 Mar 2026"."""
    return spoken().short_date(day)


def clock_text(instant: datetime) -> str:
    """Return "14:05"."""
    return spoken().clock(instant)
