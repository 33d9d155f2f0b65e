"""Dates, days and spans in English; the time and the zone are always arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TypeVar

from .labels import count_of

T = TypeVar("T")

# Our own names: strftime's depend on the locale of the process and on the platform.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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

    def __str__(self) -> str:
        if self.name in ("Today", "Yesterday"):
            return f"{self.name} · {self.detail}"
        return f"{self.name} {self.detail}"


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
    named = {0: "today", 1: "yesterday"}.get(days_ago) or date_text(day)
    return Moment(
        text=f"{named}, {clock}",
        clock=clock,
        day=date_text(day),
        full=f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}, {clock}",
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
        return "just now"
    if abs(passed) < timedelta(days=1):
        words = duration(abs(passed))
        return f"{words} ago" if passed > timedelta(0) else f"in {words}"
    day = in_zone(as_utc(instant), zone).date()
    if (in_zone(as_utc(now), zone).date() - day).days == 1:
        return "yesterday"
    return date_text(day)


def day_heading(day: date, today: date) -> DayHeading:
    """Return the heading of a day; the year is told when it is not this one."""
    weekday = _DAYS[day.weekday()]
    detail = f"{day.day} {_MONTHS[day.month - 1]}"
    if day.year != today.year:
        detail += f" {day.year}"
    days_ago = (today - day).days
    if days_ago in (0, 1):
        return DayHeading(("Today", "Yesterday")[days_ago], f"{weekday} {detail}", day)
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
        return f"has stood for {span(start, now)}"
    return f"stood for {span(start, end)}"


def duration(length: timedelta) -> str:
    """Name a length of time by its largest unit, rounded down: "2 hours", "5 months"."""
    seconds = int(abs(length).total_seconds())
    days = seconds // 86_400
    for size, unit in ((365, "year"), (30, "month")):
        if days >= 2 * size or (unit == "year" and days >= size):
            return count_of(days // size, unit)
    if days:
        return count_of(days, "day")
    for size, unit in ((3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return count_of(seconds // size, unit)
    return count_of(seconds, "second") if seconds else "less than a second"


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
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def clock_text(instant: datetime) -> str:
    """Return "14:05"."""
    return f"{instant.hour:02}:{instant.minute:02}"
