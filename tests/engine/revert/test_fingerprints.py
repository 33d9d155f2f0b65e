from __future__ import annotations

import enum
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from flask_continuum.engine.read import NOT_RECORDED
from flask_continuum.engine.revert import (
    Action,
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    RelationKind,
    RelationStep,
)
from flask_continuum.engine.revert.fingerprint import fingerprint


class Model:
    pass


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


BASE = RecordPlan(
    model=Model,
    key=(1,),
    version=None,
    action=Action.CHANGE,
    fields=(FieldStep("title", "a", "b"),),
    relations=(RelationStep("tags+1", "tags", RelationKind.LINK, None, (1,), True),),
    impossible=(Impossible("words", Reason.NOT_RECORDED, "…"),),
    base=5,
)


def of(record: RecordPlan) -> str:
    return fingerprint("revert", (record,))


@pytest.mark.parametrize(
    "changed",
    [
        replace(BASE, key=(2,)),
        replace(BASE, action=Action.RECREATE),
        replace(BASE, base=6),
        replace(BASE, keeps_key=False),
        replace(BASE, fields=()),
        replace(BASE, relations=()),
        replace(BASE, impossible=()),
        replace(BASE, fields=(FieldStep("title", "a", None),)),
        replace(BASE, fields=(FieldStep("title", NOT_RECORDED, "b"),)),
        replace(BASE, fields=(FieldStep("title", "a", "b", needs="x"),)),
        replace(BASE, relations=(replace(BASE.relations[0], ticked=False),)),
    ],
)
def test_whatever_changes_the_plan_changes_its_fingerprint(changed: RecordPlan) -> None:
    assert of(changed) != of(BASE)
    assert fingerprint("restore", (BASE,)) != of(BASE)
    assert fingerprint("revert", (BASE, BASE)) != of(BASE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, "1"),
        (0, None),
        ("", None),
        (b"a", "a"),
        ({"a": 1}, {"a": 2}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": None}}),
        (["a", "b"], ["ab"]),
        (["a", ["b"]], [["a"], "b"]),
        (Decimal("1.0"), Decimal("1.00")),
        (Colour.RED, Colour.BLUE),
        (Point(1), Point(2)),
        ({1, 2}, {1, 3}),
    ],
)
def test_values_are_told_apart(one: Any, other: Any) -> None:
    assert value(one) != value(other)


@pytest.mark.parametrize("make", [lambda: Point(1), lambda: {"b": 1, "a": [2]}, lambda: {3, 1}])
def test_equal_values_have_equal_fingerprints(make: Any) -> None:
    assert value(make()) == value(make())
    assert value({"a": 1, "b": 2}) == value({"b": 2, "a": 1})


def test_json_may_nest_deeper_than_calls() -> None:
    def deep(end: int) -> Any:
        found: Any = end
        for _ in range(5000):
            found = {"": [found]}
        return found

    assert value(deep(1)) == value(deep(1))
    assert value(deep(1)) != value(deep(2))


def value(content: Any) -> str:
    return of(replace(BASE, fields=(FieldStep("title", None, content),)))
