"""Bounds of a comparison: a time budget for a page, and a matcher that stops when it is spent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import Match, SequenceMatcher

#: Seconds that all comparisons of one page may take together.
PAGE_SECONDS = 0.25


class OutOfTime(Exception):
    """Raised inside a comparison whose time is spent; the caller falls back to a coarser one."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point on a clock after which a step of a comparison gives up."""

    at: float
    clock: Callable[[], float]

    @property
    def passed(self) -> bool:
        """True when it is later than the deadline."""
        return self.clock() >= self.at


class Budget:
    """Time that the comparisons of one page share; only time spent comparing counts.

    Make one for each page and hand it to every comparison::

        budget = Budget()
        first = diff_text(a, b, budget=budget)
        second = diff_json(c, d, budget=budget)

    :param seconds: what all of them may take together
    :param clock: a monotonic clock in seconds
    """

    __slots__ = ("_clock", "_spent", "_started", "seconds")

    def __init__(
        self, seconds: float = PAGE_SECONDS, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._spent = 0.0
        self._started: float | None = None

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count the time of the block; a block inside another counts once."""
        if self._started is not None:
            yield
            return
        self._started = self._clock()
        try:
            yield
        finally:
            self._spent += self._clock() - self._started
            self._started = None

    @property
    def left(self) -> float:
        """Seconds that are left, never below 0."""
        running = 0.0 if self._started is None else self._clock() - self._started
        return max(0.0, self.seconds - self._spent - running)

    def deadline(self, share: float = 1.0) -> Deadline:
        """Return the deadline of a step that may use this share of what is left."""
        return Deadline(self._clock() + self.left * share, self._clock)


class BoundedMatcher(SequenceMatcher[Hashable]):
    """difflib's matcher without its junk guess, which gives up at a deadline."""

    def __init__(self, a: Sequence[Hashable], b: Sequence[Hashable], deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(None, a, b, autojunk=False)

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        """Return the longest common run, or raise :class:`OutOfTime` after the deadline."""
        if self._deadline.passed:
            raise OutOfTime
        return super().find_longest_match(alo, ahi, blo, bhi)


def match_work(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Return the steps of one longest match: for each item of ``a``, its count in ``b``.

    The figure depends on the texts alone, so a page looks the same on every machine.
    """
    counts = Counter(b)
    return sum(count * counts[item] for item, count in Counter(a).items() if item in counts)
