"""The fine half of a text comparison: the words of one paragraph against those of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .budget import BoundedMatcher, Deadline, OutOfTime, match_work
from .text_results import Segment, SegmentKind
from .text_tokens import WORD_CHARACTERS, Tokens, count_words, tokens_of

#: Steps of one longest match of words; a paragraph beyond it is shown as a whole.
WORD_WORK = 400_000
#: An equal run of at most this many tokens and characters between two changes joins them.
JOIN_TOKENS = 2
JOIN_CHARACTERS = 3
#: A paragraph of which a larger share of words changed shows as removed and added.
REWRITTEN_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class WordDiff:
    """The words of two paragraphs compared.

    ``rewritten`` means that so much changed that both are better shown as a whole; ``coarse`` that
    words were not compared, for length or, with ``late``, because the time was spent.
    """

    segments: tuple[Segment, ...]
    added: int
    removed: int
    rewritten: bool = False
    coarse: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class _Change:
    """Tokens ``i:i_end`` replaced by ``j:j_end``."""

    i: int
    i_end: int
    j: int
    j_end: int


def diff_words(old: str, new: str, deadline: Deadline) -> WordDiff:
    """Compare two paragraphs word by word.

    :return: segments that rebuild both texts byte for byte
    """
    if deadline.passed:
        late = (len(new.split()), len(old.split()))
        return WordDiff(_replaced(old, new), *late, rewritten=True, coarse=True, late=True)
    if max(len(old), len(new)) > WORD_CHARACTERS:
        return _diff_middle(old, new, deadline)
    return _diff_words(old, new, deadline)


def diff_spaces(old: str, new: str) -> tuple[Segment, ...]:
    """Return the segments of two texts that are equal but for white space at their ends."""
    if old == new:
        return (Segment(SegmentKind.EQUAL, old),) if old else ()
    parts = _Parts()
    core = old.strip()
    parts.space(*(text[: len(text) - len(text.lstrip())] for text in (old, new)))
    parts.equal(core)
    parts.space(*(text[len(text.rstrip()) :] if core else "" for text in (old, new)))
    return parts.done()


def _diff_words(old: str, new: str, deadline: Deadline, ends: int = 0) -> WordDiff:
    """Compare two texts by words; ``ends`` counts equal words around them, for the share."""
    old_tokens, new_tokens = tokens_of(old), tokens_of(new)
    old_words, new_words = sum(old_tokens.words), sum(new_tokens.words)
    try:
        changes = _changes(old_tokens.texts, new_tokens.texts, deadline)
    except OutOfTime:
        return WordDiff(_replaced(old, new), new_words, old_words, True, True, late=True)
    if changes is None:
        return WordDiff(_replaced(old, new), new_words, old_words, True, True)
    changes = _joined(changes, old_tokens.texts)
    removed = sum(sum(old_tokens.words[change.i : change.i_end]) for change in changes)
    added = sum(sum(new_tokens.words[change.j : change.j_end]) for change in changes)
    if old_words + new_words:
        share = (added + removed) / (old_words + new_words + 2 * ends)
    else:
        changed = sum(change.i_end - change.i + change.j_end - change.j for change in changes)
        share = changed / max(1, len(old_tokens.texts) + len(new_tokens.texts))
    if share > REWRITTEN_SHARE and old_tokens.texts and new_tokens.texts:
        return WordDiff(_replaced(old, new), new_words, old_words, rewritten=True)
    return WordDiff(_segments(old, new, old_tokens, new_tokens, changes), added, removed)


def diff_ends(old: str, new: str) -> WordDiff:
    """Compare two texts by their common beginning and end only: what lies between is replaced."""
    head, tail = _common_ends(old, new)
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    inner = WordDiff(_replaced(gone, come), count_words(come), count_words(gone), coarse=True)
    return _between_ends(old, head, tail, inner)


def _diff_middle(old: str, new: str, deadline: Deadline) -> WordDiff:
    """Compare what is left of two very long paragraphs when their common ends are set aside."""
    head, tail = _common_ends(old, new)
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(gone), len(come)) > WORD_CHARACTERS:
        return WordDiff(_replaced(old, new), count_words(new), count_words(old), True, True)
    ends = count_words(old[:head]) + count_words(old[len(old) - tail :])
    return _between_ends(old, head, tail, _diff_words(gone, come, deadline, ends))


def _between_ends(old: str, head: int, tail: int, inner: WordDiff) -> WordDiff:
    parts = _Parts()
    parts.equal(old[:head])
    for segment in inner.segments:
        parts.add(segment)
    parts.equal(old[len(old) - tail :])
    return WordDiff(parts.done(), inner.added, inner.removed, False, inner.coarse, inner.late)


def _common_ends(old: str, new: str) -> tuple[int, int]:
    """Return how long the common beginning and end are, both cut at a space."""
    head = max(old.rfind(" ", 0, _common_length(old, new)), 0)
    tail = _common_length(old[head:][::-1], new[head:][::-1])
    space = old.find(" ", len(old) - tail) if tail else -1
    return head, len(old) - space if space >= 0 else 0


def _common_length(old: str, new: str) -> int:
    """Return how many characters two texts share at their start, by halving: slices are fast."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _changes(old: list[str], new: list[str], deadline: Deadline) -> list[_Change] | None:
    """Return the changed runs of tokens, or None when that is too much work.

    :raises OutOfTime: after the deadline
    """
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if match_work(inner_old, inner_new) > WORD_WORK:
        return None
    changes: list[_Change] = []
    i = j = 0
    matcher = BoundedMatcher(inner_old, inner_new, deadline)
    for i_next, j_next, size in matcher.get_matching_blocks():
        if i < i_next or j < j_next:
            changes.append(_Change(head + i, head + i_next, head + j, head + j_next))
        i, j = i_next + size, j_next + size
    return changes


def _joined(changes: list[_Change], old: Sequence[str]) -> list[_Change]:
    """Join changes that only a scrap of equal text divides."""
    joined: list[_Change] = []
    for change in changes:
        last = joined[-1] if joined else None
        between = old[last.i_end : change.i] if last else ()
        if last and len(between) <= JOIN_TOKENS and len("".join(between)) <= JOIN_CHARACTERS:
            joined[-1] = _Change(last.i, change.i_end, last.j, change.j_end)
        else:
            joined.append(change)
    return joined


def _replaced(old: str, new: str) -> tuple[Segment, ...]:
    parts = _Parts()
    parts.change(old, new)
    return parts.done()


class _Parts:
    """Collects segments: a run of changes becomes one deletion and one insertion."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._gone: list[str] = []
        self._come: list[str] = []
        self._same: list[str] = []

    def equal(self, text: str) -> None:
        if text:
            self._flush_change()
            self._same.append(text)

    def change(self, gone: str, come: str) -> None:
        if gone or come:
            self._flush_same()
            self._gone.append(gone)
            self._come.append(come)

    def space(self, old: str, new: str) -> None:
        """Add the white space before a token, changed where the sides differ."""
        if old == new:
            self.equal(old)
        else:
            self.change(old, new)

    def add(self, segment: Segment) -> None:
        """Add a finished segment."""
        if segment.kind is SegmentKind.EQUAL:
            self.equal(segment.text)
        elif segment.kind is SegmentKind.DELETE:
            self.change(segment.text, "")
        else:
            self.change("", segment.text)

    def done(self) -> tuple[Segment, ...]:
        self._flush_change()
        self._flush_same()
        return tuple(self._segments)

    def _flush_change(self) -> None:
        self._add(SegmentKind.DELETE, self._gone)
        self._add(SegmentKind.INSERT, self._come)

    def _flush_same(self) -> None:
        self._add(SegmentKind.EQUAL, self._same)

    def _add(self, kind: SegmentKind, texts: list[str]) -> None:
        text = "".join(texts)
        texts.clear()
        if text:
            self._segments.append(Segment(kind, text))


def _segments(
    old: str, new: str, old_tokens: Tokens, new_tokens: Tokens, changes: Sequence[_Change]
) -> tuple[Segment, ...]:
    """Slice both texts along the changes; a change owns the white space before its tokens."""
    parts = _Parts()
    i = j = old_at = new_at = 0
    for change in [*changes, None]:
        run = (change.i if change else len(old_tokens.texts)) - i
        for number in range(run):
            old_start, old_end = old_tokens.places[i + number]
            new_start, new_end = new_tokens.places[j + number]
            parts.space(old[old_at:old_start], new[new_at:new_start])
            parts.equal(old[old_start:old_end])
            old_at, new_at = old_end, new_end
        if change is None:
            break
        i, j = change.i_end, change.j_end
        old_stop = old_tokens.places[i - 1][1] if i > change.i else old_at
        new_stop = new_tokens.places[j - 1][1] if j > change.j else new_at
        gone, come = old[old_at:old_stop], new[new_at:new_stop]
        lead = _leading_space(gone, come)
        parts.equal(lead)
        parts.change(gone[len(lead) :], come[len(lead) :])
        old_at, new_at = old_stop, new_stop
    parts.space(old[old_at:], new[new_at:])
    return parts.done()


def _leading_space(gone: str, come: str) -> str:
    """Return the white space that both sides of a replacement begin with."""
    if not gone or not come:
        return ""
    lead = gone[: len(gone) - len(gone.lstrip())]
    return lead if come.startswith(lead) else ""
