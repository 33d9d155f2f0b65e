"""Which record is meant by what a caller hands over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.registry import VersionedClass


@dataclass(frozen=True, slots=True)
class Subject:
    """A record, and the moment that is spoken of.

    :ivar at: a transaction of the life that is meant; ``None`` for the newest life.
    """

    entry: VersionedClass
    key: tuple[Any, ...]
    at: int | None = None


def subject(record: Any) -> Subject:
    """Return what is meant by a record.

    :param record: a live object, one of its versions, or ``(Model, key)``, where a key of several
        columns is a tuple.
    :raises ClassNotVersioned: when its class is not versioned.
    :raises ValueError: when the object has no key yet.
    """
    if isinstance(record, tuple) and len(record) == 2 and isinstance(record[0], type):
        model, key = record
        return Subject(versioned(model), key if isinstance(key, tuple) else (key,))
    if isinstance(record, type):
        raise TypeError(
            f"A record is asked for, not the model {record.__name__}: give a live object, a "
            f"version, or ({record.__name__}, key)."
        )
    entry = versioned(record)
    state: Any = sa.inspect(record)
    identity = state.identity
    if identity is None:
        raise ValueError(f"{record!r} has no history: it is not in the database yet. Flush first.")
    if isinstance(record, entry.version_class):
        return Subject(entry, tuple(identity[:-1]), identity[-1])
    return Subject(entry, tuple(identity))
