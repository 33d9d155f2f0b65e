"""The page of a transaction, and the page for what could not be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.changes import EntryView
    from flask_continuum.admin.contexts.layout import Layout
    from flask_continuum.admin.contexts.parts import Empty, Fact, Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGroup:
    """The changed records of one model."""

    label: str
    anchor: str
    note: str
    """``41 changed, 2 deleted``."""
    entries: tuple[EntryView, ...]
    """Each has its ``record``; ``node`` gives the sign."""
    more: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionPage:
    """Everything that changed together."""

    layout: Layout
    groups: tuple[ModelGroup, ...]
    facts: tuple[Fact, ...]
    reason: str | None = None
    context: tuple[Fact, ...] = ()
    empty: Empty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """A page that could not be shown: what happened and where to go instead."""

    layout: Layout
    status: int
    words: str
    hint: str | None = None
    """For the developer: which setting to make."""
    links: tuple[Link, ...] = field(default_factory=tuple)
