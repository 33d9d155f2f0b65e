"""Who looked at the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.forms import FilterForm
    from flask_continuum.admin.contexts.layout import Layout
    from flask_continuum.admin.contexts.parts import Empty, Moment, Pager, Person, Piece, Pill


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """One page that somebody asked for."""

    person: Person
    """With the address of all that they looked at."""
    user: str
    """``User 5``; empty when nobody was logged in."""
    moment: Moment
    pills: tuple[Pill, ...]
    """What was done when it was not only looking, and that it was denied."""
    about: tuple[Piece, ...]
    """The record, with the address of all who looked at it; empty for other pages."""
    address: Piece
    remote_addr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogPage:
    """The access log, newest first."""

    layout: Layout
    filters: FilterForm
    rows: tuple[AccessRow, ...]
    pager: Pager
    empty: Empty | None = None
