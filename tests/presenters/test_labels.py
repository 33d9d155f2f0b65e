from __future__ import annotations

from typing import Any

import pytest

from flask_continuum.presenters.labels import (
    colour,
    count_of,
    humanise,
    initials,
    key_name,
    model_label,
    model_label_plural,
    plural,
    record_label,
    record_name,
    sentence_case,
)


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("published_at", "Published at"),
        ("wordCount", "Word count"),
        ("source_url", "Source URL"),
        ("user_id", "User ID"),
        ("id", "ID"),
        ("HTMLBody", "HTML body"),
        ("_private__name_", "Private name"),
        ("größe_2", "Größe 2"),
        ("planB", "Plan B"),
        ("__", "__"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_keys_become_words(key: str, label: str) -> None:
    assert humanise(key) == label


@pytest.mark.parametrize(
    ("name", "one", "many"),
    [
        ("NewsArticle", "News article", "News articles"),
        ("Category", "Category", "Categories"),
        ("Day", "Day", "Days"),
        ("Address", "Address", "Addresses"),
        ("Box", "Box", "Boxes"),
        ("Branch", "Branch", "Branches"),
        ("Person", "Person", "People"),
        ("SalesPerson", "Sales person", "Sales people"),
        ("Analysis", "Analysis", "Analyses"),
        ("News", "News", "News"),
        ("PageURL", "Page URL", "Page URLs"),
    ],
)
def test_models_have_a_singular_and_a_plural(name: str, one: str, many: str) -> None:
    assert (model_label(name), model_label_plural(name)) == (one, many)


def test_counts_agree_in_number() -> None:
    assert count_of(1, "field") == "1 field"
    assert count_of(0, "field") == "0 fields"
    assert count_of(1_204, "reply") == "1,204 replies"
    assert count_of(2, "photo", "pictures") == "2 pictures"
    assert plural("") == ""


def test_labels_inside_sentences_keep_acronyms() -> None:
    assert sentence_case("News article") == "news article"
    assert sentence_case("URL") == "URL"
    assert sentence_case("A list") == "a list"


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({"name": "Harbour", "title": "Bridge"}, "Bridge"),
        ({"title": None, "name": "  ", "slug": "bridge"}, "bridge"),
        ({"title": "two\n lines"}, "two lines"),
        ({"title": 42}, None),
        ({}, None),
    ],
)
def test_a_record_is_called_by_its_first_name(values: dict[str, Any], label: str | None) -> None:
    assert record_label(values) == label


def test_long_labels_are_cut() -> None:
    label = record_label({"title": "word " * 200_000})
    assert label is not None
    assert len(label) <= 121 and label.endswith("word…")


def test_a_record_without_a_name_has_its_key() -> None:
    assert record_name({"title": "Bridge"}, "Article", (42,)) == "Bridge"
    assert record_name({}, "Article", (42,)) == "Article 42"
    assert key_name("Translation", (42, "de")) == "Translation 42, de"
    assert key_name("Blob", (b"\x00\xff",)) == "Blob 00ff"


def test_a_key_that_raises_when_printed_is_shown() -> None:
    class Key:
        def __str__(self) -> str:
            raise RuntimeError

    assert key_name("Article", (Key(),)) == "Article (Key)"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maya Lind", "ML"),
        ("Tomás de la Ferreira", "TF"),
        ("wire-import", "WI"),
        ("maya", "M"),
        ("maya.lind@example.org", "ML"),
        ("élan ßharp", "ÉS"),
        ("李 小龙", "李小"),
        ("  ", "?"),
        ("", "?"),
        ("@@", "?"),
    ],
)
def test_avatars_have_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_colours_are_stable_and_all_used() -> None:
    assert colour("Maya Lind") == colour(" maya  LIND") == 5
    assert {colour(f"Person {n}") for n in range(100)} == set(range(6))
    assert colour("\ud800") in range(6)
