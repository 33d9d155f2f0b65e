"""The difference of two texts, by paragraphs and by words within them."""

from __future__ import annotations

from .budget import Budget
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

__all__ = [
    "Block", "BlockKind", "Budget", "Detail", "Direction", "Excerpt", "Row", "Segment",
    "SegmentKind", "Side", "TextDiff", "diff_text", "excerpt",
]  # fmt: skip

#: Changed paragraphs of one text that a page shows; the rest is one fold.
PAGE_PARAGRAPHS = 100


def diff_text(
    old: str, new: str, *, budget: Budget | None = None, paragraphs: int = PAGE_PARAGRAPHS
) -> TextDiff:
    """Compare two texts."""
    raise NotImplementedError


def excerpt(diff: TextDiff, *, width: int = 160) -> Excerpt:
    """Return the first change with a little of what stands around it."""
    raise NotImplementedError
