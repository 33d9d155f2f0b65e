"""What this run cannot test for want of a server or a browser, and whether that may be."""

from __future__ import annotations

import os
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
    """Counts the tests of one run that could not be done, by what they lacked."""

    reasons: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> NoReturn:
        """Skip the running test because of ``reason``, or fail it where everything is required."""
        if everything_is_required():
            pytest.fail(f"{reason} (nothing may be left out in this run)", pytrace=False)
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        pytest.skip(reason)

    def summary(self) -> list[str]:
        """One line per reason, for the end of the run."""
        return [f"{count} tests left out: {reason}" for reason, count in self.reasons.items()]
