"""Reads pages as a test needs it: their text, and their forms as a browser would send them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.datastructures import MultiDict

VOID = frozenset({"input", "br", "meta", "link", "img", "hr", "line", "rect", "circle", "path"})


@dataclass
class Form:
    """A form with the values it would send."""

    action: str
    method: str
    values: MultiDict = field(default_factory=MultiDict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside: Form | None = None
        self.area: str | None = None
        self.text: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self.inside = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self.inside)
        if self.inside is None or "disabled" in given:
            return
        if tag == "textarea":
            self.area = given["name"]
            self.text.append("\x00")
        elif tag == "input" and "name" in given:
            if given.get("type") in ("checkbox", "radio") and "checked" not in given:
                return
            self.inside.values.add(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        if tag == "textarea" and self.area is not None and self.inside is not None:
            start = len(self.text) - 1 - self.text[::-1].index("\x00")
            self.inside.values.add(self.area, "".join(self.text[start + 1 :]).lstrip("\n"))
            del self.text[start]
            self.area = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@dataclass(frozen=True)
class Read:
    """What a page holds."""

    text: str
    forms: tuple[Form, ...]
    links: tuple[str, ...]
    ids: tuple[str, ...]

    @property
    def plan(self) -> Form:
        """The form that writes."""
        (form,) = (form for form in self.forms if form.method == "post")
        return form


def read(html: str) -> Read:
    """Take a page apart."""
    reader = _Reader()
    reader.feed(html)
    text = re.sub(r"\s+", " ", " ".join(reader.text)).strip()
    return Read(text, tuple(reader.forms), tuple(reader.links), tuple(reader.ids))
