"""One changed field: the form of difference that suits its values, for a timeline or in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Any

from .budget import Budget
from .json_diff import diff_json
from .json_results import JsonDiff
from .labels import humanise
from .numbers import number_delta, size_delta, time_delta
from .text_diff import PAGE_PARAGRAPHS, diff_text, excerpt
from .text_results import BlockKind, Excerpt, TextDiff
from .text_tokens import count_words
from .values import DEFAULT_VIEW, Display, View, display, masked

#: Changed paragraphs that a timeline looks at for its count of words.
TIMELINE_PARAGRAPHS = 20
#: Texts up to this long are names rather than prose.
NAME_LENGTH = 60
#: Lists up to this long may be shown as chips that came and went.
TAGS = 100


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
        if self.kind is FieldKind.JSON:
            return True
        if self.kind is not FieldKind.TEXT:
            return False
        return (
            not (self.old.is_short and self.new.is_short) or "\n" in self.old.text + self.new.text
        )


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
    """Compare two values of one field in the form that suits them.

    :param key: the attribute key
    :param old: the value before, or the sentinel that ``view`` names
    :param new: the value after
    :param label: the field's name; made from the key when not given
    :param full: the form of the compare page (``text``) instead of a timeline's (``excerpt``)
    :param created: whether this is the first value of a new record, shown alone
    :param budget: time shared by the comparisons of a page; a fresh 250 ms when not given
    :param view: how the reader sees values
    :return: a :class:`FieldDiff`; the values may be of any type
    """
    base = FieldDiff(
        key, label or humanise(key), FieldKind.REPLACED, display(old, view), display(new, view)
    )
    if created:
        return replace(base, kind=FieldKind.CREATED)
    if base.old.is_nothing or base.new.is_nothing:
        return _from_nothing(base, old, new)
    budget = budget or Budget()
    if isinstance(old, Enum) or isinstance(new, Enum):
        return replace(base, kind=FieldKind.ENUM)
    if isinstance(old, str) and isinstance(new, str):
        return _text_field(base, old, new, budget, full=full)
    if isinstance(old, bool) and isinstance(new, bool):
        return replace(base, kind=FieldKind.BOOLEAN)
    if isinstance(old, (bytes, bytearray, memoryview)) and isinstance(
        new, (bytes, bytearray, memoryview)
    ):
        delta = size_delta(base.old.length or 0, base.new.length or 0)
        return replace(base, kind=FieldKind.BYTES, delta=delta)
    if (isinstance(old, Set) and isinstance(new, Set)) or _are_tags(old, new):
        return _items_field(base, old, new, view)
    if isinstance(old, (dict, list)) and isinstance(new, (dict, list)):
        found = diff_json(old, new, budget=budget, view=view)
        return replace(
            base, kind=FieldKind.JSON, json=found, added=found.added, removed=found.removed
        )
    if distance := time_delta(old, new):
        return replace(base, kind=FieldKind.DATE, delta=distance)
    if change := number_delta(old, new):
        return replace(base, kind=FieldKind.NUMBER, delta=change)
    return base


def masked_field(key: str, reason: str, *, label: str | None = None) -> FieldDiff:
    """Return the change of a field that the reader may not see: that it changed, no more."""
    hidden = masked(reason)
    return FieldDiff(key, label or humanise(key), FieldKind.MASKED, hidden, hidden)


def unchanged_field(
    key: str, value: Any, *, label: str | None = None, view: View = DEFAULT_VIEW
) -> FieldDiff:
    """Return a field that is the same on both sides."""
    shown = display(value, view)
    return FieldDiff(key, label or humanise(key), FieldKind.SAME, shown, shown)


def _from_nothing(base: FieldDiff, old: Any, new: Any) -> FieldDiff:
    added = count_words(new) if isinstance(new, str) else 0
    removed = count_words(old) if isinstance(old, str) else 0
    if base.old.is_nothing and base.new.is_nothing:
        return base
    kind = FieldKind.SET if base.old.is_nothing else FieldKind.UNSET
    return replace(base, kind=kind, added=added, removed=removed)


def _text_field(base: FieldDiff, old: str, new: str, budget: Budget, *, full: bool) -> FieldDiff:
    found = diff_text(
        old, new, budget=budget, paragraphs=PAGE_PARAGRAPHS if full else TIMELINE_PARAGRAPHS
    )
    is_name = max(len(old), len(new)) <= NAME_LENGTH and "\n" not in old + new
    if is_name and all(block.kind is not BlockKind.CHANGED for block in found.blocks):
        return base  # two short names without a word in common read best as "old → new"
    return replace(
        base,
        kind=FieldKind.TEXT,
        text=found if full else None,
        excerpt=None if full else excerpt(found),
        added=found.added_words,
        removed=found.removed_words,
    )


def _are_tags(old: Any, new: Any) -> bool:
    """True for two short lists of plain values that differ in more than their order."""
    return (
        isinstance(old, list)
        and isinstance(new, list)
        and max(len(old), len(new)) <= TAGS
        and all(type(item) in (str, int) for item in [*old, *new])
        and Counter(old) != Counter(new)
        and _in_order(old, new)
    )


def _in_order(old: list[Any], new: list[Any]) -> bool:
    old_set, new_set = set(old), set(new)
    return [item for item in old if item in new_set] == [item for item in new if item in old_set]


def _items_field(base: FieldDiff, old: Any, new: Any, view: View) -> FieldDiff:
    before, after = Counter(old), Counter(new)
    come = _shown_items(after - before, new, view)
    gone = _shown_items(before - after, old, view)
    kept = (before & after).total()
    return replace(
        base,
        kind=FieldKind.ITEMS,
        come=come,
        gone=gone,
        kept=kept,
        added=len(come),
        removed=len(gone),
    )


def _shown_items(counts: Counter[Any], order: Any, view: View) -> tuple[Display, ...]:
    left = Counter(counts)
    items = []
    for item in order:
        if left[item] > 0:
            left[item] -= 1
            items.append(display(item, view))
    # A set has no order of its own; a page must have one that repeats.
    return tuple(items if isinstance(order, list) else sorted(items, key=str))
