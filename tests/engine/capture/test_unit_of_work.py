"""The pure unit of work, against an oracle that replays every operation."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from flask_continuum.engine.build.tables import build_version_table
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.operation import Operation, net
from flask_continuum.engine.options import Options

INSERT, UPDATE, DELETE = Operation


def table() -> Any:
    live = sa.Table("thing", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    return build_version_table(live, Options())


@pytest.mark.parametrize(
    ("earlier", "later", "result"),
    [
        (None, INSERT, INSERT),
        (None, UPDATE, UPDATE),
        (None, DELETE, DELETE),
        (INSERT, UPDATE, INSERT),
        (INSERT, DELETE, None),
        (UPDATE, UPDATE, UPDATE),
        (UPDATE, DELETE, DELETE),
        (DELETE, INSERT, UPDATE),
    ],
)
def test_net_effect(earlier: Operation | None, later: Operation, result: Operation | None) -> None:
    assert net(earlier, later) is result


#: a program: write keys 0 to 3 (whatever is possible), set, release or roll back savepoints
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "delete"]), st.integers(0, 3)),
        st.tuples(st.sampled_from(["savepoint", "release", "rollback", "settle"]), st.just(0)),
    ),
    max_size=40,
)


@given(st.sets(st.integers(0, 3)), STEPS)
def test_random_programs_end_in_their_net_effect(
    present: set[int], steps: list[tuple[str, int]]
) -> None:
    """Presence is all that the oracle knows: what was there at the last settling, what is now."""
    things = table()
    unit = UnitOfWork(root=lambda: None)
    now, since = set(present), set(present)
    touched: set[int] = set()
    stack: list[tuple[set[int], set[int], set[int]]] = []
    for name, key in steps:
        if name == "write":
            operation = UPDATE if key in now else INSERT
            unit.touch(things, (key,), operation)
            now.add(key)
            touched.add(key)
        elif name == "delete" and key in now:
            unit.touch(things, (key,), DELETE, {"id": key})
            now.discard(key)
            touched.add(key)
        elif name == "savepoint":
            unit.begin_savepoint(len(stack) + 1)
            stack.append((set(now), set(since), set(touched)))
        elif name == "release" and stack:
            unit.end_savepoint(len(stack), keep=True)
            stack.pop()
        elif name == "rollback" and stack:
            unit.end_savepoint(len(stack), keep=False)
            now, since, touched = stack.pop()
        elif name == "settle":
            unit.settle()
            since, touched = set(now), set()
    changes = unit.changes()
    live = {key: operation for each in changes for (key,), operation in each.live}
    gone = {key for each in changes for (key,) in each.gone}
    assert gone == {key for key in touched if key in since and key not in now}
    assert live == {key: UPDATE if key in since else INSERT for key in touched if key in now}


def test_keys_come_in_a_fixed_order() -> None:
    things = table()
    unit = UnitOfWork(root=lambda: None)
    for key in (10, 9, 1, 100):
        unit.touch(things, (key,), INSERT)
    (changes,) = unit.changes()
    assert [key for (key,), _ in changes.live] == [1, 9, 10, 100]


def test_a_draft_is_stale_when_something_was_touched_or_taken_back() -> None:
    from flask_continuum.engine.capture.changes import Draft

    things = table()
    unit = UnitOfWork(root=lambda: None)
    unit.touch(things, (1,), INSERT)
    assert unit.is_dirty
    unit.draft = Draft({}, unit.revision, unit.revision, unit.changes(), said={})
    assert not unit.is_dirty
    unit.begin_savepoint(1)
    unit.end_savepoint(1, keep=True)
    assert not unit.is_dirty
    unit.begin_savepoint(1)
    unit.end_savepoint(1, keep=False)
    assert unit.is_dirty
