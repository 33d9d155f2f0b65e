"""The page of the access log."""

from __future__ import annotations

from dataclasses import dataclass

from flask_continuum.access_log import AccessEntry
from flask_continuum.admin.contexts import (
    AccessLogPage,
    AccessRow,
    Choice,
    Empty,
    FilterForm,
    Piece,
    Pill,
    Select,
    TextInput,
)
from flask_continuum.admin.layout import Place, make_layout
from flask_continuum.admin.paging import make_pager
from flask_continuum.admin.people import nameless_user, reader
from flask_continuum.admin.records import name_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import Page
from flask_continuum.presenters.words import N_, _

ENTRIES = (N_("Newer entries"), N_("Older entries"))
ACTIONS = {"revert": N_("Reverted"), "undo": N_("Undid"), "export": N_("Exported")}
ALLOWED, DENIED = "allowed", "denied"


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """What the reader asks for.

    :ivar text: a person, or with a slash in it a record, such as ``article/42``.
    :ivar answer: ``allowed``, ``denied``, or empty for both.
    """

    text: str
    answer: str

    @property
    def who(self) -> str | None:
        """A user's id or name."""
        return self.text if self.text and "/" not in self.text else None

    @property
    def model(self) -> str | None:
        """A model, as it stands in addresses."""
        return self.text.partition("/")[0] if "/" in self.text else None

    @property
    def key(self) -> str | None:
        """A record's key, as it stands in addresses."""
        return self.text.partition("/")[2] or None

    @property
    def allowed(self) -> bool | None:
        """Whether what was asked for was shown."""
        return {ALLOWED: True, DENIED: False}.get(self.answer)

    @property
    def query(self) -> dict[str, str]:
        """The same as the query of an address."""
        found = {"q": self.text, "answer": self.answer}
        return {name: value for name, value in found.items() if value}


def build_access_log(visit: Visit, wanted: AccessFilter, page: Page[AccessEntry]) -> AccessLogPage:
    """The access log, newest first."""
    rows = tuple(_row(visit, entry) for entry in page.items)
    return AccessLogPage(
        layout=make_layout(
            visit,
            heading=_("Access log"),
            subtitle=(Piece(text=_("Who looked at which page of the history")),),
            place=Place.ACCESS_LOG,
        ),
        filters=_filters(visit, wanted),
        rows=rows,
        pager=make_pager(page, visit.links.access_log, wanted.query, ENTRIES),
        empty=None if rows else _empty(wanted, goes_on=page.older is not None),
    )


def _row(visit: Visit, entry: AccessEntry) -> AccessRow:
    links = visit.links
    who = entry.user_id or entry.actor
    pills = []
    if entry.action in ACTIONS:
        pills.append(Pill(words=_(ACTIONS[entry.action]), tone="back"))
    if not entry.allowed:
        pills.append(Pill(words=_("Denied"), tone="warn"))
    return AccessRow(
        person=reader(entry.user_id, entry.actor, links.access_log(q=who) if who else None),
        user=nameless_user(entry.user_id) if entry.user_id is not None else "",
        moment=visit.moment(entry.at),
        pills=tuple(pills),
        about=_about(visit, entry),
        # of what was denied nothing need be there
        address=Piece(text=entry.address, url=entry.address if entry.allowed else None, mono=True),
        remote_addr=entry.remote_addr or "",
    )


def _about(visit: Visit, entry: AccessEntry) -> tuple[Piece, ...]:
    if entry.model is None or entry.key is None:
        return ()
    versioned = visit.links.model_at(entry.model)
    name = entry.model if versioned is None else name_of_model(versioned.model)
    url = visit.links.access_log(q=f"{entry.model}/{entry.key}")
    return (Piece(text=f"{name} {entry.key}", url=url),)


def _filters(visit: Visit, wanted: AccessFilter) -> FilterForm:
    choices = (("", _("All")), (ALLOWED, _("Allowed")), (DENIED, _("Denied")))
    return FilterForm(
        action=visit.links.access_log(),
        label=_("Filter the access log"),
        text=TextInput(
            name="q",
            label=_("Person or record"),
            value=wanted.text,
            placeholder=_("A name, a user’s id, or article/42"),
        ),
        selects=(
            Select(
                name="answer",
                label=_("Answer"),
                choices=tuple(
                    Choice(value=value, label=label, selected=value == wanted.answer)
                    for value, label in choices
                ),
            ),
        ),
        active=bool(wanted.query),
        clear_url=visit.links.access_log(),
    )


def _empty(wanted: AccessFilter, *, goes_on: bool) -> Empty:
    if goes_on:
        return Empty(
            heading=_("Nothing to show here"),
            words=_("All of this page is about records that you may not see."),
        )
    if wanted.query:
        return Empty(
            heading=_("Nothing fits"),
            words=_("Nobody who fits this filter has looked, or it has been pruned."),
        )
    return Empty(
        heading=_("Nobody has looked yet"),
        words=_("Every page of the history that somebody asks for appears here."),
    )
