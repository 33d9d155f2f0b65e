"""What a JSON comparison found, in the shapes that templates render."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .characters import visible
from .text_results import TextDiff
from .values import Display
from .words import _

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[^\W\d][\w-]*\Z")


class JsonKind(StrEnum):
    """What happened to one path of a JSON value."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    REORDERED = "reordered"

    @property
    def sign(self) -> str:
        """The sign that stands before the path, so that colour is not all that tells."""
        return {"added": "+", "removed": "−", "changed": "~", "moved": "↕", "reordered": "↕"}[self]


@dataclass(frozen=True, slots=True)
class JsonChange:
    """One path that differs.

    :param old_path: where the value stood; for an added one, where its container stood
    :param new_path: where the value stands; for a removed one, where its container stands
    :param old: the value that stood there (None when added)
    :param new: the value that stands there (None when removed)
    :param before: ``old`` for the page, None when added
    :param after: ``new`` for the page, None when removed
    :param delta: the difference of two numbers, "+173"
    :param text: the word diff of two long texts
    :param count: items of a reordered list
    """

    kind: JsonKind
    old_path: Path
    new_path: Path
    old: Any = None
    new: Any = None
    before: Display | None = None
    after: Display | None = None
    delta: str | None = None
    text: TextDiff | None = None
    count: int = 0

    @property
    def path(self) -> str:
        """The path that the page names: that of the new value, of the old one when removed."""
        return path_text(self.old_path if self.kind is JsonKind.REMOVED else self.new_path)

    @property
    def origin(self) -> str | None:
        """Where a moved value came from, else None."""
        return path_text(self.old_path) if self.kind is JsonKind.MOVED else None

    @property
    def sign(self) -> str:
        """The sign of the kind: ``+``, ``−``, ``~`` or ``↕``."""
        return self.kind.sign


@dataclass(frozen=True, slots=True)
class JsonDiff:
    """The difference of two JSON values, in the order of the document.

    :param total: how many values there are in all, for "4 of 31 values"
    :param notes: sentences about a fallback that was taken
    :param cut: true when there are more changes than ``changes`` holds
    """

    changes: tuple[JsonChange, ...]
    total: int = 0
    notes: tuple[str, ...] = ()
    cut: bool = False

    @property
    def note(self) -> str | None:
        """All notes as one text, or None."""
        return " ".join(self.notes) or None

    @property
    def added(self) -> int:
        """How many values were added."""
        return sum(change.kind is JsonKind.ADDED for change in self.changes)

    @property
    def removed(self) -> int:
        """How many values were removed."""
        return sum(change.kind is JsonKind.REMOVED for change in self.changes)


def path_text(path: Path) -> str:
    """Return a path as people write it: ``seo.keywords[2]``; "whole value" for the root."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN_KEY.match(step):
            parts.append(f".{step}" if parts else step)
        else:
            quoted = visible(step).replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'["{quoted}"]')
    return "".join(parts) or _("whole value")
