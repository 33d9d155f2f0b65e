"""Two edits of one value: put together where they do not touch, refused where they do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_continuum.presenters.budget import Budget
from flask_continuum.presenters.merging import LONGEST, Touching, merge

TEXT = "The ferry leaves at seven. The bridge is closed until the end of the year."


def merged(base: Any, one: Any, other: Any) -> Any:
    return merge(base, one, other, Budget(10))


@pytest.mark.parametrize(
    ("base", "one", "other", "both"),
    [
        (
            TEXT,
            TEXT.replace("seven", "eight"),
            TEXT.replace("closed", "open again"),
            TEXT.replace("seven", "eight").replace("closed", "open again"),
        ),
        ("one\ntwo\nthree\n", "one\nthree\n", "one\ntwo\nthree\nfour\n", "one\nthree\nfour\n"),
        (TEXT, TEXT + "\nAnd more.", "News: " + TEXT, "News: " + TEXT + "\nAnd more."),
        # the same edit on both sides is one edit
        (TEXT, TEXT.replace("seven", "nine"), TEXT.replace("seven", "nine"), None),
        ({"a": 1, "b": 2}, {"a": 5, "b": 2}, {"a": 1, "c": 3}, {"a": 5, "c": 3}),
        (
            {"seo": {"title": "x", "tags": [1]}},
            {"seo": {"title": "y", "tags": [1]}},
            {"seo": {"title": "x", "tags": [1, 2]}},
            {"seo": {"title": "y", "tags": [1, 2]}},
        ),
        ({1, 2}, {1}, {1, 2, 3}, {1, 3}),
        (frozenset("ab"), frozenset("abc"), frozenset("b"), frozenset("bc")),
    ],
)
def test_edits_that_do_not_touch_are_put_together(
    base: Any, one: Any, other: Any, both: Any
) -> None:
    found = merged(base, one, other)
    assert found == (one if both is None else both)
    assert type(found) is type(base)


@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (TEXT, TEXT.replace("seven", "eight"), TEXT.replace("seven", "nine")),
        # both wrote at the same place: which comes first, nobody knows
        ("Night trains run.", "Night trains run from Friday.", "Night trains run, with bicycles."),
        (TEXT, "", TEXT.replace("closed", "open")),
        (TEXT, TEXT.replace("at seven", "at eight"), TEXT.replace("leaves at", "goes by")),
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1}, {"a": True}, {}),
        ({"a": [1]}, {"a": [True]}, {"a": [2]}),
        ([1, 2], [1], [1, 2, 3]),
        (1, 2, 3),
        (None, "a", "b"),
        ("a" * (LONGEST + 1), "b", "c"),
    ],
)
def test_edits_that_touch_are_refused(base: Any, one: Any, other: Any) -> None:
    with pytest.raises(Touching):
        merged(base, one, other)


def test_deep_documents_are_refused_and_not_followed() -> None:
    def nested(value: int, depth: int) -> Any:
        document: Any = value
        for _ in range(depth):
            document = {"a": document}
        return document

    for depth in (500, 100_000):
        with pytest.raises(Touching):
            merged(nested(1, depth), nested(2, depth), nested(3, depth))


lines = st.lists(st.sampled_from(["a b c", "d", "e f", ""]), max_size=6).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(lines, lines, lines)
def test_both_edits_are_in_it_whichever_is_named_first(base: str, one: str, other: str) -> None:
    try:
        found = merged(base, one, other)
    except Touching:
        assert one != base and other != base
        return
    assert found == merged(base, other, one)
    if one == base:
        assert found == other
