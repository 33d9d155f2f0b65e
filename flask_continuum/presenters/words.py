"""Every word that a page says, in the language that is spoken at the moment.

English stands in the code, and is the key of its translations::

    from flask_continuum.presenters.words import _, ngettext

    _("Reverted to %(version)s", version="#1173")
    ngettext("%(num)s field", "%(num)s fields", 3)

A text that is made before anyone knows who reads it (a constant, a member of an enum) is marked
with :func:`N_` and said with :func:`_` where it is shown. In templates the same is ``hc("…")`` and
``hc_count("…", "…", number)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

T = TypeVar("T")

_PLACES = re.compile(r"(%\(\w+\)s)")

# Our own names: strftime's depend on the locale of the process and on the platform.
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Language:
    """English, and what another language says instead.

    :cvar code: for the attribute ``lang``.
    :cvar direction: for the attribute ``dir``.
    """

    code: str = "en"
    direction: str = "ltr"

    def text(self, message: str) -> str:
        """Return the translation of an English text."""
        return message

    def plural(self, one: str, many: str, number: int) -> str:
        """Return the translation that fits a number."""
        return one if number == 1 else many

    def name(self, label: str) -> str:
        """Return what the application calls one of its models or fields."""
        return label

    def inside(self, label: str) -> str:
        """Return a label as it stands inside a sentence: "News article" gives "news article"."""
        first = label.split(" ", 1)[0]
        return label if len(first) > 1 and first.isupper() else label[:1].lower() + label[1:]

    def number(self, value: int) -> str:
        """Return a count: "1,204"."""
        return f"{value:,}"

    def decimal(self, digits: str) -> str:
        """Return a number that is written with a point, with the sign that is usual: "12.50"."""
        return digits

    def short_date(self, day: date) -> str:
        """Return "3 Mar 2026"."""
        return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"

    def day_of_month(self, day: date, *, year: bool = False) -> str:
        """Return "20 November", or "20 November 2026"."""
        return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")

    def short_day(self, day: date) -> str:
        """Return "20 Nov"."""
        return f"{day.day} {_MONTHS[day.month - 1][:3]}"

    def weekday(self, day: date) -> str:
        """Return "Friday"."""
        return _DAYS[day.weekday()]

    def clock(self, instant: datetime) -> str:
        """Return "14:05"."""
        return f"{instant.hour:02}:{instant.minute:02}"


ENGLISH: Final = Language()

_spoken: Final[ContextVar[Language]] = ContextVar("continuum_language", default=ENGLISH)


def spoken() -> Language:
    """Return the language that is spoken."""
    return _spoken.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language in the block."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def _(message: str, /, **values: Any) -> str:
    """Say a text.

    :param message: in English, with ``%(name)s`` where a value stands.
    :param values: the values; a per cent sign in the text is doubled when there are any.
    """
    text = spoken().text(message)
    return text % values if values else text


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """Say a text that depends on a number, which stands in it as ``%(num)s``.

    :param one: in English, for 1.
    :param many: for any other number.
    """
    language = spoken()
    return language.plural(one, many, number) % {"num": language.number(number), **values}


def N_(message: str) -> str:
    """Mark a text for translation that is said later, by ``_(text)``."""
    return message


def number(value: int) -> str:
    """Return a count with the signs of the language: "1,204"."""
    return spoken().number(value)


def up_to(value: int, most: int | None) -> str:
    """Return a count of what was counted no further than ``most``: "812", "over 1,000"."""
    if most is None or value <= most:
        return number(value)
    return _("over %(number)s", number=number(most))


def decimal(value: float | Decimal, places: int) -> str:
    """Return a number rounded to some places: "1.2"."""
    return spoken().decimal(f"{value:.{places}f}")


def joined(words: list[str] | tuple[str, ...]) -> str:
    """Join words as a list in a sentence: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(others)s and %(last)s", others=", ".join(words[:-1]), last=words[-1])


def interleave(
    message: str, text: Callable[[str], T], /, **parts: T | tuple[T, ...]
) -> tuple[T, ...]:
    """Return a translated text in parts, so that a link can stand in the middle of it.

    :param message: the text as it was said, with ``%(name)s`` where a part stands.
    :param text: makes a part of what stands between.
    :param parts: the parts by name; a tuple of them stands one after the other.
    """
    found: list[T] = []
    for piece in _PLACES.split(message):
        name = piece[2:-2]
        if piece.startswith("%(") and name in parts:
            part = parts[name]
            found.extend(part if isinstance(part, tuple) else (part,))
        elif piece:
            found.append(text(piece))
    return tuple(found)
