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


def _parts(whole: Any) -> Iterator[bytes]:
    """Yield ``whole`` as bytes: its type, then its content, containers in a settled order.

    Goes down without calling itself: JSON may nest deeper than calls may.
    """
    waiting = [whole]
    while waiting:
        value = waiting.pop()
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
                for key in sorted(value, key=_framed, reverse=True):
                    waiting += (value[key], key)
            case Set():
                yield b"%d" % len(value)
                yield from sorted(map(_framed, value))
            case list() | tuple():
                yield b"%d" % len(value)
                waiting.extend(reversed(value))
            case _ if is_dataclass(value):
                waiting.extend(getattr(value, field.name) for field in reversed(fields(value)))
            case _ if _is_bare(value):
                # an application's type without a repr of its own: what it holds, not where it is
                waiting.append(dict(sorted(_attributes(value).items())))
            case _:
                yield repr(value).encode(errors="surrogatepass")


def _is_bare(value: Any) -> bool:
    represent: Any = type(value).__repr__
    return represent is object.__repr__


def _framed(value: Any) -> bytes:
    return b"".join(b"%d:%b" % (len(part), part) for part in _parts(value))


def _attributes(value: Any) -> dict[str, Any]:
    found = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        names = cls.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if hasattr(value, name):
                found[name] = getattr(value, name)
    return found
