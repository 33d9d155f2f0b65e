"""Assertions about history, for the test suites of applications; they need no test framework.

.. code-block:: python

    from flask_continuum.testing import assert_attributed, assert_history, created, deleted, updated

    def test_publishing(client, article):
        client.post(f"/articles/{article.id}/publish")
        assert_history(article, [created(status="draft"), updated(status="published")])
        assert_attributed(article, actor="Maya Lind")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedClass, entry_of
from flask_continuum.state import current_state


@dataclass(frozen=True, slots=True)
class Step:
    """What one version must be: the operation it stands for, and values of fields it must have."""

    operation: Operation | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        verb = "any" if self.operation is None else self.operation.name
        return f"{verb} {_listed(self.values)}".rstrip()


def created(**values: Any) -> Step:
    """Return a step: the record came, with these values among others."""
    return Step(Operation.INSERT, values)


def updated(**values: Any) -> Step:
    """Return a step: the record changed, and had these values among others afterwards."""
    return Step(Operation.UPDATE, values)


def deleted(**values: Any) -> Step:
    """Return a step: the record went, with these last values among others."""
    return Step(Operation.DELETE, values)


def versions_of(obj: Any) -> list[Any]:
    """Return the versions of a record, oldest first; also of one that was deleted.

    :param obj: a live object that was saved once.
    :raises ClassNotVersioned: when its class is not versioned.
    """
    session, entry, key = _record(obj)
    return read.versions_of(session, entry.model, key)


def assert_history(obj: Any, steps: Sequence[Step | Mapping[str, Any]]) -> None:
    """Fail unless a record has exactly these versions, oldest first.

    :param obj: a live object that was saved once.
    :param steps: :func:`created`, :func:`updated` and :func:`deleted`, or a mapping of values
        where the operation does not matter. Only the fields that are named are compared.
    :raises AssertionError: with the expected history beside the one that was found.
    :raises ValueError: when a step names no recorded field of the model.
    """
    __tracebackhide__ = True
    _, entry, _ = _record(obj)
    expected = [each if isinstance(each, Step) else Step(None, each) for each in steps]
    for step in expected:
        _check_names(entry, step.values)
    versions = versions_of(obj)
    matches = len(versions) == len(expected) and all(
        _fits(entry, version, step) for version, step in zip(versions, expected, strict=True)
    )
    if not matches:
        names = {name for step in expected for name in step.values}
        raise AssertionError(_compared(entry, expected, versions, names))


def assert_attributed(obj: Any, **expected: Any) -> None:
    """Fail unless the newest version of a record was made by whom, and why, is expected.

    :param obj: a live object that was saved once.
    :param expected: values of the transaction, such as ``actor``, ``user_id``, ``reason``,
        ``kind`` or ``remote_addr``; of ``context`` only the keys that are given are compared.
    :raises AssertionError: when the record has no version, or a value is another one.
    :raises AttributeError: when transactions have no such value.
    """
    __tracebackhide__ = True
    session, entry, key = _record(obj)
    version = read.newest(session, entry.model, key)
    if version is None:
        raise AssertionError(f"{_name(entry, key)} has no history.")
    transaction = version.transaction
    wrong = []
    for name, value in expected.items():
        found = getattr(transaction, name)
        if name == "context" and isinstance(found, Mapping):
            found = {each: found[each] for each in value if each in found}
        if found != value:
            wrong.append(f"{name} is {found!r}, not {value!r}")
    if wrong:
        raise AssertionError(
            f"The newest change of {_name(entry, key)} (transaction {transaction.id}) is not "
            f"attributed as expected: {'; '.join(wrong)}."
        )


@contextmanager
def assert_unchanged(*objects: Any) -> Iterator[None]:
    """Fail when the block adds a version to one of these records.

    :param objects: live objects that were saved once.
    :raises AssertionError: naming each that has more versions than before.
    """
    __tracebackhide__ = True
    before = [len(versions_of(each)) for each in objects]
    yield
    grown = []
    for each, count in zip(objects, before, strict=True):
        _, entry, key = _record(each)
        added = versions_of(each)[count:]
        grown += [
            f"{_name(entry, key)}: {_told(entry, version, entry.attributes)}" for version in added
        ]
    if grown:
        raise AssertionError("\n".join(["History was written where none should be:", *grown]))


def _record(obj: Any) -> tuple[Session, VersionedClass, tuple[Any, ...]]:
    entry = entry_of(obj)
    state = sa.inspect(obj)
    if not isinstance(obj, entry.model) or state.identity is None:
        raise ValueError(f"{obj!r} is no record that was saved, so it has no history to look at.")
    session = object_session(obj) or current_state().db.session()
    return session, entry, tuple(state.identity)


def _check_names(entry: VersionedClass, names: Mapping[str, Any]) -> None:
    for name in names:
        if name not in entry.attributes:
            raise ValueError(
                f"{entry.model.__name__} has no recorded field {name!r}; it has "
                f"{', '.join(entry.attributes)}."
            )


def _fits(entry: VersionedClass, version: Any, step: Step) -> bool:
    if step.operation not in (None, _operation(entry, version)):
        return False
    return all(getattr(version, name) == value for name, value in step.values.items())


def _operation(entry: VersionedClass, version: Any) -> Operation:
    return Operation(getattr(version, entry.options.operation_type_column_name))


def _compared(
    entry: VersionedClass, expected: Sequence[Step], versions: Sequence[Any], names: set[str]
) -> str:
    found = [_told(entry, version, names or entry.attributes) for version in versions]
    lines = ["The history is not the expected one."]
    for number in range(max(len(expected), len(found))):
        told = found[number] if number < len(found) else "(no version)"
        wanted = str(expected[number]) if number < len(expected) else "(no version)"
        fits = number < min(len(expected), len(found)) and _fits(
            entry, versions[number], expected[number]
        )
        lines.append(f"{' ' if fits else '!'} {number}  expected {wanted}")
        lines.append(f"     found    {told}")
    return "\n".join(lines)


def _told(entry: VersionedClass, version: Any, names: Any) -> str:
    values = {name: getattr(version, name) for name in entry.attributes if name in names}
    return f"{_operation(entry, version).name} {_listed(values)}"


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _name(entry: VersionedClass, key: tuple[Any, ...]) -> str:
    return f"{entry.model.__name__} {', '.join(map(repr, key))}"
