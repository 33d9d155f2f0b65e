"""Text made safe to show: what cannot be seen or encoded gets a visible stand-in."""

from __future__ import annotations

import re

# Controls except tab, line feed and carriage return; lone surrogates, which no encoding takes;
# direction overrides, which make a line read as something else; the byte order mark; non-signs.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ufeff\ufffe\uffff\ud800-\udfff]"
)
_SPACES = {" ": "·", "\n": "↵", "\t": "⇥", "\u00a0": "⍽"}


def visible(text: str) -> str:
    """Replace every character that a page cannot carry or show by a visible stand-in.

    :param text: any string, lone surrogates and NUL included
    :return: a string that encodes to UTF-8; tabs and line ends stay
    """
    return _UNSAFE.sub(_stand_in, plain(text))


def plain(text: str) -> str:
    """Return an exact ``str``: a subclass could call itself safe HTML and escape the escaping."""
    return str.__str__(text)


def show_space(text: str) -> str:
    """Draw white space: a dot for a blank, arrows for tab and line end, the number for others."""
    drawn = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_SPACES.get(sign) or f"[U+{ord(sign):04X}]" for sign in drawn)


def shorten(text: str, limit: int) -> str:
    """Cut a text after at most ``limit`` characters, at a space if one is near.

    :return: the text itself when it fits, else its beginning without an ellipsis
    """
    if len(text) <= limit:
        return text
    cut = text.rfind(" ", limit - limit // 5, limit + 1)
    return text[: cut if cut > 0 else limit].rstrip()


def one_line(text: str) -> str:
    """Return the text with every run of white space as one blank."""
    return " ".join(text.split())


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures of Unicode, in the same order
    if code == 0x7F:
        return "\u2421"
    return f"[U+{code:04X}]"
