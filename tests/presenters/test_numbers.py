from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flask_continuum.presenters.numbers import number_delta


@pytest.mark.parametrize(
    ("old", "new", "delta"),
    [
        (1, 174, "+173"),
        (Decimal("12.50"), Decimal("9.90"), "−2.60"),
        (Decimal("1"), Decimal("1.05"), "+0.05"),
        (Decimal("1.10"), 2, "+0.90"),
        (12.5, 9.9, "−2.6"),
        (0.1, 0.3, "+0.2"),
        (1.5, Decimal("2.50"), "+1"),
        (1000, 2000.0, "+1000"),
    ],
)
def test_the_difference_reads_like_the_numbers(old: Any, new: Any, delta: str) -> None:
    assert number_delta(old, new) == delta


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, 1),
        (1, True),
        (1, "2"),
        (Decimal("NaN"), Decimal(1)),
        (float("inf"), 1.0),
        (Decimal("1E+999999"), Decimal(1)),
        (Decimal(1), Decimal("-9.9E+999999")),
        (1 << 5000, 1),
    ],
)
def test_what_has_no_difference_in_words_has_none(old: Any, new: Any) -> None:
    assert number_delta(old, new) is None
