"""What a text comparison found, in the shapes that templates render."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .characters import show_space, visible
from .words import _, ngettext

#: A page shows this many characters of one run of text; the rest is counted, not sent.
SEGMENT_LIMIT = 5_000


class SegmentKind(StrEnum):
    """Whether a run of text stood in both texts, came or went."""

    EQUAL = "equal"
    INSERT = "insert"
    DELETE = "delete"


class BlockKind(StrEnum):
    """What happened to one paragraph, or that several are folded away."""

    EQUAL = "equal"
    CHANGED = "changed"
    INSERTED = "inserted"
    DELETED = "deleted"
    MOVED = "moved"
    FOLD = "fold"


class Side(StrEnum):
    """The text that a moved paragraph is shown in."""

    OLD = "old"
    NEW = "new"


class Direction(StrEnum):
    """Where a moved paragraph went, seen in reading order."""

    UP = "up"
    DOWN = "down"


class Detail(StrEnum):
    """How fine the comparison is; everything but WORDS is a fallback that a note names."""

    WORDS = "words"
    PARAGRAPHS = "paragraphs"
    WHOLE = "whole"
    REWRITTEN = "rewritten"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text. ``more`` counts characters that a display form has left out at the end."""

    kind: SegmentKind
    text: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a comparison, or a fold of several.

    ``segments`` hold the texts byte for byte, line ends included. Templates use :attr:`inline`,
    :attr:`before` and :attr:`after`, which are safe to show. A moved paragraph appears twice, once
    on each ``side``. ``partial`` marks a piece of a very long line.

    A fold stands for ``count`` paragraphs, of which ``changed`` differ: none, or the rest of a
    comparison that is longer than a page. ``preview`` are those that a page carries to show when
    the fold is opened; its ``segments`` are the texts of the others.
    """

    kind: BlockKind
    segments: tuple[Segment, ...] = ()
    side: Side | None = None
    direction: Direction | None = None
    partial: bool = False
    preview: tuple[Block, ...] = ()
    count: int = 0
    changed: int = 0

    @property
    def inline(self) -> tuple[Segment, ...]:
        """All runs in reading order, for a single column."""
        return displayed(self.segments)

    @property
    def before(self) -> tuple[Segment, ...]:
        """The runs of the old text, for the left column."""
        if self.side is Side.NEW:
            return ()
        return displayed(part for part in self.segments if part.kind is not SegmentKind.INSERT)

    @property
    def after(self) -> tuple[Segment, ...]:
        """The runs of the new text, for the right column."""
        if self.side is Side.OLD:
            return ()
        return displayed(part for part in self.segments if part.kind is not SegmentKind.DELETE)

    @property
    def label(self) -> str:
        """What a fold says ("3 unchanged paragraphs") or a moved paragraph ("Moved down")."""
        if self.kind is BlockKind.MOVED:
            down = self.direction is Direction.DOWN
            if self.side is Side.OLD:
                return _("Moved down") if down else _("Moved up")
            return _("Moved from above") if down else _("Moved from below")
        if self.kind is not BlockKind.FOLD:
            return ""
        if self.changed and self.partial:
            return ngettext(
                "%(num)s more changed passage", "%(num)s more changed passages", self.changed
            )
        if self.changed:
            return ngettext(
                "%(num)s more changed paragraph", "%(num)s more changed paragraphs", self.changed
            )
        if self.partial:
            return ngettext("%(num)s unchanged passage", "%(num)s unchanged passages", self.count)
        return ngettext("%(num)s unchanged paragraph", "%(num)s unchanged paragraphs", self.count)

    @property
    def unseen(self) -> int:
        """How many paragraphs of a fold the page does not carry."""
        return self.count - len(self.preview)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the side-by-side form; an absent side is a gap, ``full`` spans both (a fold)."""

    left: Block | None = None
    right: Block | None = None
    full: Block | None = None


@dataclass(frozen=True, slots=True)
class TextDiff:
    """The difference of two texts.

    ``notes`` are sentences for the reader: a fallback that was taken, or that only white space,
    line ends or the Unicode form differ. ``sizes`` are the lengths of both texts in characters;
    ``estimated`` says that some words were counted, not compared ("about 400 words");
    ``digests``, for texts that are too large to compare, the first 8 hex digits of their SHA-256.
    """

    blocks: tuple[Block, ...]
    added_words: int = 0
    removed_words: int = 0
    moved: int = 0
    notes: tuple[str, ...] = ()
    detail: Detail = Detail.WORDS
    sizes: tuple[int, int] = (0, 0)
    digests: tuple[str, str] | None = None
    estimated: bool = False

    @property
    def note(self) -> str | None:
        """All notes as one text, or None."""
        return " ".join(map(_, self.notes)) or None

    @property
    def coarse(self) -> bool:
        """True when a fallback was taken, so that a link to both texts belongs beside it."""
        return self.detail is not Detail.WORDS

    @property
    def is_equal(self) -> bool:
        """True when the texts are the same, byte for byte."""
        return not self.coarse and not any(
            part.kind is not SegmentKind.EQUAL for block in self.leaves for part in block.segments
        )

    @property
    def leaves(self) -> Iterator[Block]:
        """Every block in reading order, what is folded before its fold."""
        for block in self.blocks:
            yield from block.preview
            yield block

    @property
    def rows(self) -> tuple[Row, ...]:
        """The side-by-side form: what was removed stands beside what came in its place."""
        rows: list[Row] = []
        lefts: list[Block] = []
        rights: list[Block] = []

        def flush() -> None:
            for number in range(max(len(lefts), len(rights))):
                left = lefts[number] if number < len(lefts) else None
                right = rights[number] if number < len(rights) else None
                rows.append(Row(left, right))
            lefts.clear()
            rights.clear()

        for block in self.blocks:
            if block.kind is BlockKind.DELETED and not rights:
                lefts.append(block)
                continue
            if block.kind is BlockKind.INSERTED:
                rights.append(block)
                continue
            flush()
            if block.kind is BlockKind.DELETED:
                lefts.append(block)
            elif block.kind is BlockKind.FOLD:
                rows.append(Row(full=block))
            elif block.kind is BlockKind.MOVED:
                rows.append(Row(left=block) if block.side is Side.OLD else Row(right=block))
            else:
                rows.append(Row(block, block))
        flush()
        return tuple(rows)

    @property
    def old(self) -> str:
        """The old text, rebuilt."""
        return rebuild(self.leaves, Side.OLD)

    @property
    def new(self) -> str:
        """The new text, rebuilt."""
        return rebuild(self.leaves, Side.NEW)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first change of a text with a little of what stands around it, for a timeline.

    ``more`` is true when there are changes that the excerpt does not show.
    """

    segments: tuple[Segment, ...]
    added_words: int
    removed_words: int
    more: bool = False
    note: str | None = None


def rebuild(blocks: Iterable[Block], side: Side) -> str:
    """Return one of the two texts from its comparison, byte for byte."""
    absent = SegmentKind.INSERT if side is Side.OLD else SegmentKind.DELETE
    return "".join(
        part.text
        for block in blocks
        if block.side in (None, side)
        for part in block.segments
        if part.kind is not absent
    )


def displayed(segments: Iterable[Segment], limit: int = SEGMENT_LIMIT) -> tuple[Segment, ...]:
    """Return runs that are safe to show: no line end last, control signs visible, bounded length.

    White space that came or went is drawn, because a reader could not see it otherwise; the line
    ends of a paragraph are not, because the next paragraph shows them.
    """
    parts = [part for part in segments if part.text]
    while len(parts) > 1 and not parts[-1].text.strip("\r\n"):
        parts.pop()
    shown: list[Segment] = []
    for number, part in enumerate(parts):
        text, more = part.text, part.more
        is_last = number == len(parts) - 1
        if part.kind is not SegmentKind.EQUAL and text.isspace():
            text = show_space(text[:limit])
        elif is_last:
            text = text.rstrip("\r\n")
        if len(text) > limit and part.kind is SegmentKind.EQUAL and not is_last:
            # What stands right before the next change matters more than what is far from it.
            text = f"{text[: limit // 2]} … {text[-limit // 2 :]}"
        else:
            more += max(0, len(text) - limit)
            text = text[:limit]
        if text:
            shown.append(Segment(part.kind, visible(text), more))
    return tuple(shown)
