"""``Versioned``: the typed way to mark a class. What type checkers know of it is in the stub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from flask_continuum.engine.version import VersionClassBase


class Versioned:
    """Marks a class as versioned, like ``__versioned__ = {}``, and tells type checkers so.

    Options are set as with the mark: ``__versioned__ = {"exclude": ["views"]}``.
    """

    __versioned__: ClassVar[Mapping[str, Any]] = {}


class VersionedAs(Versioned):
    """Marks a class whose version class is declared for type checkers.

    ``class Article(VersionedAs["ArticleVersion"], Base)`` has the columns of its versions known.
    """

    def __class_getitem__(cls, version_class: Any) -> type[Self]:
        """Return the mark itself: what is between the brackets is for type checkers only."""
        return cls


class VersionOf:
    """``VersionOf[Article]`` in an annotation: a version of an article."""

    def __class_getitem__(cls, model: Any) -> type[VersionClassBase]:
        """Return the base of all version classes."""
        return VersionClassBase
