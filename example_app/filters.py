"""How the newsroom's templates write dates and texts."""

from __future__ import annotations

import re
from datetime import date, datetime

from flask import Flask


def day(value: date) -> str:
    """Return a date in words, such as ``9 March 2026``."""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """Return a moment in words, such as ``9 March 2026, 14:05``."""
    return f"{day(value)}, {value:%H:%M}"


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: what empty lines separate."""
    return [part for part in re.split(r"\n\s*\n", text.strip()) if part]


def initials(name: str) -> str:
    """Return the first signs of the first and the last word of a name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def register(app: Flask) -> None:
    """Make the filters known to an application's templates."""
    for made in (day, moment, paragraphs, initials):
        app.add_template_filter(made)
