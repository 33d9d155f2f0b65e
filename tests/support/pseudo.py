"""A language in which every word that is said stands in brackets, to find words that are not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from html.parser import HTMLParser

from flask_continuum.presenters.words import Language

OPEN, CLOSE = "⟦", "⟧"
ATTRIBUTES = frozenset(
    {
        *("title", "aria-label", "placeholder", "data-label", "alt"),
        *("data-hc-auto", "data-hc-light", "data-hc-dark", "data-hc-comparing"),
    }
)
"""Attributes that are read to somebody."""
OF_ALL_LANGUAGES = frozenset({"JSON", "CSV", "NULL", "UTC", "Lines", "kB", "MB", "min", "null"})

_INNERMOST = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
_WORD = re.compile(r"[A-Za-z]{2,}")


class Pseudo(Language):
    """Brackets around everything; what is put into a place keeps its own."""

    code = "x-pseudo"
    direction = "rtl"

    def text(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}"

    def plural(self, one: str, many: str, number: int) -> str:
        return self.text(super().plural(one, many, number))

    def name(self, label: str) -> str:
        return self.text(label)

    def inside(self, label: str) -> str:
        return label

    def short_date(self, day: date) -> str:
        return self.text(super().short_date(day))

    def day_of_month(self, day: date, *, year: bool = False) -> str:
        return self.text(super().day_of_month(day, year=year))

    def short_day(self, day: date) -> str:
        return self.text(super().short_day(day))

    def weekday(self, day: date) -> str:
        return self.text(super().weekday(day))


def unsaid(html: str, known: Iterable[str] = ()) -> set[str]:
    """What a page in that language shows outside brackets.

    :param known: texts that are data.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    data = sorted((text for text in set(known) if text.strip()), key=len, reverse=True)
    found = set()
    for text in reader.texts:
        rest = _without_brackets(text)
        if not _WORD.search(rest):
            continue
        for each in data:
            rest = rest.replace(each.strip(), "·")
        if set(_WORD.findall(rest)) - OF_ALL_LANGUAGES:
            found.add(" ".join(text.split()))
    return found


def _without_brackets(text: str) -> str:
    """The text without what was said; brackets may be cut by tags, so halves count to the edge."""
    before = None
    while before != text:
        before, text = text, _INNERMOST.sub(" ", text)
    return text


class _Reader(HTMLParser):
    """Collects what is read: runs of text between blocks, and attributes."""

    INLINE = frozenset({"a", "b", "bdi", "i", "q", "span", "strong", "time", "ins", "del", "code"})

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._run: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ATTRIBUTES:
                self.texts.append(value)
        if tag in ("style", "script"):
            self._silent += 1
        if tag not in self.INLINE:
            self._end_run()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script"):
            self._silent -= 1
        if tag not in self.INLINE:
            self._end_run()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._run.append(data)

    def close(self) -> None:
        super().close()
        self._end_run()

    def _end_run(self) -> None:
        self.texts.append("".join(self._run))
        self._run.clear()
