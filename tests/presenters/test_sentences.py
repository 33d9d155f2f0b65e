from __future__ import annotations

from typing import Any

import pytest

from flask_continuum.presenters.sentences import (
    Part,
    PartKind,
    Verb,
    entry_sentence,
    joined,
    move_sentence,
    transaction_sentence,
)


@pytest.mark.parametrize(
    ("operation", "details", "text"),
    [
        (1, {"fields": 3}, "changed 3 fields"),
        (1, {"fields": 1}, "changed 1 field"),
        (1, {"fields": 2, "links": ["Tags"]}, "changed 2 fields and tags"),
        (1, {"links": ["Tags", "Authors"]}, "changed tags and authors"),
        (1, {}, "saved the article"),
        (0, {"fields": 9}, "created the article with 9 fields"),
        (0, {}, "created the article"),
        (2, {"fields": 9}, "deleted the article"),
        (1, {"kind": "revert", "labels": ["Body"], "target": 1173}, "reverted Body to #1173"),
        (1, {"kind": "revert", "labels": list("ABC"), "target": 1}, "reverted A, B and C to #1"),
        (1, {"kind": "revert", "labels": list("ABCD"), "target": 1}, "reverted 4 fields to #1"),
        (1, {"kind": "revert"}, "reverted the article"),
        (0, {"kind": "revert", "target": 7}, "restored the article from #7"),
        (2, {"kind": "revert", "target": 7}, "deleted the article, going back to #7"),
        (0, {"kind": "restore", "target": 1041}, "restored the article from #1041"),
        (0, {"kind": "restore"}, "restored the article"),
        (1, {"kind": "restore", "fields": 1}, "changed 1 field"),
        (1, {"kind": "undo", "labels": ["A", "B"], "target": 5}, "put back 2 fields, undoing #5"),
        (0, {"kind": "undo", "target": 5}, "brought back the article, undoing #5"),
        (2, {"kind": "undo", "target": 5}, "deleted the article, undoing #5"),
        (0, {"kind": "baseline", "fields": 9}, "began the history of the article"),
        (1, {"kind": "import", "fields": 4}, "changed 4 fields"),
    ],
)
def test_entries_say_what_they_did(operation: int, details: dict[str, Any], text: str) -> None:
    assert str(entry_sentence(operation, "Article", **details)) == text


def test_parts_tell_what_is_strong_and_what_is_a_link() -> None:
    sentence = entry_sentence(1, "Article", kind="revert", labels=["Body"], target=1173)
    assert sentence.parts == (
        Part("reverted "),
        Part("Body", PartKind.STRONG),
        Part(" to "),
        Part("#1173", PartKind.VERSION, 1173),
    )


@pytest.mark.parametrize(
    ("counts", "details", "text"),
    [
        ({"Comment": {0: 2}, "Article": {1: 1}}, {}, "created 2 comments and changed 1 article"),
        ({"Article": {1: 41}}, {}, "changed 41 articles"),
        (
            {"Article": {2: 1, 0: 1}, "Photo": {2: 2}},
            {},
            "created 1 article and deleted 1 article and 2 photos",
        ),
        ({}, {}, "changed nothing that is recorded"),
        ({"Article": {1: 0}}, {}, "changed nothing that is recorded"),
        ({"News": {1: 2}}, {"plurals": {"News": "News items"}}, "changed 2 news items"),
        ({"Article": {1: 1}}, {"kind": "revert", "target": 3}, "reverted 1 article to #3"),
        ({"Article": {0: 1}}, {"kind": "restore", "target": 3}, "restored 1 article from #3"),
        ({"Article": {0: 1}}, {"kind": "restore"}, "restored 1 article"),
        ({"Article": {1: 2}}, {"kind": "undo", "target": 3}, "undid #3: changed 2 articles"),
    ],
)
def test_transactions_say_what_they_did(
    counts: dict[str, dict[int, int]], details: dict[str, Any], text: str
) -> None:
    assert str(transaction_sentence(counts, **details)) == text


def test_verbs_are_the_numbers_that_versions_record() -> None:
    assert [int(verb) for verb in Verb] == [0, 1, 2]


def test_lists_are_joined_with_and() -> None:
    assert [joined(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


def test_a_key_that_changed_is_told_from_both_sides() -> None:
    record = Part("news article 12", PartKind.RECORD)
    assert move_sentence(Verb.DELETED, "News article 12").parts == (Part("Key changed to "), record)
    assert move_sentence(Verb.CREATED, "News article 12").parts == (Part("Key was "), record)
    assert str(move_sentence(0, "URL 7")) == "Key was URL 7"
