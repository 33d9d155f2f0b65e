from __future__ import annotations

import enum
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.cursors import BadCursor, Cursor


class Colour(enum.Enum):
    RED = "r"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (5, sa.Integer()),
        ("a,b/c ü \U0001f600", sa.String()),
        (UUID(int=7), sa.Uuid()),
        (UUID(int=7).hex, sa.Uuid(as_uuid=False)),
        (b"\x00\xff", sa.LargeBinary()),
        (Decimal("1.50"), sa.Numeric()),
        (date(2026, 3, 1), sa.Date()),
        (datetime(2026, 3, 1, 1, 2, 3, 4), sa.DateTime()),
        (time(1, 2), sa.Time()),
        (timedelta(days=-1, microseconds=3), sa.Interval()),
        (Colour.RED, sa.Enum(Colour)),
        (True, sa.Boolean()),
    ],
)
def test_keys_of_any_type_come_back(value: Any, kind: Any) -> None:
    text = cursors.write("list", True, [1, value])
    assert cursors.read(text, "list", [sa.BigInteger(), kind]) == Cursor(True, (1, value))
    assert text.isascii() and "=" not in text and "/" not in text and "+" not in text


def test_a_type_that_cannot_be_carried_is_named() -> None:
    with pytest.raises(TypeError, match="keys of type complex"):
        cursors.write("list", True, [1j])


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_cursor_or_a_clear_error(text: str) -> None:
    try:
        cursors.read(text, "list", [sa.BigInteger()])
    except BadCursor as error:
        assert isinstance(error, ValueError)


@given(st.integers(-(2**70), 2**70) | st.booleans() | st.none() | st.floats() | st.text())
def test_a_forged_value_has_the_right_type_or_is_refused(value: Any) -> None:
    text = cursors.write("list", False, [value])
    try:
        found = cursors.read(text, "list", [sa.BigInteger()]).values[0]
    except BadCursor:
        return
    assert isinstance(found, int) and abs(found) < 2**63
