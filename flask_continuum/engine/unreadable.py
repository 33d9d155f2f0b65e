"""Values that are in the history and that their type cannot read any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

_HOOK = "_cached_result_processor"
"""What SQLAlchemy asks a column's type for, whatever the dialect puts in its place."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a recorded value that its type cannot read any more.

    Two are equal when the same is stored. A live record raises what its type raises.

    :ivar type: the name of the column's type.
    :ivar size: characters or bytes of what is stored, where that can be told.
    """

    type: str
    size: int | None
    _stored: Any = field(repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class _Tolerant:
    """Makes the result processors of one type, such that they never raise."""

    kind: TypeEngine[Any]

    def __call__(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        process = getattr(type(self.kind), _HOOK)(self.kind, dialect, coltype)
        return None if process is None else _tolerant(process, type(self.kind).__name__)


def tolerant(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a copy of a type that reads what it can, and the rest as :class:`Unreadable`.

    It is of the same class and compiles, compares and binds as the type does.
    """
    # not copy.copy(): a type may say how it is pickled, and leave things out
    copied = kind.__class__.__new__(kind.__class__)
    copied.__dict__.update(kind.__dict__)
    copied.__dict__[_HOOK] = _Tolerant(copied)
    return copied


def _tolerant(process: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    def read(stored: Any) -> Any:
        try:
            return process(stored)
        except Exception:
            # whatever a type of the application raises: the rest of the record can be read
            return Unreadable(name, _size(stored), stored)

    return read


def _size(stored: Any) -> int | None:
    return len(stored) if isinstance(stored, str | bytes | bytearray | memoryview) else None
