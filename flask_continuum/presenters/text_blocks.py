"""The coarse half of a text comparison: texts cut into blocks, and blocks aligned.

A block is a line with its line ends, or a piece of a very long line. Blocks that occur once on each
side are anchors, so the cost is that of sorting, and what is left between anchors is small.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .budget import BoundedMatcher, Deadline, OutOfTime, match_work

#: A line longer than this is cut into pieces.
LONG_LINE = 2_000
#: A piece is at least this long, unless it is the last.
SHORTEST_PIECE = 24
#: A piece that has reached this length ends at its next mark, whatever its checksum says.
LONGEST_PIECE = 300
#: Steps of one longest match of blocks; more make a range "replaced as a whole".
BLOCK_WORK = 400_000
#: A paragraph of this many characters is recognised where it moved to.
MOVED_LENGTH = 40

#: Signs after which a long line may be cut.
MARKS = ".!?。>},;！？，；"
#: A text with more of these signs keeps its long lines whole, because cutting takes too long.
MARK_LIMIT = 150_000

# A line and the empty lines behind it, or a last line without an end. Both patterns are
# possessive, so that a text without what they look for costs one pass.
_LINE = re.compile(r"[^\r\n]*+(?:[ \t]*+(?:\r\n|\r|\n))+|[^\r\n]+")
_MARK = re.compile(rf"[^{MARKS}]*+[{MARKS}]++|[^{MARKS}]+")


@dataclass(frozen=True, slots=True)
class Span:
    """Blocks ``old_start:old_end`` beside blocks ``new_start:new_end``, equal or not.

    ``coarse`` marks a span that could be compared only as a whole.
    """

    old_start: int
    old_end: int
    new_start: int
    new_end: int
    equal: bool
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Alignment:
    """The spans of two texts in order, without a gap."""

    spans: tuple[Span, ...]

    @property
    def coarse(self) -> bool:
        """True when some span could be compared only as a whole."""
        return any(span.coarse for span in self.spans)


class _Run(NamedTuple):
    """An equal run of blocks: its start in both texts and its length."""

    old: int
    new: int
    length: int


class _Gap(NamedTuple):
    """What lies between two anchors in both texts."""

    old: int
    old_end: int
    new: int
    new_end: int


def cut(text: str, *, pieces: bool = True) -> list[str]:
    """Cut a text into blocks, which joined give the text.

    A long line is cut at places that its own content chooses, so that an insertion near its start
    does not shift the pieces behind it.

    :param pieces: whether long lines are cut at all
    """
    lines: list[str] = _LINE.findall(text)
    if (
        not pieces
        or max(map(len, lines), default=0) <= LONG_LINE
        or sum(map(text.count, MARKS)) > MARK_LIMIT
    ):
        return lines
    blocks: list[str] = []
    for line in lines:
        if len(line) > LONG_LINE:
            blocks.extend(_pieces(line))
        else:
            blocks.append(line)
    return blocks


def align(old: Sequence[str], new: Sequence[str], deadline: Deadline) -> Alignment:
    """Find which blocks stayed, in order.

    :param old: blocks, stripped
    :param new: blocks, stripped
    :param deadline: after it, what is left between anchors becomes one replaced span each
    """
    head, tail = _common_ends(old, new, 0, len(old), 0, len(new))
    old_end, new_end = len(old) - tail, len(new) - tail
    runs: list[_Run] = [_Run(0, 0, head)]
    failed: set[tuple[int, int]] = set()
    i, j = head, head
    for anchor in [*_anchors(old, new, head, old_end, head, new_end), _Run(old_end, new_end, tail)]:
        if i < anchor.old and j < anchor.new:
            first, last = _trimmed(old, new, _Gap(i, anchor.old, j, anchor.new))
            inside = _Gap(i + first.length, last.old, j + first.length, last.new)
            between = _between(old, new, inside, deadline)
            if between is None:
                failed.add((inside.old, inside.new))
            runs += [first, *(between or ()), last]
        runs.append(anchor)
        i, j = anchor.old + anchor.length, anchor.new + anchor.length
    return Alignment(_spans(runs, failed, len(old), len(new)))


def find_moved(old: Sequence[str], new: Sequence[str], spans: Sequence[Span]) -> dict[int, int]:
    """Find removed blocks that stand somewhere else as added ones: the new place by the old."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for span in reversed(spans):
        if not span.equal:
            for place in range(span.new_end - 1, span.new_start - 1, -1):
                if len(new[place]) >= MOVED_LENGTH:
                    places[new[place]].append(place)
    went: dict[int, int] = {}
    for span in spans:
        if not span.equal:
            for place in range(span.old_start, span.old_end):
                if waiting := places.get(old[place]):
                    went[place] = waiting.pop()
    return went


def _pieces(line: str) -> list[str]:
    pieces: list[str] = []
    is_odd: dict[str, int] = {}  # checksums are dear, and in a long line the same parts recur
    piece: list[str] = []
    length = 0
    for part in _MARK.findall(line):
        piece.append(part)
        length += len(part)
        if length < SHORTEST_PIECE:
            continue
        odd = is_odd.get(part)
        if odd is None:
            odd = is_odd[part] = zlib.crc32(part.encode("utf-8", "surrogatepass")) & 1
        if odd or length >= LONGEST_PIECE:
            pieces.append("".join(piece))
            piece.clear()
            length = 0
    if piece:
        pieces.append("".join(piece))
    return pieces


def _common_ends(
    old: Sequence[str], new: Sequence[str], i: int, i_end: int, j: int, j_end: int
) -> tuple[int, int]:
    shorter = min(i_end - i, j_end - j)
    head = 0
    while head < shorter and old[i + head] == new[j + head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[i_end - 1 - tail] == new[j_end - 1 - tail]:
        tail += 1
    return head, tail


def _anchors(
    old: Sequence[str], new: Sequence[str], i: int, i_end: int, j: int, j_end: int
) -> list[_Run]:
    """Return the longest rising run of blocks that occur once on each side."""
    old_counts = Counter(old[i:i_end])
    new_counts = Counter(new[j:j_end])
    new_place = {new[place]: place for place in range(j, j_end) if new_counts[new[place]] == 1}
    pairs = [
        (place, new_place[old[place]])
        for place in range(i, i_end)
        if old[place] in new_place and old_counts[old[place]] == 1
    ]
    # Patience sorting: the smallest end of a rising run of each length, with links to go back.
    ends: list[int] = []
    owners: list[int] = []
    before: list[int] = []
    for number, (_, after) in enumerate(pairs):
        length = bisect_left(ends, after)
        before.append(owners[length - 1] if length else -1)
        if length == len(ends):
            ends.append(after)
            owners.append(number)
        else:
            ends[length] = after
            owners[length] = number
    run: list[_Run] = []
    number = owners[-1] if owners else -1
    while number >= 0:
        run.append(_Run(*pairs[number], 1))
        number = before[number]
    return run[::-1]


def _trimmed(old: Sequence[str], new: Sequence[str], gap: _Gap) -> tuple[_Run, _Run]:
    """Return the equal runs at both ends of a gap between anchors."""
    head, tail = _common_ends(old, new, *gap)
    return (
        _Run(gap.old, gap.new, head),
        _Run(gap.old_end - tail, gap.new_end - tail, tail),
    )


def _between(
    old: Sequence[str], new: Sequence[str], gap: _Gap, deadline: Deadline
) -> list[_Run] | None:
    """Return the equal runs inside a gap, or None when it is too much work or too late."""
    inner_old, inner_new = old[gap.old : gap.old_end], new[gap.new : gap.new_end]
    work = match_work(inner_old, inner_new)
    if work > BLOCK_WORK:
        return None
    if not work:
        return []
    try:
        blocks = BoundedMatcher(inner_old, inner_new, deadline).get_matching_blocks()
    except OutOfTime:
        return None
    return [_Run(gap.old + i, gap.new + j, size) for i, j, size in blocks]


def _spans(
    runs: Sequence[_Run], failed: Collection[tuple[int, int]], old_length: int, new_length: int
) -> tuple[Span, ...]:
    """Turn equal runs in order into spans that cover both texts without a gap."""
    spans: list[Span] = []
    i = j = 0
    for run in [*runs, _Run(old_length, new_length, 0)]:
        if i < run.old or j < run.new:
            spans.append(Span(i, run.old, j, run.new, equal=False, coarse=(i, j) in failed))
        i, j = run.old + run.length, run.new + run.length
        if run.length:
            last = spans[-1] if spans else None
            if last and last.equal:
                spans[-1] = Span(last.old_start, i, last.new_start, j, equal=True)
            else:
                spans.append(Span(run.old, i, run.new, j, equal=True))
    return tuple(spans)
