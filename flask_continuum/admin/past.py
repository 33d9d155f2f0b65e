"""The moment that an address asks for, and the band that leads from one moment to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import request

from flask_continuum.admin.contexts import Hidden, Link, MomentBanner, MomentForm, Piece
from flask_continuum.admin.errors import bad_request
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.read.conditions import read_id, transaction_class_of
from flask_continuum.engine.read.fates import Surroundings, surroundings
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.read.navigation import transaction_at
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.dates import as_utc, in_zone, span
from flask_continuum.presenters.words import N_, _

SOONER = ((N_("1 day earlier"), timedelta(days=-1)), (N_("1 week earlier"), timedelta(weeks=-1)))
LATER = ((N_("1 day later"), timedelta(days=1)), (N_("1 week later"), timedelta(weeks=1)))
EXAMPLE = N_("“as_of” is a moment such as 2026-11-23T14:05, or a transaction such as 1187.")

UrlOf = Callable[..., str]


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment of the past.

    :ivar transaction: the newest transaction up to it, 0 before the first.
    :ivar instant: the instant (naive UTC).
    :ivar text: the moment as the address has it.
    :ivar exact: it is the moment of the transaction itself.
    """

    transaction: int
    instant: datetime
    text: str
    exact: bool

    @property
    def query(self) -> dict[str, str]:
        """What an address of the same moment has."""
        return {"as_of": self.text}


def read_as_of(visit: Visit, versioned: VersionedClass) -> AsOf | None:
    """The moment that a request asks for, ``None`` for the present.

    A day and a time, as the form sends them, are in the person's time zone.

    :raises BadRequest: when it is no moment.
    """
    text = request.args.get("as_of", "").strip()
    day = request.args.get("day", "").strip()
    if not text and day:
        text = f"{day}T{request.args.get('time', '').strip() or '00:00'}"
    if not text:
        return None
    number = read_id(text.removeprefix("#"))
    if number is not None:
        return _at_transaction(visit, versioned, number)
    try:
        local = datetime.fromisoformat(text)
        aware = local if local.tzinfo is not None else local.replace(tzinfo=visit.zone)
        instant = aware.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise bad_request(_(EXAMPLE)) from error
    if as_utc(instant) > visit.now:
        return None
    at = transaction_at(visit.session, versioned.model, instant) or 0
    return AsOf(at, instant, text, exact=False)


def _at_transaction(visit: Visit, versioned: VersionedClass, number: int) -> AsOf:
    cls = transaction_class_of(versioned)
    statement = sa.select(cls.issued_at).where(cls.id == number)
    arguments = connection_arguments(visit.session, versioned)
    found = visit.session.scalars(statement, bind_arguments=arguments).first()
    if found is None:
        raise bad_request(_("“as_of” names a transaction that is not in the history."))
    return AsOf(number, found, str(number), exact=True)


def make_banner(
    visit: Visit,
    versioned: VersionedClass,
    as_of: AsOf,
    filters: Mapping[str, str],
    address: UrlOf,
) -> MomentBanner:
    """The band over a list as of a moment.

    :param filters: what the list is narrowed by, at any moment.
    :param address: makes the address of the list from a query.
    """
    url_of = partial(address, **filters)
    around = surroundings(visit.session, versioned.model, as_of.transaction, exact=as_of.exact)
    return MomentBanner(
        words=_looking_at(visit, as_of),
        earlier=_neighbour(visit, as_of, around, url_of, before=True),
        later=_neighbour(visit, as_of, around, url_of, before=False),
        now=Link(label=_("Back to now"), url=url_of()),
        form=make_form(visit, address(), as_of, filters),
        # where nothing was before or came after, every step would show the same
        sooner=_steps(visit, as_of, SOONER, url_of) if around.before is not None else (),
        after=_steps(visit, as_of, LATER, url_of) if around.after is not None else (),
    )


def make_form(
    visit: Visit, action: str, as_of: AsOf | None, filters: Mapping[str, str] | None = None
) -> MomentForm:
    """The form that goes to a moment; it shows the one that is looked at, or the present.

    :param filters: what the way there keeps. A browser drops the query of a form's ``action``.
    """
    instant = visit.now if as_of is None else as_utc(as_of.instant)
    local = in_zone(instant, visit.zone)
    return MomentForm(
        action=action,
        day=local.date().isoformat(),
        time=f"{local.hour:02}:{local.minute:02}",
        zone=local.tzname() or "",
        hidden=tuple(Hidden(name=name, value=value) for name, value in (filters or {}).items()),
    )


def _looking_at(visit: Visit, as_of: AsOf) -> tuple[Piece, ...]:
    instant = Piece(text=visit.moment(as_of.instant).full, strong=True)
    if not as_of.exact:
        return pieces(_("You are looking at %(moment)s."), moment=instant)
    url = visit.links.transaction_at(as_of.transaction)
    return pieces(
        _("You are looking at %(moment)s, when %(transaction)s had been saved."),
        moment=instant,
        transaction=Piece(text=f"#{as_of.transaction}", url=url, mono=True),
    )


def _neighbour(
    visit: Visit, as_of: AsOf, around: Surroundings, url_of: UrlOf, *, before: bool
) -> Link | None:
    other: Any = around.before if before else around.after
    if other is None:
        return None
    distance = span(as_of.instant, other.issued_at)
    number = f"#{other.id}"
    if before:
        label = _("%(id)s, %(span)s before", id=number, span=distance)
    else:
        label = _("%(id)s, %(span)s after", id=number, span=distance)
    return Link(label=label, url=url_of(as_of=str(other.id)))


def _steps(
    visit: Visit, as_of: AsOf, steps: Sequence[tuple[str, timedelta]], url_of: UrlOf
) -> tuple[Link, ...]:
    found = []
    for words, length in steps:
        there = as_utc(as_of.instant) + length
        if there < visit.now:
            local = in_zone(there, visit.zone).replace(tzinfo=None)
            text = local.isoformat(timespec="minutes")
            found.append(Link(label=_(words), url=url_of(as_of=text)))
    return tuple(found)
