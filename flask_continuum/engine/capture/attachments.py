"""Listeners that were attached, so that each can be taken away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

_RETURNING = frozenset({"before_execute"})
"""Events whose handler's answer counts."""

_Attached = tuple[Any, str, Callable[..., Any]]


@dataclass(slots=True, eq=False)
class Attachments:
    """What one manager listens to."""

    _attached: dict[_Attached, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is listened to."""
        return bool(self._attached)

    def add(
        self,
        target: Any,
        name: str,
        handler: Callable[..., Any],
        *,
        raw: bool = False,
        propagate: bool = False,
    ) -> None:
        """Listen to an event of ``target``, once.

        :param raw: whether the handler is given the states of objects, not the objects.
        :param propagate: whether the subclasses of ``target`` are listened to as well.
        """
        attached = (target, name, handler)
        # SQLAlchemy cannot be asked about a base below which nothing is mapped yet
        if attached in self._attached:
            return
        options: dict[str, Any] = {}
        if name in _RETURNING:
            options["retval"] = True  # a listener that returns something must say so
        if raw or propagate:
            options |= {"raw": raw, "propagate": propagate}
        event.listen(target, name, handler, **options)
        self._attached[attached] = None

    def remove_all(self) -> None:
        """Take every listener away."""
        self._remove(list(self._attached))

    def remove(self, target: Any) -> None:
        """Take the listeners of one target away."""
        self._remove([attached for attached in self._attached if attached[0] is target])

    def _remove(self, chosen: list[_Attached]) -> None:
        for target, name, handler in reversed(chosen):
            if event.contains(target, name, handler):
                event.remove(target, name, handler)
            del self._attached[target, name, handler]
