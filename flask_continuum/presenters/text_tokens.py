"""Texts taken apart into words and signs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

#: Characters of which words are made at all; of longer paragraphs the common ends are set aside.
WORD_CHARACTERS = 50_000

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963"
    "\u0966-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\ufe20-\ufe2f"
)
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THAI = "\u0e00-\u0e7f"
_LETTER = rf"[^\W{_IDEOGRAPHS}{_THAI}]"
_PICTURE = "[\u2190-\u2bff\U0001f000-\U0001faff]"
# In this order: a tag, a sign of a script without spaces, a number, a word, an emoji with what
# belongs to it, any other sign. White space is in none: as a token it makes difflib quadratic.
# No alternative can fail late, so the cost is linear whatever the text.
_TOKEN = re.compile(
    r"</?[A-Za-z][^<>]{0,200}>"
    rf"|(?P<sign>[{_IDEOGRAPHS}]|[{_THAI}][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*)"
    r"|(?P<number>\d++(?:[.,]\d++)+)"
    rf"|(?P<word>{_LETTER}+(?:[{_MARKS}]+{_LETTER}*|['’]{_LETTER}+)*)"
    rf"|{_PICTURE}(?:[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff]|\u200d{_PICTURE})*"
    r"|\S"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words and signs of a text, where they stand, and which of them are words."""

    texts: list[str]
    places: list[tuple[int, int]]
    words: list[bool]


def tokens_of(text: str) -> Tokens:
    """Return the words and signs of a text in order, without its white space."""
    texts: list[str] = []
    places: list[tuple[int, int]] = []
    words: list[bool] = []
    for match in _TOKEN.finditer(text):
        texts.append(match.group())
        places.append(match.span())
        words.append(match.lastgroup is not None)
    return Tokens(texts, places, words)


def count_words(text: str) -> int:
    """Count words and signs of scripts without spaces; of a very long text, its spaces."""
    if len(text) > WORD_CHARACTERS:
        return text.count(" ") + text.count("\n")
    return sum(1 for match in _TOKEN.finditer(text) if match.lastgroup is not None)


def bag_of(text: str) -> Counter[str]:
    """Return how often each word occurs in a text."""
    return Counter(match.group() for match in _TOKEN.finditer(text) if match.lastgroup)
