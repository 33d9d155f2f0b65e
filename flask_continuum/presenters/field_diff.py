"""One changed field: the form of difference that suits its values, for a timeline or in full."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .budget import Budget
from .json_results import JsonDiff
from .text_results import Excerpt, TextDiff
from .values import DEFAULT_VIEW, Display, View


class FieldKind(StrEnum):
    """How the difference is drawn; also the name of a template block."""

    TEXT = "text"  # text (full form) or excerpt (timeline)
    JSON = "json"  # json
    NUMBER = "number"  # old → new, delta "+173"
    DATE = "date"  # old → new, delta "3 days later"
    BOOLEAN = "boolean"  # old → new, chips
    ENUM = "enum"  # old → new, chips
    BYTES = "bytes"  # old → new, delta "27 kB smaller"
    ITEMS = "items"  # chips: gone, come, kept
    REPLACED = "replaced"  # old → new
    SET = "set"  # nothing → new
    UNSET = "unset"  # old → nothing
    CREATED = "created"  # the first value of a new record: new alone
    MASKED = "masked"  # "Changed" and the reason
    SAME = "same"  # new alone, unchanged (compare: all fields)


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field of a change, as templates draw it.

    :param key: the attribute key, for links and form fields
    :param label: its readable name
    :param old: the value before, short form
    :param new: the value after, short form
    :param delta: the difference in words: "+173", "3 days later", "27 kB smaller"
    :param text: the whole text diff (full form of kind TEXT)
    :param excerpt: its first change (timeline form of kind TEXT)
    :param json: the JSON diff (kind JSON)
    :param come: items that were added (kind ITEMS)
    :param gone: items that were removed (kind ITEMS)
    :param kept: how many items stayed (kind ITEMS)
    :param added: words or values that came, for "+26"
    :param removed: words or values that went, for "−3"
    :param href: where the field's label links to; set by the caller
    """

    key: str
    label: str
    kind: FieldKind
    old: Display
    new: Display
    delta: str | None = None
    text: TextDiff | None = None
    excerpt: Excerpt | None = None
    json: JsonDiff | None = None
    come: tuple[Display, ...] = ()
    gone: tuple[Display, ...] = ()
    kept: int = 0
    added: int = 0
    removed: int = 0
    href: str | None = None

    @property
    def note(self) -> str | None:
        """The note of the text or JSON diff: a fallback, or that only white space differs."""
        inner = self.text or self.excerpt or self.json
        return inner.note if inner else None

    @property
    def is_long(self) -> bool:
        """True when the full form deserves a panel of its own instead of a row."""
        raise NotImplementedError


def diff_field(
    key: str,
    old: Any,
    new: Any,
    *,
    label: str | None = None,
    full: bool = False,
    created: bool = False,
    budget: Budget | None = None,
    view: View = DEFAULT_VIEW,
) -> FieldDiff:
    """Compare two values of one field in the form that suits them."""
    raise NotImplementedError


def masked_field(key: str, reason: str, *, label: str | None = None) -> FieldDiff:
    """Return the change of a field that the reader may not see: that it changed, no more."""
    raise NotImplementedError


def unchanged_field(
    key: str, value: Any, *, label: str | None = None, view: View = DEFAULT_VIEW
) -> FieldDiff:
    """Return a field that is the same on both sides."""
    raise NotImplementedError
