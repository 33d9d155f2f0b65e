"""Changes of fields and links, in lines for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import unified_diff
from typing import Any

import click

from flask_continuum.cli.printing import SHORT, plain, shown
from flask_continuum.cli.subjects import MASKED, Desk
from flask_continuum.engine.read.results import NOT_RECORDED, FieldChange, Gone, LinkChange
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.characters import visible

_BEFORE = 20
"""Characters that are shown before the first difference."""
_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def changes_as_json(
    desk: Desk,
    versioned: VersionedClass,
    fields: Iterable[FieldChange],
    links: Iterable[LinkChange],
) -> dict[str, Any]:
    """Return changes with old and new values by field, and keys by relationship."""
    return {
        "fields": {
            change.key: [MASKED, MASKED]
            if desk.hides(versioned, change.key)
            else [plain(change.old), plain(change.new)]
            for change in fields
        },
        "links": {
            change.relationship: {
                "added": [_key_of(desk, each) for each in change.added],
                "removed": [_key_of(desk, each) for each in change.removed],
            }
            for change in links
        },
    }


def short_lines(
    desk: Desk,
    versioned: VersionedClass,
    fields: Iterable[FieldChange],
    links: Iterable[LinkChange],
) -> Iterator[str]:
    """Yield a line for each change, values cut."""
    for change in fields:
        if desk.hides(versioned, change.key):
            yield f"{change.key}: {MASKED}"
            continue
        old, new = short(change.old, change.new)
        if change.old is NOT_RECORDED:
            yield f"{change.key}: {click.style(new, fg='green')}"
        else:
            yield f"{change.key}: {click.style(old, fg='red')} → {click.style(new, fg='green')}"
    yield from link_lines(desk, links)


def full_lines(
    desk: Desk, versioned: VersionedClass, fields: Iterable[FieldChange]
) -> Iterator[str]:
    """Yield changes with whole values; texts of several lines as differences between lines."""
    for change in fields:
        yield click.style(change.key, bold=True)
        if desk.hides(versioned, change.key):
            yield f"  {MASKED}"
        elif _has_lines(change.old) or _has_lines(change.new):
            yield from _line_diff(change.old, change.new)
        else:
            yield click.style(f"  - {shown(change.old)}", fg="red")
            yield click.style(f"  + {shown(change.new)}", fg="green")


def link_lines(desk: Desk, links: Iterable[LinkChange]) -> Iterator[str]:
    """Yield a line for each record that was linked or unlinked."""
    for change in links:
        for each in change.removed:
            yield f"{change.relationship}: {click.style(f'− {_name_of(desk, each)}', fg='red')}"
        for each in change.added:
            yield f"{change.relationship}: {click.style(f'+ {_name_of(desk, each)}', fg='green')}"


def short(old: Any, new: Any) -> tuple[str, str]:
    """Return two values cut to a line, from a little before the first place where they differ."""
    one, other = shown(old), shown(new)
    pairs = enumerate(zip(one, other, strict=False))
    differs = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, differs - _BEFORE) if max(len(one), len(other)) > SHORT else 0
    return _cut(one, start), _cut(other, start)


def cut(value: Any) -> str:
    """Return the beginning of a value, in a line."""
    return _cut(shown(value), 0)


def _cut(text: str, start: int) -> str:
    before = "…" if start else ""
    after = "…" if len(text) > start + SHORT else ""
    return f"{before}{text[start : start + SHORT]}{after}"


def _has_lines(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _line_diff(old: Any, new: Any) -> Iterator[str]:
    lines = unified_diff(_lines(old), _lines(new), lineterm="", n=2)
    for line in list(lines)[2:]:  # without the names of two files
        yield click.style(f"  {line}", fg=_COLOURS.get(line[:1]))


def _lines(value: Any) -> list[str]:
    return visible(value).splitlines() if isinstance(value, str) else [shown(value)]


def _key_of(desk: Desk, thing: Any) -> str:
    return encode_key(thing.key if isinstance(thing, Gone) else desk.entry(thing).key_of(thing))


def _name_of(desk: Desk, thing: Any) -> str:
    if isinstance(thing, Gone):
        return desk.name_of_key(desk.entry(thing.model), thing.key)
    return desk.name(thing)
