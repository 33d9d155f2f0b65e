"""Values as JSON has them: typed, with every kind of nothing told apart."""

from __future__ import annotations

import enum
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flask_continuum.presenters.json_displays import display_json
from flask_continuum.presenters.values import View, display, masked

SENTINEL = object()
VIEW = View(not_recorded=SENTINEL)


class Colour(enum.Enum):
    RED = "#f00"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, {"kind": "null", "value": None}),
        (SENTINEL, {"kind": "not_recorded"}),
        ("", {"kind": "empty", "value": ""}),
        ("Bridge", {"kind": "text", "value": "Bridge", "text": "Bridge"}),
        (812, {"kind": "number", "value": 812, "text": "812"}),
        (2**53, {"kind": "number", "value": str(2**53), "text": str(2**53)}),
        (1.5, {"kind": "number", "value": 1.5, "text": "1.5"}),
        (float("inf"), {"kind": "number", "value": "inf", "text": "inf"}),
        (Decimal("1.50"), {"kind": "decimal", "value": "1.50", "text": "1.50"}),
        (True, {"kind": "boolean", "value": True, "text": "Yes"}),
        (Colour.RED, {"kind": "enum", "value": "RED", "text": "Red"}),
        (date(2026, 3, 3), {"kind": "date", "value": "2026-03-03", "text": "3 Mar 2026"}),
        (timedelta(hours=2), {"kind": "timedelta", "value": 7200.0, "text": "2 h"}),
        (
            uuid.UUID(int=1),
            {"kind": "uuid", "value": str(uuid.UUID(int=1)), "text": str(uuid.UUID(int=1))},
        ),
        ({"a": [1, None]}, {"kind": "json", "value": {"a": [1, None]}, "text": '{"a": [1, null]}'}),
        (
            {"a": 10**20},
            {"kind": "json", "value": {"a": str(10**20)}, "text": '{"a": 1' + "0" * 20 + "}"},
        ),
    ],
)
def test_each_kind_of_value(value: Any, expected: dict[str, Any]) -> None:
    assert display_json(display(value, VIEW)) == expected


def test_an_instant_is_in_utc() -> None:
    found = display_json(display(datetime(2026, 3, 3, 10, 20, tzinfo=UTC), VIEW))
    assert found["value"] == "2026-03-03T10:20:00+00:00"


def test_what_is_hidden_tells_its_reason_alone() -> None:
    assert display_json(masked("A secret.")) == {"kind": "masked", "reason": "A secret."}


def test_what_is_too_long_says_how_much_there_is() -> None:
    found = display_json(display("x" * 30_000, VIEW))
    assert (found["length"], found["cut"]) == (30_000, True)
    assert len(found["value"]) == 20_000
    short = display_json(display("x" * 300, VIEW))
    assert short["value"] == "x" * 300 and not short["cut"]


def test_binary_values_are_told_by_size_and_digest() -> None:
    found = display_json(display(b"abc", VIEW))
    assert found["length"] == 3 and found["digest"] == "ba7816bf" and "value" not in found


def test_lists_have_their_first_items() -> None:
    found = display_json(display(list(range(100)), VIEW))
    assert [each["value"] for each in found["value"]] == list(range(20))
    assert found["length"] == 100


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        "\0",
        pytest.param(10**5000, id="a number of 5,000 digits"),
        {"deep": [[[[1]]]] * 30},
        {1: object()},
        {"x": float("nan")},
    ],
)
def test_everything_becomes_json(value: Any) -> None:
    json.loads(json.dumps(display_json(display(value, VIEW)), allow_nan=False))


def test_code_of_the_application_that_fails_does_no_harm() -> None:
    class Fickle(dict):  # type: ignore[type-arg]
        reads = 0

        def items(self) -> Any:
            Fickle.reads += 1
            if Fickle.reads > 1:
                raise RuntimeError("not twice")
            return super().items()

    shown = display(Fickle(a=1), VIEW)
    json.loads(json.dumps(display_json(shown)))
