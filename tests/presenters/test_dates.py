from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from flask_continuum.presenters.dates import (
    ago,
    day_heading,
    duration,
    group_by_day,
    moment,
    span,
    stood,
)

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # a Monday
TODAY = NOW.date()
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 23, 14, 2), "today, 14:02"),
        (datetime(2026, 11, 22, 18, 30), "yesterday, 18:30"),
        (datetime(2026, 11, 20, 9, 18), "20 Nov 2026, 09:18"),
        (datetime(2026, 3, 3, 14, 5), "3 Mar 2026, 14:05"),
        (datetime(2026, 11, 24, 0, 0), "24 Nov 2026, 00:00"),
    ],
)
def test_moments_name_the_day(instant: datetime, text: str) -> None:
    assert str(moment(instant, NOW)) == text


def test_a_moment_carries_the_exact_instant_beside_its_words() -> None:
    shown = moment(datetime(2026, 11, 22, 18, 30, 26, 5), NOW, TOKYO)
    assert shown.text == "yesterday, 03:30" or shown.text == "today, 03:30"
    assert (shown.clock, shown.zone) == ("03:30", "JST")
    assert shown.full == "Monday 23 November 2026, 03:30"
    assert shown.iso == "2026-11-22T18:30:26.000005Z"
    assert shown.title == "2026-11-22 18:30:26 UTC"


def test_the_zone_decides_what_is_today() -> None:
    late = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # already Tuesday in Tokyo
    assert moment(late, late, TOKYO).text == "today, 00:30"
    assert moment(NOW, late, TOKYO).text == "yesterday, 23:30"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=3), "20 Nov 2026"),
        (timedelta(hours=-3), "in 3 hours"),
    ],
)
def test_hours_are_told_within_a_day(passed: timedelta, text: str) -> None:
    assert ago(NOW - passed, NOW) == text


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (TODAY, "Today · Monday 23 November"),
        (date(2026, 11, 22), "Yesterday · Sunday 22 November"),
        (date(2026, 11, 20), "Friday 20 November"),
        (date(2025, 12, 31), "Wednesday 31 December 2025"),
        (date(2026, 11, 24), "Tuesday 24 November"),
    ],
)
def test_days_have_headings(day: date, text: str) -> None:
    assert str(day_heading(day, TODAY)) == text


def test_entries_are_grouped_by_the_days_of_the_zone() -> None:
    instants = [
        NOW, datetime(2026, 11, 22, 16, 0), datetime(2026, 11, 22, 14, 0), datetime(2026, 11, 20),
    ]  # fmt: skip
    groups = group_by_day(instants, lambda instant: instant, NOW, TOKYO)
    assert [(heading.name, len(items)) for heading, items in groups] == [
        ("Today", 2), ("Yesterday", 1), ("Friday", 1),
    ]  # fmt: skip
    assert group_by_day([], lambda instant: instant, NOW) == ()


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "less than a second"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=9), "9 hours"),
        (timedelta(days=1, hours=23), "1 day"),
        (timedelta(days=59), "59 days"),
        (timedelta(days=75), "2 months"),
        (timedelta(days=365), "1 year"),
        (timedelta(days=800), "2 years"),
        (timedelta(days=-3), "3 days"),
    ],
)
def test_spans_are_told_in_their_largest_unit(length: timedelta, text: str) -> None:
    assert duration(length) == text


def test_versions_stand() -> None:
    start = datetime(2026, 11, 20, 9, 18)
    assert span(start, datetime(2026, 11, 20, 18, 30)) == "9 hours"
    assert stood(start, datetime(2026, 11, 23, 9, 18), NOW) == "stood for 3 days"
    assert stood(start, None, NOW) == "has stood for 3 days"


@pytest.mark.parametrize("end", [datetime.min, datetime.max])
def test_the_ends_of_the_calendar_have_words(end: datetime) -> None:
    for zone in (TOKYO, ZoneInfo("America/New_York")):
        assert moment(end, NOW, zone).text
        assert ago(end, NOW, zone)
