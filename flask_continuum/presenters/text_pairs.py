"""Likeness of paragraphs: which became which, and what kind of difference is no real one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from .budget import Deadline
from .text_tokens import bag_of, count_words

#: Paragraphs of one range are paired by likeness up to this many pairs, beyond it in order.
PAIRS = 400
#: ... and up to this many characters in all.
PAIR_CHARACTERS = 100_000
#: Two paragraphs are versions of one another from this share of common words on.
LIKENESS = 0.4
#: Words of ranges up to this many characters are told apart when they are only counted.
BAG_CHARACTERS = 1_000_000
#: Words longer than this are not normalised, because that takes quadratic time.
NORMAL_LENGTH = 64


def pair_up(old: Sequence[str], new: Sequence[str], deadline: Deadline) -> list[tuple[int, int]]:
    """Find which removed paragraphs became which added ones, keeping their order.

    One with one is always a pair. Up to 400 possible pairs are judged by their common words;
    beyond that, and after the deadline, equal numbers are paired in order and unequal ones not at
    all.

    :return: pairs of positions, rising in both
    """
    if not old or not new:
        return []
    if len(old) == len(new) == 1:
        return [(0, 0)]
    size = sum(map(len, old)) + sum(map(len, new))
    if len(old) * len(new) > PAIRS or size > PAIR_CHARACTERS or deadline.passed:
        return [(place, place) for place in range(len(old))] if len(old) == len(new) else []
    old_bags = [bag_of(text) for text in old]
    new_bags = [bag_of(text) for text in new]
    likeness = [[_dice(before, after) for after in new_bags] for before in old_bags]
    # best[i][j]: the highest sum of likeness for old[i:] against new[j:].
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if likeness[i][j] >= LIKENESS:
                best[i][j] = max(best[i][j], likeness[i][j] + best[i + 1][j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if likeness[i][j] >= LIKENESS and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def bag_changes(old: str, new: str, deadline: Deadline) -> tuple[int, int]:
    """Estimate the words added and removed, without regard to their order.

    Of very long texts, and after the deadline, all words count as changed.
    """
    if len(old) + len(new) > BAG_CHARACTERS or deadline.passed:
        return count_words(new), count_words(old)
    before, after = Counter(old.split()), Counter(new.split())
    return (after - before).total(), (before - after).total()


def same_but_space(old: str, new: str) -> bool:
    """True when two texts differ in white space only."""
    return "".join(old.split()) == "".join(new.split())


def same_but_form(old: str, new: str) -> bool:
    """True when two texts are one text in two Unicode forms, white space aside."""
    old_words, new_words = old.split(), new.split()
    return len(old_words) == len(new_words) and all(
        before == after
        or (
            len(before) <= NORMAL_LENGTH
            and len(after) <= NORMAL_LENGTH
            and unicodedata.normalize("NFC", before) == unicodedata.normalize("NFC", after)
        )
        for before, after in zip(old_words, new_words, strict=True)
    )


def _dice(old: Counter[str], new: Counter[str]) -> float:
    total = old.total() + new.total()
    return 2 * (old & new).total() / total if total else 1.0
