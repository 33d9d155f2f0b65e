from __future__ import annotations

import enum
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_continuum.presenters import field_diff
from flask_continuum.presenters.budget import Budget
from flask_continuum.presenters.field_diff import (
    FieldDiff,
    FieldKind,
    masked_field,
    unchanged_field,
)
from flask_continuum.presenters.values import DisplayKind, View

MISSING = object()
VIEW = View(not_recorded=MISSING)


def diff_field(key: str, old: Any, new: Any, **details: Any) -> FieldDiff:
    """Compare with time enough, so that a loaded machine changes no result."""
    return field_diff.diff_field(key, old, new, **{"budget": Budget(seconds=60), **details})


class Status(enum.Enum):
    DRAFT = "d"
    IN_REVIEW = "r"


LONG = "The crossing closed in autumn after divers found cracks in two of its piers.\n" * 6


@pytest.mark.parametrize(
    ("old", "new", "kind", "delta"),
    [
        ("Bridge reopens today", "Bridge reopens tomorrow", FieldKind.TEXT, None),
        ("draft", "published", FieldKind.REPLACED, None),
        (LONG, LONG.replace("two", "three"), FieldKind.TEXT, None),
        (639, 812, FieldKind.NUMBER, "+173"),
        (812, 639, FieldKind.NUMBER, "−173"),
        (0.1, 0.3, FieldKind.NUMBER, "+0.2"),
        (Decimal("9.90"), Decimal("12.40"), FieldKind.NUMBER, "+2.50"),
        (1, Decimal("1.5"), FieldKind.NUMBER, "+0.5"),
        pytest.param(10**5_000, 1, FieldKind.REPLACED, None, id="too large to print"),
        (float("nan"), 1.0, FieldKind.REPLACED, None),
        (Decimal("1E+9999"), Decimal(1), FieldKind.NUMBER, None),
        (False, True, FieldKind.BOOLEAN, None),
        (True, 3, FieldKind.REPLACED, None),
        (date(2026, 11, 20), date(2026, 11, 23), FieldKind.DATE, "3 days later"),
        (datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 7), FieldKind.DATE, "2 hours earlier"),
        (datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC), FieldKind.REPLACED, None),
        (time(9), time(9, 30), FieldKind.DATE, "30 minutes later"),
        (Status.DRAFT, Status.IN_REVIEW, FieldKind.ENUM, None),
        (b"x" * 418_000, b"x" * 391_000, FieldKind.BYTES, "27 kB smaller"),
        (b"x", b"y", FieldKind.BYTES, None),
        ({"a": 1}, {"a": 2}, FieldKind.JSON, None),
        (["a", "b"], ["b", "a"], FieldKind.JSON, None),
        (["a", "b"], ["a", "c", "b"], FieldKind.ITEMS, None),
        ({"a", "b"}, {"b", "c"}, FieldKind.ITEMS, None),
        ({"a": 1}, "text", FieldKind.REPLACED, None),
        (uuid.UUID(int=1), uuid.UUID(int=2), FieldKind.REPLACED, None),
        (None, "a text", FieldKind.SET, None),
        ("", "a text", FieldKind.SET, None),
        (MISSING, 3, FieldKind.SET, None),
        ("a text", None, FieldKind.UNSET, None),
        (None, "", FieldKind.REPLACED, None),
        (None, MISSING, FieldKind.REPLACED, None),
    ],
)
def test_the_form_suits_the_values(old: Any, new: Any, kind: FieldKind, delta: str | None) -> None:
    diff = diff_field("some_field", old, new, view=VIEW)
    assert diff.kind is kind
    if delta is not None or kind is not FieldKind.NUMBER:
        assert diff.delta == delta
    assert diff.label == "Some field"


def test_timeline_and_compare_have_forms_of_their_own() -> None:
    new = LONG.replace("two", "three")
    short, full = diff_field("body", LONG, new), diff_field("body", LONG, new, full=True)
    assert short.text is None and short.excerpt is not None
    assert full.excerpt is None and full.text is not None
    assert (short.added, short.removed) == (full.added, full.removed) == (6, 6)
    assert full.is_long
    assert not diff_field("title", "Bridge reopens", "Bridge opens", full=True).is_long


def test_items_come_go_and_stay_in_order() -> None:
    diff = diff_field("tags", ["bridge", "draft", "x"], ["bridge", "harbour", "transport", "x"])
    assert [str(item) for item in diff.come] == ["harbour", "transport"]
    assert [str(item) for item in diff.gone] == ["draft"]
    assert (diff.kept, diff.added, diff.removed) == (2, 2, 1)
    assert [str(item) for item in diff_field("tags", set(), set("cab")).come] == ["a", "b", "c"]


def test_the_first_value_stands_alone() -> None:
    diff = diff_field("title", MISSING, "Harbour", created=True, view=VIEW)
    assert (diff.kind, diff.new.text) == (FieldKind.CREATED, "Harbour")
    assert diff_field("subtitle", MISSING, "", created=True, view=VIEW).new.kind is (
        DisplayKind.EMPTY
    )


def test_words_are_counted_when_a_text_is_set_or_removed() -> None:
    assert diff_field("body", None, "three small words").added == 3
    assert diff_field("body", "two words", None).removed == 2


def test_a_masked_change_tells_nothing_but_itself() -> None:
    diff = masked_field("token", "Hidden by policy")
    assert diff == masked_field("token", "Hidden by policy")
    assert (diff.kind, diff.new.reason) == (FieldKind.MASKED, "Hidden by policy")
    assert diff.note is None


def test_an_unchanged_field_shows_its_value() -> None:
    assert unchanged_field("pages", 3).new.text == "3"


def test_notes_of_the_inner_difference_are_told() -> None:
    assert diff_field("body", "a\r\nb c d", "a\nb c d").note == "Only line ends differ."


def test_fields_of_a_page_share_a_budget() -> None:
    budget = Budget(seconds=0)
    diff = diff_field("body", LONG, LONG.replace("two", "three"), budget=budget)
    assert diff.note is not None and "time for this page" in diff.note


anything = st.recursive(
    st.one_of(
        st.none(), st.just(MISSING), st.booleans(), st.integers(), st.floats(), st.text(),
        st.binary(), st.decimals(), st.dates(), st.datetimes(), st.times(), st.timedeltas(),
        st.uuids(), st.sampled_from(Status), st.complex_numbers(), st.just(object()),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.tuples(inner)),
    max_leaves=8,
)  # fmt: skip


@given(anything, anything, st.booleans())
def test_no_pair_of_values_is_an_error(old: Any, new: Any, full: bool) -> None:
    diff = diff_field("any", old, new, full=full, view=VIEW)
    assert diff.is_long in (True, False)
    for side in (diff.old, diff.new):
        side.text.encode()
