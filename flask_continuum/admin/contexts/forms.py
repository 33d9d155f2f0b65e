"""Forms that a page shows: filters and searches, sent by GET, and hidden inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.parts import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A hidden input of a form."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option of a select box."""

    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """A select box, its first option included."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput:
    """A search box or another one-line input."""

    name: str
    label: str
    value: str = ""
    placeholder: str = ""
    hint: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DateInput:
    """A day, as ``2026-11-23``, or nothing."""

    name: str
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterForm:
    """A form sent by GET, so that every filter is in the address."""

    action: str
    label: str
    text: TextInput | None = None
    selects: tuple[Select, ...] = ()
    days: tuple[DateInput, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    active: bool = False
    clear_url: str | None = None
