"""Listeners that were attached, so that each can be taken away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

_RETURNING = frozenset({"before_execute"})
"""Events whose handler's answer counts."""


@dataclass(slots=True, eq=False)
class Attachments:
    """What one manager listens to."""

    _attached: list[tuple[Any, str, Callable[..., Any]]] = field(default_factory=list)

    def add(self, target: Any, name: str, handler: Callable[..., Any]) -> None:
        """Listen to an event of ``target``, once."""
        if not event.contains(target, name, handler):
            # a listener that returns something must say so
            options = {"retval": True} if name in _RETURNING else {}
            event.listen(target, name, handler, **options)
            self._attached.append((target, name, handler))

    def remove_all(self) -> None:
        """Take every listener away."""
        for target, name, handler in reversed(self._attached):
            if event.contains(target, name, handler):
                event.remove(target, name, handler)
        self._attached.clear()
