"""Two edits of one value put together, where they do not touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from .budget import Budget, Deadline
from .text_blocks import align, cut
from .text_results import SegmentKind
from .text_words import diff_words

#: Characters of one of the three texts beyond which nothing is put together.
LONGEST: Final = 500_000
#: Levels of nested mappings that are looked into.
DEEPEST: Final = 50

_ABSENT: Final = object()


class Touching(Exception):
    """The two edits touch, or are too much work to tell."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """Characters ``start:end`` of the common text, replaced."""

    start: int
    end: int
    text: str


def merge(base: Any, one: Any, other: Any, budget: Budget) -> Any:
    """Return a value with both edits of ``base`` in it.

    Texts are put together by words, mappings by their keys, sets by their members; of anything
    else, two edits always touch.

    :param base: what both edits began with.
    :raises Touching: when the edits touch.
    """
    if isinstance(base, str) and isinstance(one, str) and isinstance(other, str):
        with budget.spending():
            return _merge_texts(base, one, other, budget.deadline(0.5))
    if isinstance(base, Set) and isinstance(one, Set) and isinstance(other, Set):
        return type(other)((set(other) - (set(base) - set(one))) | (set(one) - set(base)))  # type: ignore[call-arg]
    try:
        return _merge_any(base, one, other, DEEPEST)
    except RecursionError as error:  # comparing and printing follow a document to its end
        raise Touching from error


def _merge_any(base: Any, one: Any, other: Any, depth: int) -> Any:
    if _same(one, base) or _same(one, other):
        return other
    if _same(other, base):
        return one
    is_mapping = all(isinstance(each, Mapping) for each in (base, one, other))
    if not is_mapping or not depth:
        raise Touching
    keys = dict.fromkeys((*other, *one))
    merged = {
        key: _merge_any(
            base.get(key, _ABSENT), one.get(key, _ABSENT), other.get(key, _ABSENT), depth - 1
        )
        for key in keys
    }
    return {key: value for key, value in merged.items() if value is not _ABSENT}


def _same(one: Any, other: Any) -> bool:
    # 1 equals True in Python, and not in a document
    return one is other or (bool(one == other) and repr(one) == repr(other))


def _merge_texts(base: str, one: str, other: str, deadline: Deadline) -> str:
    if max(map(len, (base, one, other))) > LONGEST:
        raise Touching
    first, second = (set(_edits(base, text, deadline)) for text in (one, other))
    parts: list[str] = []
    at, last = 0, None
    for edit in sorted(first | second, key=lambda each: (each.start, each.end)):
        # edits of one text stand apart; what both did is no other edit to either
        is_other = last is not None and not any({edit, last} <= each for each in (first, second))
        if is_other and not base[at : edit.start].strip():
            raise Touching
        parts += [base[at : edit.start], edit.text]
        at, last = edit.end, edit
    return "".join([*parts, base[at:]])


def _edits(base: str, text: str, deadline: Deadline) -> Sequence[_Edit]:
    """Return how a text was made from the common one: in order, and none touching the next."""
    before, after = cut(base), cut(text)
    found: list[_Edit] = []
    at = 0
    for span in align(before, after, deadline).spans:
        old = "".join(before[span.old_start : span.old_end])
        if not span.equal:
            new = "".join(after[span.new_start : span.new_end])
            found += _word_edits(old, new, at, deadline)
        at += len(old)
    return found


def _word_edits(old: str, new: str, at: int, deadline: Deadline) -> Sequence[_Edit]:
    found: list[_Edit] = []
    start, come = at, ""
    for segment in diff_words(old, new, deadline).segments:
        if segment.kind is SegmentKind.EQUAL:
            if at > start or come:
                found.append(_Edit(start, at, come))
            at += len(segment.text)
            start, come = at, ""
        elif segment.kind is SegmentKind.DELETE:
            at += len(segment.text)
        else:
            come += segment.text
    if at > start or come:
        found.append(_Edit(start, at, come))
    return found
