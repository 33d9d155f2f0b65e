"""Sees to it that managers end with what made them, since all are asked at each configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import WeakSet

import pytest

from flask_continuum.engine.manager import VersioningManager

Made = WeakSet[VersioningManager]


MANAGERS = pytest.StashKey["Managers"]()
"""Where a run keeps its own."""


class Managers:
    """Notes which managers are made, for the innermost that asks."""

    def __init__(self) -> None:
        self._open: list[Made] = []

    def watch(self) -> None:
        """Note every manager from now on."""
        begin = VersioningManager.__init__

        @wraps(begin)
        def __init__(manager: VersioningManager, *arguments: Any, **options: Any) -> None:
            begin(manager, *arguments, **options)
            self.note(manager)

        VersioningManager.__init__ = __init__  # type: ignore[method-assign, assignment]

    def note(self, manager: VersioningManager) -> None:
        """Note a manager, if anybody asks."""
        if self._open:
            self._open[-1].add(manager)

    @contextmanager
    def noted(self) -> Iterator[Made]:
        """Collect the managers that are made inside the block."""
        made: Made = WeakSet()
        self._open.append(made)
        try:
            yield made
        finally:
            self._open.pop()


def detach(made: Made) -> None:
    """Have managers capture nothing any more."""
    for manager in list(made):
        manager.detach()
