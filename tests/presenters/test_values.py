from __future__ import annotations

import enum
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup, escape

from flask_continuum.presenters.characters import shorten, show_space, visible
from flask_continuum.presenters.values import (
    DEFAULT_VIEW,
    DisplayKind,
    View,
    display,
    masked,
    text_display,
)

MISSING = object()
VIEW = View(zone=ZoneInfo("Europe/Berlin"), not_recorded=MISSING)


class Status(enum.Enum):
    IN_REVIEW = 1
    published = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Hostile:
    """Raises wherever Python asks it anything."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "null", "not set"),
        ("", "empty", "empty text"),
        (MISSING, "not_recorded", "not recorded"),
        ("Harbour", "text", "Harbour"),
        (812, "number", "812"),
        (-0.5, "number", "-0.5"),
        (3.0, "number", "3"),
        (float("inf"), "number", "inf"),
        (True, "boolean", "Yes"),
        (False, "boolean", "No"),
        (date(2026, 3, 3), "date", "3 Mar 2026"),
        (datetime(2026, 11, 23, 14, 0, tzinfo=UTC), "datetime", "23 Nov 2026, 15:00 CET"),
        (datetime(2026, 11, 23, 14, 0, 7), "datetime", "23 Nov 2026, 14:00:07"),
        (time(9, 5), "time", "09:05:00"),
        (timedelta(days=2, hours=3), "timedelta", "2 days 3 h"),
        (timedelta(seconds=-1.5), "timedelta", "−1.5 s"),
        (timedelta(0), "timedelta", "0 s"),
        (Status.IN_REVIEW, "enum", "In review"),
        (Status.published, "enum", "Published"),
        (uuid.UUID(int=1), "uuid", "00000000-0000-0000-0000-000000000001"),
        (Decimal("12.40"), "decimal", "12.40"),
        (Decimal("1E+30"), "decimal", "1E+30"),
        (Decimal("1E-7"), "decimal", "0.0000001"),
        (Decimal("NaN"), "decimal", "NaN"),
        (b"", "bytes", "0 bytes"),
        (b"x", "bytes", "1 byte"),
        (b"\xff\xd8\xff" + bytes(417_997), "bytes", "JPEG, 418 kB"),
        (memoryview(b"abc"), "bytes", "3 bytes"),
        (bytes(1_200_000), "bytes", "1.2 MB"),
        ({"a": [1, None]}, "json", '{"a": [1, null]}'),
        ([{"a": 1}], "json", '[{"a": 1}]'),
        (["b", "a"], "list", "b, a"),
        ([], "list", "empty list"),
        ({"b", "a"}, "set", "a, b"),
        (set(), "set", "empty set"),
        (1 + 2j, "other", "(1+2j)"),
    ],
)
def test_values_read_naturally(value: Any, kind: str, text: str) -> None:
    shown = display(value, VIEW)
    assert (shown.kind, shown.text) == (kind, text)


def test_an_integer_too_large_to_print_tells_its_size() -> None:
    assert display(10**5_000).text == "an integer of 16,610 bits"


def test_instants_carry_the_exact_utc_instant() -> None:
    shown = display(datetime(2026, 7, 1, 14, 5, 9, 123, tzinfo=ZoneInfo("Europe/Berlin")), VIEW)
    assert shown.text == "1 Jul 2026, 14:05:09 CEST"
    assert shown.title == "2026-07-01 12:05:09.000123 UTC"
    assert shown.iso == "2026-07-01T12:05:09.000123Z"


def test_naive_datetimes_stay_as_they_are() -> None:
    shown = display(datetime(2026, 7, 1, 14, 5), VIEW)
    assert shown.text == "1 Jul 2026, 14:05"
    assert shown.title is not None and "no time zone" in shown.title


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_ends_of_the_calendar_are_shown(sign: int) -> None:
    zone = timezone(timedelta(hours=14 * sign))
    value = datetime.max if sign < 0 else datetime.min
    assert display(value.replace(tzinfo=zone), VIEW).kind is DisplayKind.DATETIME
    assert display(value.replace(tzinfo=UTC), VIEW).kind is DisplayKind.DATETIME


def test_long_text_says_that_there_is_more() -> None:
    shown = text_display("word " * 10_000)
    assert shown.kind is DisplayKind.LONG_TEXT
    assert shown.text == "word " * 55 + "word…"
    assert (shown.length, shown.cut, shown.is_short) == (50_000, True, False)
    assert shown.whole is not None and len(shown.whole) == 20_000
    assert text_display("x" * 280).is_short


def test_bytes_show_size_and_digest_and_never_their_content() -> None:
    shown = display(b"secret content")
    assert shown.digest == "14bb52b1"
    assert "secret" not in repr(shown)
    assert shown.title == "14 bytes, SHA-256 starts with 14bb52b1"


def test_a_masked_value_shows_its_reason_only() -> None:
    assert masked("Hidden by policy").reason == "Hidden by policy"
    assert masked("a").text == masked("b").text == "••••••••"


def test_the_sentinel_is_recognised_by_identity() -> None:
    assert display(MISSING, DEFAULT_VIEW).kind is DisplayKind.OTHER
    assert display(Hostile(), VIEW).kind is DisplayKind.OTHER


@pytest.mark.parametrize("value", [Hostile(), [Hostile()], {"a": Hostile()}, (Hostile(), 1)])
def test_a_value_that_raises_when_printed_is_shown(value: Any) -> None:
    assert "Hostile" in display(value).text


def test_values_that_hold_themselves_or_nest_too_deep_are_shown() -> None:
    circle: list[Any] = []
    circle.append([circle])
    assert display(circle).kind is DisplayKind.JSON
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert display(deep).kind is DisplayKind.JSON


def test_many_items_are_counted() -> None:
    shown = display(list(range(1_000)))
    assert (len(shown.items), shown.length) == (20, 1_000)
    assert shown.text.endswith("19 and 980 more")


def test_flags_and_control_signs_are_shown() -> None:
    assert display(Rights.READ | Rights.WRITE).kind is DisplayKind.ENUM
    assert display("a\x00b\ud800").text == "a␀b[U+D800]"
    assert display({"k": "\ud800"}).text.encode()


def test_text_that_calls_itself_safe_is_escaped_all_the_same() -> None:
    shown = display(Markup("<script>alert(1)</script>"))
    assert type(shown.text) is str
    assert escape(shown.text) == "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("\x1b[31m\x7f", "␛[31m␡"),
        ("\x85\u202eabc\ufeff", "[U+0085][U+202E]abc[U+FEFF]"),
        ("👨‍👩‍👧 جسر", "👨‍👩‍👧 جسر"),
    ],
)
def test_what_cannot_be_seen_gets_a_stand_in(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_white_space_can_be_drawn() -> None:
    assert show_space(" \t\r\n\u00a0\u2003") == "·⇥↵⍽[U+2003]"


def test_texts_are_cut_at_a_space_if_one_is_near() -> None:
    assert shorten("one two three four", 14) == "one two three"
    assert shorten("abcdefghijkl", 9) == "abcdefghi"
    assert shorten("short", 9) == "short"
