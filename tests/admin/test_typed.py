"""Values that people type in: each type's way, and what is said about what does not fit."""

from __future__ import annotations

import enum
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from flask_continuum.admin.typed import BadInput, Kind, typed

PRAGUE = ZoneInfo("Europe/Prague")


class Colour(enum.Enum):
    DARK_RED = 1
    BLUE = 2


class Loud(sa.types.TypeDecorator[str]):
    impl = sa.String(5)
    cache_ok = True


def of(kind: Any) -> Any:
    return typed(sa.Column("it", kind), PRAGUE)


@pytest.mark.parametrize(
    ("kind", "how", "text", "value"),
    [
        (sa.String(20), Kind.TEXT, "some words", "some words"),
        (sa.String(2000), Kind.AREA, "two\r\nlines", "two\nlines"),
        (sa.Text(), Kind.AREA, "two\nlines", "two\nlines"),
        (Loud(), Kind.TEXT, "12345", "12345"),
        (sa.Integer(), Kind.NUMBER, "-12", -12),
        (sa.BigInteger(), Kind.NUMBER, "9000000000", 9_000_000_000),
        (sa.Numeric(6, 2), Kind.NUMBER, "12.50", Decimal("12.50")),
        (sa.Numeric(6, 2, asdecimal=False), Kind.NUMBER, "12.5", 12.5),
        (sa.Float(), Kind.NUMBER, "1e3", 1000.0),
        (sa.Boolean(), Kind.CHOICE, "false", False),
        (sa.Enum(Colour), Kind.CHOICE, "DARK_RED", Colour.DARK_RED),
        (sa.Enum("red", "blue"), Kind.CHOICE, "blue", "blue"),
        (sa.Date(), Kind.DATE, "2026-11-23", date(2026, 11, 23)),
        (sa.DateTime(), Kind.DATETIME, "2026-11-23T14:05", datetime(2026, 11, 23, 14, 5)),
        (
            sa.DateTime(timezone=True),
            Kind.DATETIME,
            "2026-11-23T14:05",
            datetime(2026, 11, 23, 13, 5, tzinfo=UTC),
        ),
        (sa.Time(), Kind.TIME, "14:05", time(14, 5)),
        (sa.Uuid(), Kind.TEXT, "0" * 32, uuid.UUID(int=0)),
        (sa.Uuid(as_uuid=False), Kind.TEXT, "0" * 32, str(uuid.UUID(int=0))),
        (sa.JSON(), Kind.AREA, '{"a": [1, null]}', {"a": [1, None]}),
        (postgresql.JSONB(), Kind.AREA, "[true]", [True]),
    ],
)
def test_each_type_is_typed_in_its_own_way(kind: Any, how: Kind, text: str, value: Any) -> None:
    found = of(kind)
    assert found.kind is how
    assert found.read(text) == value
    assert type(found.read(text)) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (sa.String(5), "123456", "at most 5 characters"),
        (sa.String(20), "two\nlines", "one line"),
        (sa.Text(), "a\0b", "NUL"),
        (sa.Integer(), "twelve", "whole number"),
        (sa.Integer(), "1.5", "whole number"),
        (sa.Integer(), "--5", "whole number"),
        (sa.Integer(), "٣", "whole number"),
        (sa.Integer(), "9" * 30, "whole number"),
        (sa.SmallInteger(), "40000", "from -32,768 to 32,767"),
        (sa.Numeric(6, 2), "1.255", "at most 2 decimals"),
        (sa.Numeric(6, 2), "10000", "below 10,000"),
        (sa.Numeric(6, 2), "NaN", "such as 12.5"),
        (sa.Float(), "1e999", "such as 12.5"),
        (sa.Float(), "much", "such as 12.5"),
        (sa.Boolean(), "perhaps", "in the list"),
        (sa.Enum(Colour), "GREEN", "in the list"),
        (sa.Date(), "23.11.2026", "such as 2026-11-23"),
        (sa.DateTime(), "now", "such as 2026-11-23T14:05"),
        (sa.Time(), "noon", "such as 14:05"),
        (sa.Uuid(), "12", "UUID"),
        (sa.JSON(), "{a: 1}", "no JSON"),
        (sa.JSON(), "NaN", "no JSON"),
        (sa.JSON(), "[" * 100_000, "no JSON"),
    ],
)
def test_what_does_not_fit_is_told(kind: Any, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        of(kind).read(text)


@pytest.mark.parametrize("kind", [sa.LargeBinary(), sa.Interval(), sa.ARRAY(sa.Integer)])
def test_what_a_page_has_no_way_for_is_not_typed_in(kind: Any) -> None:
    assert of(kind) is None


def test_choices_read_as_the_pages_show_them() -> None:
    assert of(sa.Enum(Colour)).choices == (("DARK_RED", "Dark red"), ("BLUE", "Blue"))
    assert of(sa.Boolean()).choices == (("true", "Yes"), ("false", "No"))


def test_instants_are_in_the_zone_of_whoever_types() -> None:
    assert of(sa.DateTime(timezone=True)).hint == "In the time zone Europe/Prague."
    assert of(sa.DateTime()).hint == ""
