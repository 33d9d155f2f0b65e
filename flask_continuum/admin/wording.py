"""Translated sentences with links, titles and numbers in the middle of them."""

from __future__ import annotations

from flask_continuum.admin.contexts import Piece
from flask_continuum.presenters.words import interleave


def pieces(said: str, /, **parts: Piece | tuple[Piece, ...]) -> tuple[Piece, ...]:
    """A sentence in pieces.

    :param said: what ``_()`` or ``ngettext()`` gave, with ``%(name)s`` where a part stands.
    :param parts: the parts; what people or data have called something is always one of them.
    """
    return interleave(said, lambda text: Piece(text=text), **parts)
