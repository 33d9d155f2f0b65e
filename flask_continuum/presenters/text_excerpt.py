"""The first change of a text with a little of what stands around it, for timelines."""

from __future__ import annotations

from collections.abc import Sequence

from .characters import one_line, visible
from .text_results import BlockKind, Excerpt, Segment, SegmentKind, TextDiff

#: Unchanged characters kept before, after and between the changes of an excerpt.
CONTEXT = 30
_ELLIPSIS = "…"


def excerpt(diff: TextDiff, *, width: int = 160) -> Excerpt:
    """Return a text's first change with a little of what stands around it.

    :param diff: the whole comparison
    :param width: about how many characters to show
    :return: segments in one line, white space as single blanks, cuts marked with an ellipsis
    """
    segments, is_last = _first_change(diff)
    shown: list[Segment] = []
    room = width
    cut_short = False
    for number, part in enumerate(segments):
        if room <= 0:
            cut_short = any(rest.kind is not SegmentKind.EQUAL for rest in segments[number:])
            break
        text = _line(_near(part.text, width))
        if part.kind is SegmentKind.EQUAL:
            text = _context(text, number == 0, number == len(segments) - 1)
        elif len(text) > room:
            text = text[:room].rstrip() + _ELLIPSIS
            cut_short = True
        room -= len(text)
        if text:
            shown.append(Segment(part.kind, visible(text)))
    return Excerpt(
        tuple(shown), diff.added_words, diff.removed_words, cut_short or not is_last, diff.note
    )


def _first_change(diff: TextDiff) -> tuple[Sequence[Segment], bool]:
    """Return the segments of the first change, and whether there is no other."""
    changed = [
        number
        for number, block in enumerate(diff.blocks)
        if any(part.kind is not SegmentKind.EQUAL for part in block.segments)
        or any(part.kind is not SegmentKind.EQUAL for b in block.preview for part in b.segments)
    ]
    if not changed:
        return (), True
    first = diff.blocks[changed[0]]
    used = 1
    segments: tuple[Segment, ...] = first.segments
    if first.kind is BlockKind.FOLD and first.preview:
        segments = next(
            (
                block.segments
                for block in first.preview
                if any(part.kind is not SegmentKind.EQUAL for part in block.segments)
            ),
            segments,
        )
    following = diff.blocks[changed[1]] if len(changed) > 1 else None
    if (
        first.kind is BlockKind.DELETED
        and following is not None
        and following.kind is BlockKind.INSERTED
        and changed[1] == changed[0] + 1
    ):
        segments += following.segments
        used = 2
    return segments, len(changed) == used


def _near(text: str, width: int) -> str:
    """Return the part of a very long run that an excerpt may show, with room for white space."""
    reach = 4 * (width + CONTEXT)
    if len(text) <= 2 * reach:
        return text
    return f"{text[:reach]} {text[-reach:]}"


def _line(text: str) -> str:
    """Return the text in one line, with a blank where white space stood at its ends."""
    line = one_line(text)
    if not line:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{line}{' ' if text[-1].isspace() else ''}"


def _context(text: str, is_first: bool, is_last: bool) -> str:
    """Shorten unchanged text to what stands next to a change, cut between words."""
    if len(text) <= 2 * CONTEXT:
        return text
    before, after = text[:CONTEXT], text[-CONTEXT:]
    before = before[: before.rfind(" ") + 1] or before
    after = after[after.find(" ") + 1 :] if " " in after.rstrip() else after
    if is_first:
        return _ELLIPSIS + after
    if is_last:
        return before.rstrip() + _ELLIPSIS
    return f"{before.rstrip()} {_ELLIPSIS} {after.lstrip()}"
