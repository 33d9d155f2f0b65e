from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from flask_continuum.presenters import text_diff
from flask_continuum.presenters.budget import Budget
from flask_continuum.presenters.text_diff import (
    NOTE_FORM,
    NOTE_LATE,
    NOTE_LINE_ENDS,
    NOTE_LONG,
    NOTE_REWRITTEN,
    NOTE_SPACE,
    NOTE_SPENT,
    NOTE_TOO_LARGE,
    NOTE_WHOLE,
    Block,
    BlockKind,
    Detail,
    Direction,
    SegmentKind,
    Side,
    TextDiff,
    excerpt,
)

MARKS = {SegmentKind.EQUAL: "{}", SegmentKind.INSERT: "{{{}}}", SegmentKind.DELETE: "[{}]"}
CYCLISTS = "Cyclists get their own lane on the upstream side.\n"

# Small alphabets make texts that have much in common; the full one makes hostile ones.
pieces = st.sampled_from(
    ["a", "b", "foo", " bar", ".", " ", "\n", "\r\n", "\n\n", "é", "e\u0301", "中", "<b>", CYCLISTS]
)
texts = st.one_of(st.lists(pieces, max_size=40).map("".join), st.text(max_size=80))


def diff_text(
    old: str, new: str, *, budget: Budget | None = None, paragraphs: int = 100
) -> TextDiff:
    """Compare with time enough, so that a loaded machine changes no result."""
    return text_diff.diff_text(old, new, budget=budget or Budget(seconds=60), paragraphs=paragraphs)


def marked(block: Block) -> str:
    return "".join(MARKS[part.kind].format(part.text) for part in block.inline)


def changed(diff: TextDiff) -> list[str]:
    return [marked(block) for block in diff.blocks if block.kind is BlockKind.CHANGED]


def kinds(diff: TextDiff) -> list[str]:
    return [block.kind.value for block in diff.blocks]


@given(texts, texts, st.sampled_from([1, 2, 100]))
def test_rebuilds_both_texts_byte_for_byte(old: str, new: str, paragraphs: int) -> None:
    diff = diff_text(old, new, paragraphs=paragraphs)
    assert diff.old == old
    assert diff.new == new
    assert diff.is_equal is (old == new)


@given(texts, texts)
def test_both_sides_of_the_rows_show_every_block_once(old: str, new: str) -> None:
    diff = diff_text(old, new)
    shown = [side for row in diff.rows for side in (row.left, row.right, row.full) if side]
    expected = [
        block
        for block in diff.blocks
        for _ in range(2 if block.kind in (BlockKind.EQUAL, BlockKind.CHANGED) else 1)
    ]
    assert sorted(map(repr, shown)) == sorted(map(repr, expected))


@given(texts, texts)
def test_everything_shown_can_be_encoded(old: str, new: str) -> None:
    diff = diff_text(old, new)
    for block in diff.leaves:
        for part in (*block.inline, *block.before, *block.after):
            part.text.encode()
    for part in excerpt(diff).segments:
        part.text.encode()


def test_words_are_marked_inside_a_paragraph() -> None:
    diff = diff_text(
        "The work cost 41 million, slightly under budget, and cars crossed on Monday.",
        "The work cost 38.5 million, well under budget, and cars crossed on Monday at noon.",
    )
    assert changed(diff) == [
        "The work cost [41]{38.5} million, [slightly]{well} under budget, "
        "and cars crossed on Monday{ at noon}."
    ]
    assert (diff.added_words, diff.removed_words) == (4, 2)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("one two three", "one three", "one[ two] three"),
        ("two three four", "three four", "[two ]three four"),
        ("it isn't so here", "it is so here", "it [isn't]{is} so here"),
        ("a b  c d e f", "a b c d e f", "a b[··]{·}c d e f"),
        ("汉字测试的文本", "汉字考试的文本", "汉字[测]{考}试的文本"),
        ("so <em>good</em> a day", "so <b>good</em> a day", "so [<em>]{<b>}good</em> a day"),
        ("my 👨‍👩‍👧 is here now", "my 👨‍👩‍👦 is here now", "my [👨‍👩‍👧]{👨‍👩‍👦} is here now"),
        ("x yes a no y z u v w", "x oui a non y z u v w", "x [yes a no]{oui a non} y z u v w"),
        ("नमस्ते दुनिया कैसे हो तुम", "नमस्ते भारत कैसे हो तुम", "नमस्ते [दुनिया]{भारत} कैसे हो तुम"),
    ],
)  # fmt: skip
def test_tokens_are_words_and_signs(old: str, new: str, shown: str) -> None:
    assert changed(diff_text(old, new)) == [shown]


def test_a_paragraph_changed_by_more_than_60_percent_is_removed_and_added() -> None:
    assert kinds(diff_text("one two three four", "five six seven four")) == ["deleted", "inserted"]
    assert kinds(diff_text("one two three four", "five six three four")) == ["changed"]


def test_a_moved_paragraph_is_shown_at_both_places_and_told_from_a_change() -> None:
    old = f"One two three.\n{CYCLISTS}Tolls stay suspended.\nThe ferry stops.\n"
    new = f"One two three.\nTolls stay suspended.\nThe ferry stops.\n{CYCLISTS}"
    diff = diff_text(old, new)
    gone, come = (block for block in diff.blocks if block.kind is BlockKind.MOVED)
    assert (gone.side, come.side, diff.moved) == (Side.OLD, Side.NEW, 1)
    assert (gone.label, come.label) == ("Moved down", "Moved from above")
    assert gone.direction is come.direction is Direction.DOWN
    back = [block for block in diff_text(new, old).blocks if block.kind is BlockKind.MOVED]
    assert [block.label for block in back] == ["Moved from below", "Moved up"]
    assert (diff.added_words, diff.removed_words) == (0, 0)


def test_unchanged_paragraphs_are_folded_and_a_single_one_is_not() -> None:
    old = "".join(f"Paragraph number {n}.\n\n" for n in range(10))
    diff = diff_text(old, old.replace("number 3", "no. 3").replace("number 5", "no. 5"))
    assert kinds(diff) == ["fold", "changed", "equal", "changed", "fold"]
    assert [block.label for block in diff.blocks if block.label] == [
        "3 unchanged paragraphs", "4 unchanged paragraphs",
    ]  # fmt: skip


def test_a_fold_carries_only_the_first_of_many_paragraphs() -> None:
    old = "".join(f"A paragraph of some words, the {n}th of its kind.\n" for n in range(2_000))
    diff = diff_text(old, old + "new\n")
    fold = diff.blocks[0]
    assert fold.count == 2_000
    assert 50 < len(fold.preview) < 150
    assert fold.unseen == 2_000 - len(fold.preview)
    assert diff.new == old + "new\n"


def test_a_page_shows_100_changed_paragraphs_and_counts_the_rest() -> None:
    old = "".join(f"Paragraph {n} of a long text.\n" for n in range(150))
    diff = diff_text(old, old.replace("long", "very long"))
    assert len(changed(diff)) == 100
    assert diff.blocks[-1].label == "50 more changed paragraphs"
    assert diff.added_words == 150
    assert diff.estimated
    assert (diff.old, diff.new) == (old, old.replace("long", "very long"))


def test_pieces_of_a_long_line_are_called_passages() -> None:
    old = " ".join(f"Sentence {n} says something of its own." for n in range(200))
    diff = diff_text(old, old.replace("Sentence 100 ", "Sentence one hundred "))
    assert len(changed(diff)) == 1
    assert all("passages" in block.label for block in diff.blocks if block.label)


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("a\r\nb\r\n", "a\nb\n", NOTE_LINE_ENDS),
        ("a\nb", "a\nb\n", NOTE_SPACE),
        ("the ferry\nstops", "the  ferry\nstops", NOTE_SPACE),
        ("ferry boat", "ferryboat", NOTE_SPACE),
        ("a caf\u00e9 here", "a cafe\u0301 here", NOTE_FORM),
        ("a café here", "a bar here", None),
    ],
)
def test_says_when_only_what_cannot_be_seen_differs(old: str, new: str, note: str | None) -> None:
    assert diff_text(old, new).note == note


def test_normalising_has_a_bound_of_its_own() -> None:
    marks = "\u0301\u0323" * 20_000
    assert diff_text(f"a{marks} b", f"a{marks[::-1]} b").note != NOTE_FORM


def test_too_long_for_words_is_compared_by_paragraph() -> None:
    old = " ".join(["a", "b"] * 1_000)
    diff = diff_text(old + "\nend", " ".join(["b", "a", "c"] * 700) + "\nend")
    assert diff.detail is Detail.PARAGRAPHS
    assert diff.note == NOTE_LONG
    assert kinds(diff) == ["deleted", "inserted", "equal"]


def test_common_ends_of_a_very_long_paragraph_are_set_aside() -> None:
    old = "word " * 30_000
    new = f"{old[:60_000]}other {old[60_000:]}"
    diff = diff_text(old, new)
    assert (diff.detail, diff.added_words, diff.removed_words) == (Detail.WORDS, 1, 0)
    assert (diff.old, diff.new) == (old, new)
    assert all(len(part.text) < 6_000 for block in diff.blocks for part in block.inline)


def test_too_many_like_lines_are_compared_as_a_whole_and_nothing_is_called_moved() -> None:
    line = "A line of more than forty characters, always the same.\n"
    old, new = f"{line}x\n" * 2_000, f"y\n{line}" * 2_000
    diff = diff_text(old, new + CYCLISTS)
    assert (diff.detail, diff.note, diff.moved) == (Detail.WHOLE, NOTE_WHOLE, 0)
    assert kinds(diff) == ["deleted", "inserted"]


def test_a_rewrite_in_thousands_of_places_is_not_shown_place_by_place() -> None:
    old = "".join(f"kept {n}\nold {n}\n" for n in range(2_500))
    diff = diff_text(old, old.replace("old", "new"))
    assert (diff.detail, diff.note) == (Detail.REWRITTEN, NOTE_REWRITTEN)
    assert diff.coarse
    assert diff.old == old


def test_texts_over_16_million_characters_are_only_described() -> None:
    diff = diff_text("x" * 16_000_001, "y")
    assert (diff.detail, diff.note, diff.blocks) == (Detail.TOO_LARGE, NOTE_TOO_LARGE, ())
    assert diff.sizes == (16_000_001, 1)
    assert diff.digests is not None
    assert diff.digests[1] == "a1fce436"
    assert not diff.is_equal


def test_a_spent_budget_falls_back_and_says_so() -> None:
    now = [0.0]
    budget = Budget(clock=lambda: now[0])
    with budget.spending():
        now[0] = 1.0
    old = "".join(f"Paragraph {n} of a text that is long.\n" for n in range(20))
    diff = diff_text(old, old.replace("long", "short"), budget=budget)
    assert (diff.detail, diff.note) == (Detail.PARAGRAPHS, NOTE_LATE)
    assert diff.new == old.replace("long", "short")


@given(texts, texts)
def test_a_spent_budget_still_finds_the_common_ends_of_a_large_text(old: str, new: str) -> None:
    start, end = "many words " * 2_000, " more words" * 2_000
    diff = diff_text(start + old + end, start + new + end, budget=Budget(seconds=0))
    assert (diff.old, diff.new) == (start + old + end, start + new + end)
    if old != new:
        assert (diff.detail, diff.note) == (Detail.WHOLE, NOTE_SPENT)
        assert diff.added_words + diff.removed_words < 200
        assert excerpt(diff).segments


def test_short_texts_are_compared_even_when_the_budget_is_spent() -> None:
    budget = Budget(seconds=0)
    assert changed(diff_text("Harbour bridge reopens", "Harbour bridge opens", budget=budget))


def test_time_between_comparisons_is_not_spent() -> None:
    now = [0.0]
    budget = Budget(seconds=1, clock=lambda: now[0])
    with budget.spending():
        now[0] += 0.25
        with budget.spending():
            now[0] += 0.25
    now[0] += 50
    assert budget.left == 0.5
    assert not budget.deadline().passed


def test_control_signs_overrides_and_surrogates_are_made_visible() -> None:
    [block] = diff_text("a b c d e", "a b c d e \x00\u202e\ud800").blocks
    assert marked(block) == "a b c d e{ ␀[U+202E][U+D800]}"


def test_line_ends_of_a_paragraph_are_not_drawn_but_an_added_empty_line_is() -> None:
    diff = diff_text("One two.\nThree four.", "One two.\nThree four.\nFive six.")
    assert [marked(block) for block in diff.blocks] == [
        "One two.", "Three four.", "{Five six.}",
    ] or kinds(diff) == ["fold", "inserted"]  # fmt: skip
    assert marked(diff_text("", "\n").blocks[0]) == "{↵}"


def test_rows_put_what_came_beside_what_went() -> None:
    diff = diff_text(
        "same\nfirst old words\nsame 2\n", "same\nnew other things\nplus one\nsame 2\n"
    )
    assert [(bool(row.left), bool(row.right)) for row in diff.rows] == [
        (True, True), (True, True), (False, True), (True, True),
    ]  # fmt: skip
    [left] = diff.rows[1].left.before if diff.rows[1].left else ()
    assert left.text == "first old words"


class TestExcerpt:
    def test_shows_the_first_change_with_its_context(self) -> None:
        start = "Nobody on the pier had expected any of this before " * 3
        end = " running in the spring of that year, which everybody in town knew well."
        old = f"{start}the ferry stopped{end}"
        shown = excerpt(diff_text(old, old.replace("stopped", "will keep")))
        assert marked(Block(BlockKind.CHANGED, shown.segments)) == (
            "…any of this before the ferry [stopped]{will keep} running in the spring of…"
        )
        assert (shown.added_words, shown.removed_words, shown.more) == (2, 1, False)

    def test_keeps_a_short_text_whole(self) -> None:
        shown = excerpt(diff_text("Bridge reopens today", "Bridge reopens tomorrow"))
        assert marked(Block(BlockKind.CHANGED, shown.segments)) == (
            "Bridge reopens [today]{tomorrow}"
        )

    def test_says_that_there_is_more(self) -> None:
        old = "".join(f"Paragraph {n} of a text.\n" for n in range(9))
        shown = excerpt(diff_text(old, old.replace("text", "book")))
        assert shown.more
        assert sum(len(part.text) for part in shown.segments) < 60

    def test_cuts_a_long_insertion(self) -> None:
        shown = excerpt(diff_text("", "word " * 500), width=100)
        assert shown.more
        assert len(shown.segments[0].text) <= 101
        assert shown.segments[0].text.endswith("…")

    def test_finds_white_space_in_a_fold(self) -> None:
        shown = excerpt(diff_text("a\r\nb\r\nc\r\n", "a\nb\nc\n"))
        assert shown.note == NOTE_LINE_ENDS

    def test_of_equal_texts_is_empty(self) -> None:
        assert excerpt(diff_text("same", "same")).segments == ()


@pytest.mark.parametrize("change", ["", " more"])
def test_text_that_calls_itself_safe_is_plain_in_every_segment(change: str) -> None:
    old = Markup("<b>one</b> ") * 3_000
    diff = diff_text(old, Markup(old + change), budget=Budget(seconds=0))
    assert {type(part.text) for block in diff.blocks for part in block.segments} == {str}
