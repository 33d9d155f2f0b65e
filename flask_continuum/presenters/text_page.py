"""The blocks of one page: aligned paragraphs turned into what is shown, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .budget import Deadline
from .text_blocks import Span
from .text_pairs import bag_changes, pair_up
from .text_results import Block, BlockKind, Direction, Segment, SegmentKind, Side
from .text_tokens import count_words
from .text_words import diff_spaces, diff_words

#: Unchanged paragraphs in a row that are folded away.
FOLD_FROM = 2
#: A page carries this many characters of a fold, to show when it is opened.
FOLD_CHARACTERS = 4_000


@dataclass(slots=True)
class Page:
    """Collects the blocks of a comparison until as many changed ones are shown as a page takes.

    :param old: blocks of the old text
    :param new: blocks of the new text
    :param deadline: after it, words are no longer compared
    :param limit: changed paragraphs to show
    :param went: the new place of each moved block by its old place
    :param by_words: whether words are compared at all
    """

    old: Sequence[str]
    new: Sequence[str]
    deadline: Deadline
    limit: int
    went: dict[int, int]
    by_words: bool = True
    added: int = 0
    removed: int = 0
    long: bool = False
    late: bool = False
    estimated: bool = False
    _blocks: list[Block] = field(default_factory=list)
    _changed: int = 0
    _at: tuple[int, int] = (0, 0)
    _came: set[int] = field(default_factory=set)
    # Where moved blocks stand on the page, by their new place.
    _left: dict[int, int] = field(default_factory=dict)
    _arrived: dict[int, int] = field(default_factory=dict)

    def fill(self, spans: Sequence[Span]) -> tuple[Block, ...]:
        """Add the spans in order and return the blocks; what does not fit is one last fold."""
        self._came = set(self.went.values())
        for span in spans:
            if self._is_full():
                break
            if span.equal:
                self._add_equal(span)
            elif span.coarse:
                self._add_whole(span)
            else:
                self._add_paragraphs(span)
        self._add_rest(spans)
        return self._directed()

    def _is_full(self) -> bool:
        return self._changed >= self.limit

    def _add_equal(self, span: Span) -> None:
        count = span.old_end - span.old_start
        shown = []
        room = FOLD_CHARACTERS
        for offset in range(count):
            if room <= 0:
                break
            before, after = self.old[span.old_start + offset], self.new[span.new_start + offset]
            shown.append(
                Block(
                    BlockKind.EQUAL,
                    diff_spaces(before, after),
                    partial=_is_piece(self.old, span.old_start + offset),
                )
            )
            room -= max(len(before), len(after))
        if count < FOLD_FROM:
            self._blocks += shown
        else:
            start = len(shown)
            before = "".join(self.old[span.old_start + start : span.old_end])
            after = "".join(self.new[span.new_start + start : span.new_end])
            self._blocks.append(
                Block(
                    BlockKind.FOLD,
                    _rest_segments(before, after),
                    partial=any(block.partial for block in shown),
                    preview=tuple(shown),
                    count=count,
                )
            )
        self._at = (span.old_end, span.new_end)

    def _add_whole(self, span: Span) -> None:
        before = "".join(self.old[span.old_start : span.old_end])
        after = "".join(self.new[span.new_start : span.new_end])
        self.removed += count_words(before)
        self.added += count_words(after)
        self._put_replaced(before, after)
        self._at = (span.old_end, span.new_end)

    def _add_paragraphs(self, span: Span) -> None:
        gone = [place for place in range(span.old_start, span.old_end) if place not in self.went]
        come = [place for place in range(span.new_start, span.new_end) if place not in self._came]
        pairs = (
            pair_up(
                [self.old[place] for place in gone],
                [self.new[place] for place in come],
                self.deadline,
            )
            if self.by_words
            else []
        )
        for old_number, new_number in pairs:
            self._add_unpaired(gone[old_number], come[new_number])
            if self._is_full():
                return
            self._add_pair()
            if self._is_full():
                return
        self._add_unpaired(span.old_end, span.new_end)

    def _add_pair(self) -> None:
        i, j = self._at
        before, after = self.old[i], self.new[j]
        words = diff_words(before, after, self.deadline)
        self.late |= words.late
        self.long |= words.coarse and not words.late
        self.added += words.added
        self.removed += words.removed
        if words.rewritten:
            self._put_replaced(before, after)
        else:
            self._put(BlockKind.CHANGED, words.segments, partial=_is_piece(self.new, j))
        self._at = (i + 1, j + 1)

    def _add_unpaired(self, old_end: int, new_end: int) -> None:
        """Add whole paragraphs up to two places: first what went, then what came."""
        self.long |= not self.by_words and (self._at[0] < old_end and self._at[1] < new_end)
        for i in range(self._at[0], old_end):
            if self._is_full():
                return
            text = self.old[i]
            if i in self.went:
                self._left[self.went[i]] = len(self._blocks)
                segments = (Segment(SegmentKind.DELETE, text),)
                self._blocks.append(Block(BlockKind.MOVED, segments, Side.OLD))
            else:
                self.removed += count_words(text)
                self._put(BlockKind.DELETED, (Segment(SegmentKind.DELETE, text),))
            self._at = (i + 1, self._at[1])
        for j in range(self._at[1], new_end):
            if self._is_full():
                return
            text = self.new[j]
            segments = (Segment(SegmentKind.INSERT, text),)
            if j in self._came:
                self._arrived[j] = len(self._blocks)
                self._put(BlockKind.MOVED, segments, Side.NEW)
            else:
                self.added += count_words(text)
                self._put(BlockKind.INSERTED, segments)
            self._at = (self._at[0], j + 1)

    def _add_rest(self, spans: Sequence[Span]) -> None:
        """Fold what the page has no room for; its words are counted, not compared."""
        i, j = self._at
        rest = [span for span in spans if span.old_end > i or span.new_end > j]
        if all(span.equal for span in rest):
            for span in rest:
                self._add_equal(span)
            return
        count = changed = 0
        for span in rest:
            old_start, new_start = max(i, span.old_start), max(j, span.new_start)
            larger = max(span.old_end - old_start, span.new_end - new_start)
            count += larger
            if span.equal:
                continue
            changed += larger
            gone = (i for i in range(old_start, span.old_end) if i not in self.went)
            come = (j for j in range(new_start, span.new_end) if j not in self._came)
            added, removed = bag_changes(
                "".join(self.old[place] for place in gone),
                "".join(self.new[place] for place in come),
                self.deadline,
            )
            self.estimated = True
            self.added += added
            self.removed += removed
        segments = _rest_segments("".join(self.old[i:]), "".join(self.new[j:]))
        self._blocks.append(Block(BlockKind.FOLD, segments, count=count, changed=changed))
        self._at = (len(self.old), len(self.new))

    def _directed(self) -> tuple[Block, ...]:
        """Return the blocks, the moved ones told where they went."""
        end = len(self._blocks)
        for place in self._left.keys() | self._arrived.keys():
            left, arrived = self._left.get(place, end), self._arrived.get(place, end)
            direction = Direction.DOWN if left < arrived else Direction.UP
            for number in (left, arrived):
                if number < end:
                    self._blocks[number] = replace(self._blocks[number], direction=direction)
        return tuple(self._blocks)

    def _put_replaced(self, before: str, after: str) -> None:
        segments = (Segment(SegmentKind.DELETE, before),)
        self._blocks.append(Block(BlockKind.DELETED, segments))
        segments = (Segment(SegmentKind.INSERT, after),)
        self._put(BlockKind.INSERTED, segments)

    def _put(
        self,
        kind: BlockKind,
        segments: tuple[Segment, ...],
        side: Side | None = None,
        *,
        partial: bool = False,
    ) -> None:
        self._blocks.append(Block(kind, segments, side, partial=partial))
        self._changed += 1


def _is_piece(blocks: Sequence[str], place: int) -> bool:
    """True for a piece of a long line: it has no line end and is not the last."""
    return place < len(blocks) - 1 and not blocks[place].endswith(("\n", "\r"))


def _rest_segments(before: str, after: str) -> tuple[Segment, ...]:
    if before == after:
        return (Segment(SegmentKind.EQUAL, before),) if before else ()
    return (Segment(SegmentKind.DELETE, before), Segment(SegmentKind.INSERT, after))
