"""The structural difference of two JSON values, path by path, within fixed bounds."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .budget import BoundedMatcher, Budget, Deadline, OutOfTime, match_work
from .formats import json_text
from .json_results import JsonChange, JsonDiff, JsonKind, Path, path_text
from .numbers import number_delta
from .text_diff import diff_text
from .values import DEFAULT_VIEW, Display, DisplayKind, View, display, text_display
from .words import N_, _

__all__ = ["JsonChange", "JsonDiff", "JsonKind", "diff_json", "path_text"]

#: Changes that one value shows; a larger difference is cut, and NOTE_CUT says the number.
CHANGES = 2_000
#: Steps of one longest match of list items; a list beyond it shows as one replaced value.
LIST_WORK = 1_000_000
#: Items beyond which a list is compared as one value.
LIST_LENGTH = 50_000
#: More moves than this in one list read as "reordered".
MOVES = 20
#: Characters from which a text inside a value gets a word diff.
TEXT_LENGTH = 80
#: The members that tell which item of a list is which, the first that an item has.
IDENTITIES = ("id", "key", "name", "slug")

NOTE_CUT = N_("Only the first 2,000 changes are shown.")
NOTE_WHOLE = N_("Compared as one value in places: too large or too deep for a finer comparison.")
NOTE_LATE = N_("Compared as one value in places: the time for this page was spent.")


def diff_json(
    old: Any, new: Any, *, budget: Budget | None = None, view: View = DEFAULT_VIEW
) -> JsonDiff:
    """Compare two JSON values: which paths were added, removed, changed or moved.

    Types count: ``1``, ``true`` and ``1.0`` differ. Items of a list that went and came are moved
    when equal, then paired by ``id``, ``key``, ``name`` or ``slug``, then by place.

    :param budget: time shared by the comparisons of a page; a fresh 250 ms when not given
    :param view: how the reader sees values
    :return: changes in the order of the document
    """
    budget = budget or Budget()
    with budget.spending():
        comparison = _Comparison(budget.deadline())
        comparison.run(old, new)
        found = comparison.changes[:CHANGES]
        cut = len(comparison.changes) > CHANGES
        total = _leaves(new) + sum(change.kind is JsonKind.REMOVED for change in found)
        notes = [_(NOTE_CUT)] if cut else []
        if comparison.late:
            notes.append(_(NOTE_LATE))
        elif comparison.whole:
            notes.append(_(NOTE_WHOLE))
        changes = tuple(_described(change, budget, view) for change in found)
        return JsonDiff(changes, max(total, len(changes)), tuple(notes), cut)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two values still to be compared, and where they stand."""

    old: Any
    new: Any
    old_path: Path
    new_path: Path


@dataclass(slots=True)
class _Comparison:
    """Walks through two values on a stack of its own, so depth is no limit."""

    deadline: Deadline
    changes: list[JsonChange] = field(default_factory=list)
    whole: bool = False
    late: bool = False

    def run(self, old: Any, new: Any) -> None:
        stack: list[_Pair | JsonChange] = [_Pair(old, new, (), ())]
        while stack and len(self.changes) <= CHANGES:
            step = stack.pop()
            if isinstance(step, JsonChange):
                self.changes.append(step)
            elif self.deadline.passed:
                self.late = True
                self._compare_whole(step)
            elif isinstance(step.old, dict) and isinstance(step.new, dict):
                stack += reversed(_members(step))
            elif isinstance(step.old, list) and isinstance(step.new, list):
                stack += reversed(self._items(step))
            elif not _same(step.old, step.new):
                self.changes.append(_changed(step))

    def _compare_whole(self, pair: _Pair) -> None:
        if not _same(pair.old, pair.new):
            self.changes.append(_changed(pair))

    def _items(self, pair: _Pair) -> Sequence[_Pair | JsonChange]:
        """Compare two lists: what stays to be compared in their items, and what is decided."""
        old, new = pair.old, pair.new
        if len(old) == len(new) == 1:
            return [_item_pair(pair, 0, 0)]
        if max(len(old), len(new)) > LIST_LENGTH:
            self.whole = True
            return [] if _same(old, new) else [_changed(pair)]
        try:
            old_prints = [fingerprint(item) for item in old]
            new_prints = [fingerprint(item) for item in new]
            ranges = self._ranges(old_prints, new_prints)
        except OutOfTime:
            self.late = True
            return [_changed(pair)]
        if ranges is None:
            self.whole = True
            return [_changed(pair)]
        return _ListSteps(pair, old_prints, new_prints, ranges).steps()

    def _ranges(self, old: list[str], new: list[str]) -> list[tuple[range, range]] | None:
        """Return the ranges that differ, or None when that is too much work."""
        shorter = min(len(old), len(new))
        head = 0
        while head < shorter and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        inner_old: list[str] = old[head : len(old) - tail]
        inner_new: list[str] = new[head : len(new) - tail]
        if match_work(inner_old, inner_new) > LIST_WORK:
            return None
        ranges = []
        i = j = 0
        matcher = BoundedMatcher(inner_old, inner_new, self.deadline)
        for i_next, j_next, size in matcher.get_matching_blocks():
            if i < i_next or j < j_next:
                ranges.append((range(head + i, head + i_next), range(head + j, head + j_next)))
            i, j = i_next + size, j_next + size
        return ranges


class _ListSteps:
    """What became of the items of one list that are not in place."""

    def __init__(
        self,
        pair: _Pair,
        old_prints: Sequence[str],
        new_prints: Sequence[str],
        ranges: Sequence[tuple[range, range]],
    ) -> None:
        self._pair = pair
        self._ranges = ranges
        self._gone = {i: None for gone, __ in ranges for i in gone}
        self._come = {j: None for __, come in ranges for j in come}
        self._moved = self._match(lambda i: old_prints[i], lambda j: new_prints[j])
        self._paired = self._match(lambda i: identity(pair.old[i]), lambda j: identity(pair.new[j]))
        for gone, come in ranges:
            left_old = [i for i in gone if i in self._gone]
            left_new = [j for j in come if j in self._come]
            if len(left_old) == len(left_new):
                self._take(zip(left_old, left_new, strict=True), self._paired)

    def steps(self) -> Sequence[_Pair | JsonChange]:
        """Return the steps in the order of the new list, removals where they stood."""
        pair = self._pair
        steps: list[_Pair | JsonChange] = []
        if len(self._moved) > MOVES:
            steps.append(
                JsonChange(
                    JsonKind.REORDERED, pair.old_path, pair.new_path, pair.old, pair.new,
                    count=len(pair.new),
                )
            )  # fmt: skip
        for gone, come in self._ranges:
            for i in gone:
                if i in self._gone:
                    steps.append(
                        JsonChange(
                            JsonKind.REMOVED, (*pair.old_path, i), pair.new_path, pair.old[i]
                        )
                    )
            for j in come:
                steps += self._step(j)
        return steps

    def _step(self, j: int) -> Sequence[_Pair | JsonChange]:
        pair = self._pair
        if j in self._come:
            return [
                JsonChange(
                    JsonKind.ADDED, pair.old_path, (*pair.new_path, j), new=pair.new[j]
                )
            ]  # fmt: skip
        if j in self._paired:
            return [_item_pair(pair, self._paired[j], j)]
        if len(self._moved) > MOVES:
            return []
        i = self._moved[j]
        return [
            JsonChange(
                JsonKind.MOVED, (*pair.old_path, i), (*pair.new_path, j), pair.old[i], pair.new[j]
            )
        ]

    def _match(
        self, old_name: Callable[[int], Hashable], new_name: Callable[[int], Hashable]
    ) -> dict[int, int]:
        """Pair items that have the same name, first with first; None is no name."""
        waiting: dict[Hashable, list[int]] = {}
        for i in reversed(self._gone):
            waiting.setdefault(old_name(i), []).append(i)
        waiting.pop(None, None)
        pairs = []
        for j in self._come:
            if places := waiting.get(new_name(j)):
                pairs.append((places.pop(), j))
        found: dict[int, int] = {}
        self._take(pairs, found)
        return found

    def _take(self, pairs: Any, found: dict[int, int]) -> None:
        for i, j in pairs:
            found[j] = i
            del self._gone[i], self._come[j]


def fingerprint(value: Any) -> str:
    """Return canonical JSON: the same text for the same value, another for another type."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=json_text)
    except (TypeError, ValueError, RecursionError):
        # Keys of several types, a value that holds itself, nesting beyond the encoder.
        return json_text(value)


def identity(item: Any) -> Hashable:
    """Return what tells an item of a list from the others, or None."""
    if not isinstance(item, dict):
        return None
    for name in IDENTITIES:
        value = item.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return (name, value)
    return None


def _members(pair: _Pair) -> Sequence[_Pair | JsonChange]:
    """Compare two objects by key: those of the old one first, in its order."""
    steps: list[_Pair | JsonChange] = []
    for key, value in pair.old.items():
        step = str(key)
        if key in pair.new:
            steps.append(
                _Pair(value, pair.new[key], (*pair.old_path, step), (*pair.new_path, step))
            )
        else:
            steps.append(JsonChange(JsonKind.REMOVED, (*pair.old_path, step), pair.new_path, value))
    for key, value in pair.new.items():
        if key not in pair.old:
            steps.append(
                JsonChange(JsonKind.ADDED, pair.old_path, (*pair.new_path, str(key)), new=value)
            )
    return steps


def _item_pair(pair: _Pair, i: int, j: int) -> _Pair:
    return _Pair(pair.old[i], pair.new[j], (*pair.old_path, i), (*pair.new_path, j))


def _changed(pair: _Pair) -> JsonChange:
    return JsonChange(JsonKind.CHANGED, pair.old_path, pair.new_path, pair.old, pair.new)


def _same(old: Any, new: Any) -> bool:
    if type(old) is not type(new):
        return False
    if isinstance(old, (str, bool, int)):
        return bool(old == new)
    return fingerprint(old) == fingerprint(new)


def _leaves(value: Any) -> int:
    """Count the values of a document that are not objects or lists with members."""
    count = 0
    stack = [value]
    while stack:
        item = stack.pop()
        if item and isinstance(item, dict):
            stack.extend(item.values())
        elif item and isinstance(item, list):
            stack.extend(item)
        else:
            count += 1
    return count


def _described(change: JsonChange, budget: Budget, view: View) -> JsonChange:
    """Return the change with what the page shows of it."""
    if change.kind is JsonKind.REORDERED:
        return change
    old, new = change.old, change.new
    text = None
    if (
        change.kind is JsonKind.CHANGED
        and isinstance(old, str)
        and isinstance(new, str)
        and min(len(old), len(new)) >= TEXT_LENGTH
    ):
        text = diff_text(old, new, budget=budget, paragraphs=10)
    return replace(
        change,
        before=None if change.kind is JsonKind.ADDED else member_display(old, view),
        after=None if change.kind is JsonKind.REMOVED else member_display(new, view),
        delta=number_delta(old, new) if change.kind is JsonKind.CHANGED else None,
        text=text,
    )


def member_display(value: Any, view: View = DEFAULT_VIEW) -> Display:
    """Return a value inside a JSON document as JSON writes it: ``null``, ``""``, ``"ferry"``."""
    if value is None:
        return Display(DisplayKind.NULL, "null")
    if value == "" and isinstance(value, str):
        return Display(DisplayKind.EMPTY, '""')
    if isinstance(value, (str, bool, dict, list)):
        shown = text_display(json_text(value), view)
        return replace(shown, kind=DisplayKind.JSON)
    return display(value, view)
