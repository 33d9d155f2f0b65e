"""The difference of two texts, by paragraphs and by words within them, within fixed bounds.

The bounds on work decide first and depend on the texts alone, so a page looks the same on every
machine; the time budget is the net below them. Every fallback is named in the result.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from .budget import Budget, Deadline
from .characters import plain
from .text_blocks import Span, align, cut, find_moved
from .text_excerpt import excerpt
from .text_page import Page
from .text_pairs import same_but_form, same_but_space
from .text_results import (
    Block,
    BlockKind,
    Detail,
    Direction,
    Excerpt,
    Row,
    Segment,
    SegmentKind,
    Side,
    TextDiff,
)
from .text_tokens import count_words
from .text_words import diff_ends
from .words import N_

__all__ = [
    "Block", "BlockKind", "Budget", "Detail", "Direction", "Excerpt", "Row", "Segment",
    "SegmentKind", "Side", "TextDiff", "diff_text", "excerpt",
]  # fmt: skip

#: Changed paragraphs of one text that a page shows; the rest is one fold.
PAGE_PARAGRAPHS = 100
#: Characters of a text beyond which no words are compared.
WORD_SIZE = 2_000_000
#: Characters of a text beyond which nothing is compared.
DIFF_SIZE = 16_000_000
#: Lines of a text beyond which it is compared as a whole.
LINES = 50_000
#: Two texts that are together this short are compared even when the budget is spent.
FREE_LENGTH = 500
#: Two texts that are together longer are not even cut into paragraphs when the budget is spent.
SPENT_LENGTH = 20_000
#: The share of the budget that paragraphs may use; the rest is for words.
BLOCK_SHARE = 0.4
#: More changed ranges than this, and a larger share of changed paragraphs, is no edit any more.
REWRITTEN_HUNKS = 2_000
REWRITTEN_SHARE = 0.3
#: White space and Unicode forms are looked at in ranges up to this many characters together.
LIKENESS_LENGTH = 500_000

NOTE_LINE_ENDS = N_("Only line ends differ.")
NOTE_SPACE = N_("Only white space differs.")
NOTE_FORM = N_("Only the Unicode form differs: the words look the same.")
NOTE_LONG = N_("Compared by paragraph: too long for words.")
NOTE_LATE = N_("Compared by paragraph: the time for this page was spent.")
NOTE_WHOLE = N_("Compared as a whole: too much work for a finer comparison.")
NOTE_SPENT = N_("Compared as a whole: the time for this page was spent.")
NOTE_REWRITTEN = N_("Rewritten: too many places differ to show them one by one.")
NOTE_TOO_LARGE = N_("Too large to compare.")


def diff_text(
    old: str, new: str, *, budget: Budget | None = None, paragraphs: int = PAGE_PARAGRAPHS
) -> TextDiff:
    """Compare two texts: which paragraphs came, went, moved or changed, and in which words.

    :param old: the text before
    :param new: the text after
    :param budget: time shared by the comparisons of a page; a fresh 250 ms when not given
    :param paragraphs: changed paragraphs to show; those behind them are in a last fold, and
        their words are not compared
    :return: blocks that rebuild both texts byte for byte, unless ``detail`` is TOO_LARGE
    """
    old, new = plain(old), plain(new)
    budget = budget or Budget()
    with budget.spending():
        largest = max(len(old), len(new))
        if largest > DIFF_SIZE:
            return _too_large(old, new)
        if old == new:
            blocks = (Block(BlockKind.EQUAL, (Segment(SegmentKind.EQUAL, old),)),) if old else ()
            return TextDiff(blocks, sizes=(len(old), len(new)))
        if max(_lines(old), _lines(new)) > LINES:
            return _by_ends(old, new, NOTE_WHOLE)
        if len(old) + len(new) > SPENT_LENGTH and not budget.left:
            return _by_ends(old, new, NOTE_SPENT)
        return _compared(old, new, budget, paragraphs, by_words=largest <= WORD_SIZE)


def _compared(old: str, new: str, budget: Budget, paragraphs: int, *, by_words: bool) -> TextDiff:
    is_free = len(old) + len(new) <= FREE_LENGTH
    endless = Deadline(math.inf, lambda: 0.0)
    old_blocks, new_blocks = cut(old, pieces=by_words), cut(new, pieces=by_words)
    old_keys = [block.strip() for block in old_blocks]
    new_keys = [block.strip() for block in new_blocks]
    deadline = endless if is_free else budget.deadline(BLOCK_SHARE)
    alignment = align(old_keys, new_keys, deadline)
    spans = alignment.spans
    if _is_rewritten(spans, len(old_blocks) + len(new_blocks)):
        return _rewritten(old, new)
    # After a fallback everything would look moved, so nothing is called that.
    went = {} if alignment.coarse else find_moved(old_keys, new_keys, spans)
    deadline = endless if is_free else budget.deadline()
    page = Page(old_blocks, new_blocks, deadline, paragraphs, went, by_words)
    blocks = page.fill(spans)
    notes = _likeness(old, new, old_blocks, new_blocks, spans)
    detail = Detail.WORDS
    if page.long or page.late:
        detail = Detail.PARAGRAPHS
        notes += (NOTE_LATE if page.late else NOTE_LONG,)
    if alignment.coarse:
        detail = Detail.WHOLE
        notes += (NOTE_WHOLE,)
    return TextDiff(
        blocks,
        page.added,
        page.removed,
        len(went),
        notes,
        detail,
        (len(old), len(new)),
        estimated=page.estimated,
    )


def _lines(text: str) -> int:
    return max(text.count("\n"), text.count("\r"))


def _is_rewritten(spans: Sequence[Span], blocks: int) -> bool:
    hunks = [span for span in spans if not span.equal]
    if len(hunks) <= REWRITTEN_HUNKS:
        return False
    changed = sum(span.old_end - span.old_start + span.new_end - span.new_start for span in hunks)
    return changed > REWRITTEN_SHARE * blocks


def _likeness(
    old: str,
    new: str,
    old_blocks: Sequence[str],
    new_blocks: Sequence[str],
    spans: Sequence[Span],
) -> tuple[str, ...]:
    """Say that two texts differ in nothing that a reader sees, if that is so."""
    if old.replace("\r\n", "\n").replace("\r", "\n") == new.replace("\r\n", "\n").replace(
        "\r", "\n"
    ):
        return (NOTE_LINE_ENDS,)
    ranges = []
    left = LIKENESS_LENGTH
    for span in spans:
        if not span.equal:
            before = "".join(old_blocks[span.old_start : span.old_end])
            after = "".join(new_blocks[span.new_start : span.new_end])
            left -= len(before) + len(after)
            if left < 0:
                return ()
            ranges.append((before, after))
    if all(same_but_space(before, after) for before, after in ranges):
        return (NOTE_SPACE,)
    if all(same_but_form(before, after) for before, after in ranges):
        return (NOTE_FORM,)
    return ()


def _by_ends(old: str, new: str, note: str) -> TextDiff:
    found = diff_ends(old, new)
    return TextDiff(
        (Block(BlockKind.CHANGED, found.segments),),
        found.added,
        found.removed,
        notes=(note,),
        detail=Detail.WHOLE,
        sizes=(len(old), len(new)),
    )


def _rewritten(old: str, new: str) -> TextDiff:
    return TextDiff(
        (
            Block(BlockKind.DELETED, (Segment(SegmentKind.DELETE, old),)),
            Block(BlockKind.INSERTED, (Segment(SegmentKind.INSERT, new),)),
        ),
        count_words(new),
        count_words(old),
        notes=(NOTE_REWRITTEN,),
        detail=Detail.REWRITTEN,
        sizes=(len(old), len(new)),
    )


def _too_large(old: str, new: str) -> TextDiff:
    first, second = (
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8] for text in (old, new)
    )
    return TextDiff(
        (),
        notes=(NOTE_TOO_LARGE,),
        detail=Detail.TOO_LARGE,
        sizes=(len(old), len(new)),
        digests=(first, second),
    )
