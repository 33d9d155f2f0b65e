"""Bytes of a repository as text: what counts as text, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

#: Every byte has a sign in it, so the bytes can be had back from the text.
FALLBACK = "latin-1"


@dataclass(frozen=True, slots=True)
class Text:
    """A file's content as text.

    :ivar encoding: how it was read, ``"utf-8"`` or :data:`FALLBACK`
    """

    text: str
    encoding: str


def read_text(content: bytes) -> Text | None:
    """Return a file's content as text, or None when it is binary.

    Binary is what holds a NUL byte, about as git sees it, and as databases want it: none of them
    keeps a NUL in a text. What is not UTF-8 is read as Latin-1, which loses nothing.
    """
    if b"\0" in content:
        return None
    try:
        return Text(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return Text(content.decode(FALLBACK), FALLBACK)


def read_path(path: bytes) -> str:
    """Return a path as text; bytes that are not UTF-8 are written as hexadecimal escapes."""
    return path.decode("utf-8", "backslashreplace")
