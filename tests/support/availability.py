"""What this run cannot test for want of a server or a browser, and whether that may be."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

import pytest

TRUE = frozenset({"1", "true", "yes", "on"})


def everything_is_required() -> bool:
    """True in CI, or when ``CONTINUUM_REQUIRE_ALL`` asks for it: nothing may be left out."""
    return any(
        os.environ.get(name, "").strip().lower() in TRUE for name in ("CI", "CONTINUUM_REQUIRE_ALL")
    )


@dataclass(slots=True)
class LeftOut:
    """Knows why tests of this run could not be done."""

    reasons: set[str] = field(default_factory=set)

    def leave_out(self, reason: str) -> NoReturn:
        """Skip the running test because of ``reason``, or fail it where everything is required."""
        if everything_is_required():
            pytest.fail(f"{reason} (nothing may be left out in this run)", pytrace=False)
        self.reasons.add(reason)
        pytest.skip(reason)

    def summarise(self, skips: Iterable[str]) -> list[str]:
        """Return one line per reason for the end of the run.

        :param skips: why each skipped test was skipped; one that chose to is not counted.
        """
        count = Counter(reason for reason in skips if reason in self.reasons)
        return [f"left out ({number}): {reason}" for reason, number in sorted(count.items())]
