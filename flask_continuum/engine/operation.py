"""What happened to a record: the three operations, and their net effect in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import EnumType, IntEnum
from typing import Any


@dataclass(slots=True)
class PendingOperation:
    """What has happened to an object in this transaction.

    :ivar processed: whether its version has been made.
    """

    target: Any
    type: Operation
    processed: bool = False


class _OperationType(EnumType):
    """Has ``Operation(target, type)`` tell what has happened to an object."""

    def __call__(cls, value: Any, *type: Any) -> Any:  # type: ignore[override]  # as enums look up
        operation: Any = super().__call__
        return PendingOperation(value, operation(*type)) if type else operation(value)


class Operation(IntEnum, metaclass=_OperationType):
    """The operation that a version stands for, as stored in ``operation_type``."""

    INSERT = 0
    UPDATE = 1
    DELETE = 2


def net(earlier: Operation | None, later: Operation) -> Operation | None:
    """Return the net effect of two operations on one record in one transaction.

    :param earlier: the net operation so far, ``None`` when the record is as it was before.
    :param later: what happens now.
    :returns: the net operation; ``None`` when a record came and went and nothing is left to tell.
    """
    if earlier is None:
        return later
    if later is Operation.DELETE:
        return None if earlier is Operation.INSERT else Operation.DELETE
    if later is Operation.INSERT:
        # a key that was deleted and is used again in the same transaction has changed, not come
        return Operation.UPDATE if earlier is Operation.DELETE else earlier
    return earlier if earlier is Operation.INSERT else later
