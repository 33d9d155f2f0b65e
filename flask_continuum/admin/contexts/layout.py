"""What every page has around its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_continuum.admin.contexts.forms import FilterForm
    from flask_continuum.admin.contexts.parts import Crumb, Flash, Link, Person, Piece, Pill, Tab


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands around every page: the brand, the menu, the breadcrumb, messages."""

    brand: str
    home_url: str
    title: str
    """Of the browser's window, without the brand."""
    heading: str
    menu: tuple[Link, ...]
    language: str = "en"
    direction: str = "ltr"
    """Of the text: ``rtl`` where it runs from right to left."""
    subtitle: tuple[Piece, ...] = ()
    pills: tuple[Pill, ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    tabs: tuple[Tab, ...] = ()
    tabs_label: str = ""
    actions: tuple[Link, ...] = ()
    """Beside the heading."""
    main_action: Link | None = None
    """The one filled button of the page, where it has one beside the heading."""
    search: FilterForm | None = None
    """In the top bar; absent where the page has a search of its own."""
    viewer: Person | None = None
    flashes: tuple[Flash, ...] = ()
