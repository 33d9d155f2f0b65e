from __future__ import annotations

import copy
import random
import time
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_continuum.presenters import json_diff
from flask_continuum.presenters.budget import Budget
from flask_continuum.presenters.json_diff import (
    NOTE_CUT,
    NOTE_LATE,
    NOTE_WHOLE,
    JsonChange,
    JsonDiff,
    JsonKind,
    fingerprint,
    path_text,
)
from flask_continuum.presenters.values import DisplayKind

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([1.0, 0.5]),
    st.sampled_from(["", "a", "b", "ferry"]),
)  # fmt: skip
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.sampled_from(["id", "name", "a", "b", "c d"]), inner, max_size=4),
    ),
    max_leaves=25,
)


def diff_json(old: Any, new: Any, budget: Budget | None = None) -> JsonDiff:
    """Compare with time enough, so that a loaded machine changes no result."""
    return json_diff.diff_json(old, new, budget=budget or Budget(seconds=60))


def applied(value: Any, changes: list[JsonChange], depth: int = 0) -> Any:
    """Make the new value from the old one and what the difference says, and from nothing else."""
    if not changes:
        return value
    first = changes[0]
    if first.kind is JsonKind.CHANGED and len(first.new_path) == depth:
        return first.new
    if isinstance(value, dict):
        return _applied_object(value, changes, depth)
    return _applied_list(value, changes, depth)


def _applied_object(value: dict[str, Any], changes: list[JsonChange], depth: int) -> Any:
    result = dict(value)
    inner: dict[Any, list[JsonChange]] = {}
    for change in changes:
        if change.kind is JsonKind.REMOVED and len(change.new_path) == depth:
            del result[change.old_path[depth]]
        elif change.kind is JsonKind.ADDED and len(change.old_path) == depth:
            result[change.new_path[depth]] = change.new
        else:
            inner.setdefault(change.new_path[depth], []).append(change)
    for key, changes_of_key in inner.items():
        result[key] = applied(value[key], changes_of_key, depth + 1)
    return result


def _applied_list(value: list[Any], changes: list[JsonChange], depth: int) -> Any:
    gone: set[int] = set()
    placed: dict[int, Any] = {}
    inner: dict[tuple[int, int], list[JsonChange]] = {}
    for change in changes:
        if change.kind is JsonKind.REORDERED and len(change.new_path) == depth:
            return change.new
        if change.kind is JsonKind.REMOVED and len(change.new_path) == depth:
            gone.add(change.old_path[depth])
        elif change.kind is JsonKind.ADDED and len(change.old_path) == depth:
            placed[change.new_path[depth]] = change.new
        elif change.kind is JsonKind.MOVED and len(change.new_path) == depth + 1:
            gone.add(change.old_path[depth])
            placed[change.new_path[depth]] = value[change.old_path[depth]]
        else:
            places = (change.old_path[depth], change.new_path[depth])
            inner.setdefault(places, []).append(change)
    for (i, j), changes_of_item in inner.items():
        gone.add(i)
        placed[j] = applied(value[i], changes_of_item, depth + 1)
    stayed = iter(item for i, item in enumerate(value) if i not in gone)
    length = len(value) - len(gone) + len(placed)
    return [placed[j] if j in placed else next(stayed) for j in range(length)]


def shown(diff: JsonDiff) -> list[str]:
    return [
        " ".join(
            [
                change.sign,
                change.path,
                *(side.text for side in (change.before, change.after) if side),
                *([change.delta] if change.delta else []),
            ]
        )
        for change in diff.changes
    ]


@given(documents, documents)
def test_agrees_with_jsonpatch_on_what_the_new_value_is(old: Any, new: Any) -> None:
    diff = diff_json(old, new)
    ours = applied(copy.deepcopy(old), list(diff.changes))
    theirs = jsonpatch.make_patch({"": old}, {"": new}).apply({"": old})[""]
    assert fingerprint(ours) == fingerprint(new)
    assert ours == theirs
    assert bool(diff.changes) is (fingerprint(old) != fingerprint(new))


@given(documents, st.randoms(use_true_random=False))
def test_a_shuffled_list_only_moves(document: Any, order: random.Random) -> None:
    old = [document, 1, "two", {"three": 3}, [4]]
    new = copy.deepcopy(old)
    order.shuffle(new)
    diff = diff_json(old, new)
    assert {change.kind for change in diff.changes} <= {JsonKind.MOVED}
    assert fingerprint(applied(old, list(diff.changes))) == fingerprint(new)


def test_paths_and_signs_read_as_on_the_page() -> None:
    old = {
        "wordCount": 639,
        "seo": {"keywords": ["bridge", "harbour"], "canonical": None},
        "wire": {"embargo": {"until": "2026-11-21", "by": "desk"}},
    }
    new = {
        "wordCount": 812,
        "seo": {"keywords": ["bridge", "harbour", "ferry"], "canonical": ""},
        "wire": {},
    }
    diff = diff_json(old, new)
    assert shown(diff) == [
        "~ wordCount 639 812 +173",
        '+ seo.keywords[2] "ferry"',
        '~ seo.canonical null ""',
        '− wire.embargo {"until": "2026-11-21", "by": "desk"}',
    ]
    canonical = diff.changes[2]
    assert canonical.before is not None and canonical.after is not None
    assert (canonical.before.kind, canonical.after.kind) == (DisplayKind.NULL, DisplayKind.EMPTY)
    assert (diff.added, diff.removed, diff.total, diff.note) == (1, 1, 7, None)


@pytest.mark.parametrize(
    ("old", "new"), [(1, True), (1, 1.0), (0, False), ([1], [True]), ({"a": 1}, {"a": 1.0})]
)
def test_types_count(old: Any, new: Any) -> None:
    assert len(diff_json(old, new).changes) == 1
    assert diff_json(old, copy.deepcopy(old)).changes == ()


def test_one_item_inserted_is_one_change() -> None:
    old = [{"id": n, "price": n * 10} for n in range(500)]
    new = [*old[:3], {"id": "new"}, *old[3:]]
    assert shown(diff_json(old, new)) == ['+ [3] {"id": "new"}']


def test_items_are_paired_by_what_names_them() -> None:
    old = [{"id": 1, "a": 1}, {"id": 2, "a": 2}, {"slug": "x", "a": 3}]
    new = [{"slug": "x", "a": 4}, {"id": 2, "a": 5}]
    assert shown(diff_json(old, new)) == [
        '− [0] {"id": 1, "a": 1}', "~ [0].a 3 4 +1", "~ [1].a 2 5 +3",
    ]  # fmt: skip


def test_a_moved_item_says_where_it_came_from() -> None:
    items = [f"item {n}" for n in range(50)]
    [change] = diff_json({"list": items}, {"list": [*items[1:], items[0]]}).changes
    assert (change.kind, change.path, change.origin) == (JsonKind.MOVED, "list[49]", "list[0]")


def test_many_moves_read_reordered() -> None:
    items = [f"item {n}" for n in range(50)]
    [change] = diff_json({"list": items}, {"list": items[::-1]}).changes
    assert (change.kind, change.path, change.count) == (JsonKind.REORDERED, "list", 50)


def test_a_long_text_inside_gets_the_word_diff() -> None:
    old = "The ferry will keep running until spring because people have grown fond of it, he said"
    [change] = diff_json({"quote": old}, {"quote": old.replace("spring", "summer")}).changes
    assert change.text is not None
    assert (change.text.added_words, change.text.removed_words) == (1, 1)
    [short] = diff_json({"quote": "old"}, {"quote": "new"}).changes
    assert short.text is None


def test_shows_2000_changes_and_says_that_there_are_more() -> None:
    diff = diff_json({str(n): n for n in range(3_000)}, {str(n): -n for n in range(3_000)})
    assert (len(diff.changes), diff.cut, diff.note) == (2_000, True, NOTE_CUT)


def test_lists_that_are_too_much_work_are_one_value() -> None:
    choose = random.Random(1).randrange
    old, new = ([choose(2) for _ in range(3_000)] for _ in range(2))
    diff = diff_json({"bits": old, "n": 1}, {"bits": new, "n": 2})
    assert [(change.sign, change.path) for change in diff.changes] == [("~", "bits"), ("~", "n")]
    assert diff.note == NOTE_WHOLE


def test_lists_of_more_than_50000_items_are_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_diff, "LIST_LENGTH", 3)
    assert len(diff_json([1, 2, 3, 4], [0, 2, 3, 9]).changes) == 1
    assert diff_json([1, 2, 3, 4], [1, 2, 3, 4]).changes == ()
    assert len(diff_json([1, 2, 3], [0, 2, 9]).changes) == 2


def test_after_the_deadline_what_is_left_is_compared_as_a_whole() -> None:
    diff = diff_json({"a": {"b": 1}}, {"a": {"b": 2}}, budget=Budget(seconds=0))
    assert [change.path for change in diff.changes] == ["whole value"]
    assert diff.note == NOTE_LATE
    assert diff_json({"a": 1}, {"a": 1}, budget=Budget(seconds=0)).changes == ()


def test_depth_is_no_limit_of_ours() -> None:
    old: Any = 1
    new: Any = 2
    for _ in range(5_000):
        old, new = [old], [new]
    [change] = diff_json(old, new, budget=Budget(seconds=60)).changes
    assert change.path == "[0]" * 5_000


def test_a_value_too_deep_for_the_encoder_is_one_value() -> None:
    old: Any = 1
    new: Any = 2
    for _ in range(5_000):
        old, new = [old, 0], [new, 0]
    assert len(diff_json(old, new, budget=Budget(seconds=1)).changes) <= 1


@pytest.mark.parametrize("wide", [True, False])
def test_hostile_values_stay_within_the_budget(wide: bool) -> None:
    old: Any = "a" * 500_000
    new: Any = "b" * 500_000
    if wide:
        choose = random.Random(1).randrange
        old, new = ([choose(2) for _ in range(1_300)] for _ in range(2))
    for _ in range(300):
        old, new = [old, 0], [new, 0]
    start = time.process_time()
    json_diff.diff_json(old, new)
    assert time.process_time() - start < 0.35 * 5


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "whole value"),
        (("seo", "keywords", 2), "seo.keywords[2]"),
        ((0, "a-b", 1), "[0].a-b[1]"),
        (("a.b", 'say "x"', ""), '["a.b"]["say \\"x\\""][""]'),
        (("1", "\ud800"), '["1"]["[U+D800]"]'),
        (("größe",), "größe"),
    ],
)
def test_paths_are_written_without_ambiguity(path: tuple[str | int, ...], text: str) -> None:
    assert path_text(path) == text


def test_values_that_json_does_not_know_do_no_harm() -> None:
    diff = diff_json({"a": {1, 2}, 3: "x"}, {"a": object, 3: "y", None: 1})
    assert [change.path for change in diff.changes] == ["a", '["3"]', "None"]
