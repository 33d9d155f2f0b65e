"""Hostile texts cost a bounded amount of work; the clock is only the net below the bounds."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Sequence
from difflib import Match

import pytest

from flask_continuum.presenters import budget as budgets
from flask_continuum.presenters import text_blocks, text_words
from flask_continuum.presenters.budget import Budget, Deadline, OutOfTime, match_work
from flask_continuum.presenters.text_diff import Detail, diff_text

# A loaded machine is many times slower; a missing bound is thousands of times slower.
TOLERANCE = 5.0
SIZE = 400_000


def lines_of(letters: str, count: int, seed: int) -> str:
    choose = random.Random(seed).choice
    return "".join(f"{choose(letters)}\n" for _ in range(count))


HOSTILE: dict[str, Callable[[], tuple[str, str]]] = {
    "two letters, a line each": lambda: (lines_of("ab", 40_000, 1), lines_of("ab", 40_000, 2)),
    "more lines than are cut": lambda: ("a\n" * 200_000, "b\na\n" * 100_000),
    "one mark": lambda: ("!" * SIZE, "!" * SIZE + "?"),
    "marks and letters": lambda: ("a," * SIZE, "b," * SIZE),
    "spaces": lambda: (" " * SIZE, " " * SIZE + "x"),
    "spaces after a line": lambda: ("x\n" + " " * SIZE + "y", "x\n" + " " * SIZE + "z"),
    "a word": lambda: ("x" * SIZE, "x" * SIZE + "y"),
    "a number": lambda: ("1." * SIZE + "x", "1." * SIZE + "y"),
    "tags without end": lambda: ("<a " * SIZE, "<b " * SIZE),
    "combining marks": lambda: ("a" + "\u0301\u0323" * SIZE, "a" + "\u0323\u0301" * SIZE),
    "two words": lambda: (lines_of("ab", 20_000, 3).replace("\n", " "), "b a " * 9_000),
    "carriage returns": lambda: ("\r" * SIZE, "\r\n" * SIZE),
    "hard paragraphs": lambda: (
        "\n".join(lines_of("abcd", 600, n).replace("\n", " ") for n in range(150)),
        "\n".join(lines_of("abcd", 600, -n).replace("\n", " ") for n in range(150)),
    ),
    "nothing in common": lambda: (
        "".join(f"{n}\n" for n in range(45_000)), "".join(f"{n}x\n" for n in range(45_000)),
    ),
    "every twentieth line": lambda: (
        "".join(f"{n}\n" for n in range(45_000)),
        "".join(f"{n}{'' if n % 20 else 'x'}\n" for n in range(45_000)),
    ),
    "large": lambda: ("many words in one line " * SIZE, "words in many lines\n" * 40_000),
}  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_texts_stay_within_the_budget(make: Callable[[], tuple[str, str]]) -> None:
    old, new = make()
    budget = Budget()
    start = time.process_time()
    diff = diff_text(old, new, budget=budget)
    assert time.process_time() - start < (budgets.PAGE_SECONDS + 0.1) * TOLERANCE
    assert (diff.old, diff.new) == (old, new)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=list(HOSTILE))
def test_no_match_is_longer_work_than_the_bounds_allow(
    make: Callable[[], tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    class Counting(budgets.BoundedMatcher):
        def __init__(
            self, a: Sequence[Hashable], b: Sequence[Hashable], deadline: Deadline
        ) -> None:
            done.append(match_work(a, b))
            super().__init__(a, b, deadline)

    monkeypatch.setattr(text_blocks, "BoundedMatcher", Counting)
    monkeypatch.setattr(text_words, "BoundedMatcher", Counting)
    diff_text(*make())
    assert max(done, default=0) <= 400_000


def test_the_matcher_gives_up_at_its_deadline() -> None:
    ticks = iter(range(1_000_000))
    deadline = Deadline(at=5, clock=lambda: next(ticks))
    words = [str(n) for n in range(100)]
    spread = [word for number in words for word in (number, "-")]
    with pytest.raises(OutOfTime):
        budgets.BoundedMatcher(words, spread, deadline).get_matching_blocks()
    assert next(ticks) == 6


def test_work_is_the_number_of_steps_of_one_longest_match() -> None:
    steps = 0

    class Place(int):
        """Counts how often the matcher looks at a place of ``b``."""

        def __lt__(self, other: int) -> bool:
            nonlocal steps
            steps += 1
            return super().__lt__(other)

    matcher = budgets.BoundedMatcher("aabbcx", "abbbcy", Deadline(1, lambda: 0))
    matcher.b2j = {key: [Place(n) for n in places] for key, places in matcher.b2j.items()}
    assert isinstance(matcher.find_longest_match(0, 6, 0, 6), Match)
    assert steps == match_work("aabbcx", "abbbcy") == 2 * 1 + 2 * 3 + 1


def test_a_text_is_compared_alike_whatever_the_clock_says() -> None:
    old = "".join(f"Paragraph {n} of a text.\n" for n in range(300))
    new = old.replace("7", "seven")
    slow = diff_text(old, new, budget=Budget(seconds=60))
    assert slow == diff_text(old, new, budget=Budget(seconds=600))
    assert slow.detail is Detail.WORDS


@pytest.mark.parametrize("insert", ["x", "A new sentence. ", "a, b; c. "])
def test_an_insertion_in_a_long_line_leaves_the_pieces_behind_it(insert: str) -> None:
    line = " ".join(f"Sentence {n} says, on its own, something else." for n in range(300))
    before, after = text_blocks.cut(line), text_blocks.cut(line[:500] + insert + line[500:])
    assert "".join(before) == line
    assert len(set(before) & set(after)) > len(before) - 20


def test_cut_keeps_every_character() -> None:
    text = "\n\na\n \n\tb  \r\n\r\nc\rd" + "e." * 5_000 + "\u2028\n"
    assert "".join(text_blocks.cut(text)) == text
    assert "".join(text_blocks.cut(text, pieces=False)) == text
