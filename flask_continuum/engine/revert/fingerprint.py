"""A short text that is equal for equal plans, and different when anything they would do differs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from flask_continuum.engine.read.results import NotRecorded
from flask_continuum.engine.revert.steps import (
    FieldStep,
    Impossible,
    RecordPlan,
    RelationStep,
    Taken,
)


def fingerprint(kind: str, records: tuple[RecordPlan, ...]) -> str:
    """Return the fingerprint of a plan, 64 hexadecimal digits.

    :param kind: what the plan is for.
    :param records: all that it would do, and what it says it cannot.
    """
    digest = hashlib.sha256()
    for part in _parts((kind, tuple(_record(each) for each in records))):
        # each part is led by its length, so that no two sequences of parts read the same
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()


def _record(record: RecordPlan) -> tuple[Any, ...]:
    return (
        record.model,
        record.key,
        record.action,
        record.base,
        record.state,
        record.keeps_key,
        record.via,
        tuple(_step(step) for step in record.fields),
        tuple(_step(step) for step in record.relations),
        tuple(_step(step) for step in record.impossible),
        tuple(_step(step) for step in record.taken),
    )


def _step(step: FieldStep | RelationStep | Impossible | Taken) -> tuple[Any, ...]:
    match step:
        case FieldStep():
            return (step.key, step.now, step.then, step.state, step.left, step.needs)
        case RelationStep():
            # the target is told by its key: its other values are not what the step changes
            return (step.id, step.kind, step.key, step.ticked, step.state, step.keeps_key)
        case Impossible():
            return (step.key, step.reason, step.blocks)
        case Taken():
            return (step.fields, step.values, *step.holder)


def _parts(value: Any) -> Iterator[bytes]:
    """Yield ``value`` as bytes: its type, then its content, containers in a settled order."""
    yield type(value).__qualname__.encode()
    match value:
        case NotRecorded() | None:
            pass
        case type():
            yield f"{value.__module__}.{value.__qualname__}".encode()
        case Enum():
            yield value.name.encode()
        case bytes() | bytearray() | memoryview():
            yield bytes(value)
        case str():
            yield value.encode(errors="surrogatepass")
        case Mapping():
            yield b"%d" % len(value)
            yield from sorted(b"".join(_framed((key, value[key]))) for key in value)
        case Set():
            yield b"%d" % len(value)
            yield from sorted(b"".join(_framed(item)) for item in value)
        case list() | tuple():
            yield b"%d" % len(value)
            for item in value:
                yield from _parts(item)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _parts(getattr(value, field.name))
        case _ if _is_bare(value):
            # a type of the application without a repr of its own: what it holds, not where it is
            yield from _parts(dict(sorted(_attributes(value).items())))
        case _:
            yield repr(value).encode(errors="surrogatepass")


def _is_bare(value: Any) -> bool:
    represent: Any = type(value).__repr__
    return represent is object.__repr__


def _framed(value: Any) -> Iterator[bytes]:
    for part in _parts(value):
        yield b"%d:" % len(part)
        yield part


def _attributes(value: Any) -> dict[str, Any]:
    found = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        names = cls.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if hasattr(value, name):
                found[name] = getattr(value, name)
    return found
