"""Everybody who changed something, and one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_continuum.admin import bounds
from flask_continuum.admin.contexts import (
    Crumb,
    Empty,
    Link,
    Notice,
    PeoplePage,
    PersonPage,
    PersonRow,
    Piece,
)
from flask_continuum.admin.layout import Place, make_layout
from flask_continuum.admin.pages.chart import WEEKS, days_of_week, make_chart
from flask_continuum.admin.pages.feed import show_feed
from flask_continuum.admin.paging import CHANGES, make_pager
from flask_continuum.admin.people import nameless_user, person_of, unknown
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.counts import Activity, Author
from flask_continuum.engine.read.results import Page, TransactionRow
from flask_continuum.presenters.addresses import encode_key
from flask_continuum.presenters.words import _, ngettext, number

MOST = 200
"""People that the list has; the others are found through what they changed."""


def build_people(visit: Visit, authors: Sequence[Author]) -> PeoplePage:
    """The page of everybody who changed something.

    :param authors: one more than the page lists, when there are more.
    """
    rows = tuple(_row(visit, author) for author in authors[:MOST])
    return PeoplePage(
        layout=make_layout(
            visit,
            heading=_("People"),
            subtitle=(Piece(text=_("Who changed something, and the programs that did")),),
            place=Place.PEOPLE,
        ),
        rows=rows,
        notices=_notices(authors),
        empty=None
        if rows
        else Empty(
            heading=_("Nobody has changed anything yet"),
            words=_("Whoever changes something that has a history appears here."),
        ),
    )


def _notices(authors: Sequence[Author]) -> tuple[Notice, ...]:
    """Who is not listed."""
    said = []
    if len(authors) > MOST:
        said.append(
            _("Only the %(number)s who changed something last are listed.", number=number(MOST))
        )
    if sum(author.count for author in authors) >= bounds.AMONG:
        said.append(
            _(
                "Only the newest %(number)s transactions are looked at and counted.",
                number=number(bounds.AMONG),
            )
        )
    return tuple(Notice(words=(Piece(text=words),)) for words in said)


def _row(visit: Visit, author: Author) -> PersonRow:
    transaction = author.transaction
    user_id = getattr(transaction, "user_id", None)
    if user_id is not None:
        url = visit.links.activity(user=encode_key((user_id,)))
    elif transaction.actor:
        url = visit.links.activity(actor=transaction.actor)
    else:
        url = visit.links.activity()
    return PersonRow(
        person=person_of(transaction, visit.links),
        changes=number(author.count),
        changes_url=url,
        last=visit.moment(transaction.issued_at),
        transaction=visit.links.transaction_ref(transaction),
    )


def build_person(
    visit: Visit, user_id: Any, segment: str, activity: Activity, feed: Page[TransactionRow]
) -> PersonPage:
    """The page of one user.

    :param segment: their key in addresses.
    :param activity: how much they changed on the days of the chart.
    """
    newest = feed.items[0].transaction if feed.items else None
    person = unknown() if newest is None else person_of(newest)
    days = show_feed(visit, feed.items)
    return PersonPage(
        layout=make_layout(
            visit,
            heading=person.name,
            crumbs=(
                Crumb(label=_("People"), url=visit.links.people()),
                Crumb(label=nameless_user(segment)),
            ),
            subtitle=(Piece(text=f"{nameless_user(segment)}, {_sum(activity)}"),),
            actions=(
                Link(label=_("Filter these changes"), url=visit.links.activity(user=segment)),
            ),
            place=Place.PEOPLE,
        ),
        person=person,
        chart=make_chart(
            activity,
            visit.today,
            lambda monday: visit.links.activity(user=segment, **days_of_week(monday)),
        ),
        days=days,
        pager=make_pager(feed, lambda **query: visit.links.person(user_id, **query), {}, CHANGES),
        empty=None
        if days
        else Empty(
            heading=_("Nothing to show"),
            words=_("What this person changed is not for you to see, or is older than this page."),
            links=(Link(label=_("All changes"), url=visit.links.activity()),),
        ),
    )


def _sum(activity: Activity) -> str:
    total = sum(day.total for day in activity)
    return ngettext(
        "%(num)s change in %(weeks)s weeks",
        "%(num)s changes in %(weeks)s weeks",
        total,
        num=number(total) if activity.since is None else _("over %(number)s", number=number(total)),
        weeks=number(WEEKS),
    )
