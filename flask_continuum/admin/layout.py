"""What stands around every page: brand, menu, breadcrumb, search, messages."""

from __future__ import annotations

from enum import Enum
from typing import Any

from flask_continuum.admin.contexts import (
    Crumb,
    FilterForm,
    Layout,
    Link,
    Piece,
    Pill,
    RecordRef,
    Tab,
    TextInput,
)
from flask_continuum.admin.messages import take_messages
from flask_continuum.admin.people import viewer_of
from flask_continuum.admin.records import plural_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.presenters.words import N_, _, spoken


class Place(Enum):
    """An entry of the menu."""

    OVERVIEW = N_("Overview")
    RECORDS = N_("Records")
    CHANGES = N_("Changes")
    PEOPLE = N_("People")
    ACCESS_LOG = N_("Access log")


def make_layout(
    visit: Visit,
    *,
    heading: str,
    title: str | None = None,
    crumbs: tuple[Crumb, ...] = (),
    subtitle: tuple[Piece, ...] = (),
    pills: tuple[Pill, ...] = (),
    tabs: tuple[Tab, ...] = (),
    tabs_label: str = "",
    actions: tuple[Link, ...] = (),
    main_action: Link | None = None,
    search: bool = True,
    place: Place | None = None,
) -> Layout:
    """The frame of a page.

    :param title: of the browser's window; the heading when left out.
    :param search: with a search box in the top bar.
    :param place: the entry of the menu that the page is, or belongs to.
    """
    home = visit.links.overview()
    return Layout(
        brand=_(visit.state.settings.title),
        home_url=home,
        title=title or heading,
        heading=heading,
        menu=_menu(visit, place),
        subtitle=subtitle,
        pills=pills,
        crumbs=crumbs,
        tabs=tabs,
        tabs_label=tabs_label,
        actions=actions,
        main_action=main_action,
        search=search_form(visit, label=_("Search history")) if search else None,
        viewer=viewer_of(visit),
        flashes=take_messages(),
        language=spoken().code,
        direction=spoken().direction,
    )


def search_form(visit: Visit, *, label: str, text: str = "", hint: bool = False) -> FilterForm:
    """The search for records of any model."""
    return FilterForm(
        action=visit.links.overview(),
        label=label,
        text=TextInput(
            name="q",
            label=_("Find a record"),
            value=text,
            placeholder=_("Title or key") if hint else _("Find a record by title or key"),
            hint=_search_hint() if hint else (),
        ),
        active=bool(text),
        clear_url=visit.links.overview(),
    )


def model_crumbs(visit: Visit, model: type[Any], *, here: bool = False) -> tuple[Crumb, ...]:
    """The way to a model's records; ``here`` when the page is that list."""
    return (
        Crumb(label=_(Place.RECORDS.value), url=visit.links.models()),
        Crumb(label=plural_of_model(model), url=None if here else visit.links.model(model)),
    )


def record_crumbs(
    visit: Visit, model: type[Any], record: RecordRef, *rest: Crumb
) -> tuple[Crumb, ...]:
    """The way to a record, and below it to ``rest``; without ``rest`` the page is its timeline."""
    url = record.url if rest else None
    return (*model_crumbs(visit, model), Crumb(label=record.name, url=url), *rest)


def _search_hint() -> tuple[Piece, ...]:
    return pieces(
        _("A title as it is or once was, a key such as %(key)s, or a transaction such as %(id)s."),
        key=Piece(text="42", mono=True),
        id=Piece(text="#1187", mono=True),
    )


def _menu(visit: Visit, place: Place | None) -> tuple[Link, ...]:
    urls = {
        Place.OVERVIEW: visit.links.overview(),
        Place.RECORDS: visit.links.models(),
        Place.CHANGES: visit.links.activity(),
        Place.PEOPLE: visit.links.people(),
    }
    if visit.state.settings.access_log and visit.access.may_view_access_log():
        urls[Place.ACCESS_LOG] = visit.links.access_log()
    return tuple(
        Link(label=_(each.value), url=url, current=each is place) for each, url in urls.items()
    )
