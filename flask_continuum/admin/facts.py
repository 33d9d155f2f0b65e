"""Who, when, from where and why: the facts about a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_continuum.admin.contexts import Fact, Piece
from flask_continuum.admin.origins import origin_of
from flask_continuum.admin.people import person_of, reason_of
from flask_continuum.admin.visit import Visit
from flask_continuum.presenters.characters import visible
from flask_continuum.presenters.formats import json_text
from flask_continuum.presenters.labels import humanise
from flask_continuum.presenters.outside import outside_of
from flask_continuum.presenters.words import _

OWN_CONTEXT = frozenset(
    {"reverts", "undoes", "moved", "pruned", "repair", "request_id", "endpoint", "meta"}
)
"""Keys of a transaction's context that have a meaning of their own."""
TOLD_BY_DATABASE = frozenset({"db_user", "application", "client"})
"""Those of transactions that were made outside the application."""


def transaction_facts(visit: Visit, transaction: Any, *, with_link: bool) -> tuple[Fact, ...]:
    """What is known about how a transaction came about.

    :param with_link: name the transaction too, for pages that are not its own.
    """
    reference = visit.links.transaction_ref(transaction)
    facts = [
        Fact(label=_("Changed by"), person=person_of(transaction)),
        Fact(label=_("At"), moment=visit.moment(transaction.issued_at)),
    ]
    source = getattr(transaction, "remote_addr", None)
    if source:
        facts.append(Fact(label=_("From"), value=(Piece(text=source, mono=True),)))
    outside = outside_of(transaction)
    if outside is not None:
        facts.append(Fact(label=_("Made"), value=(Piece(text=outside.words),)))
    if with_link:
        link = Piece(text=reference.label, url=reference.url, mono=True)
        facts.append(Fact(label=_("Transaction"), value=(link,)))
    reason = reason_of(transaction)
    facts.append(
        Fact(label=_("Reason"), value=(Piece(text=reason, quote=True),))
        if reason
        else Fact(label=_("Reason"), absent=_("not given"))
    )
    undone = _context(transaction).get("undoes")
    if isinstance(undone, str):
        number = origin_of(visit, transaction)
        words = _("an earlier transaction") if number is None else f"#{number}"
        url = visit.links.transaction_at(undone)
        facts.append(
            Fact(label=_("Undoes"), value=(Piece(text=words, url=url, mono=bool(number)),))
        )
    happened = _outside(visit, transaction)
    if happened:
        facts.append(Fact(label=_("Happened"), value=(Piece(text=happened),)))
    return tuple(facts)


def _outside(visit: Visit, transaction: Any) -> str | None:
    """When something happened that a repair has found, as far as it knows."""
    told = _context(transaction).get("repair")
    if not isinstance(told, Mapping):
        return None
    if told.get("lost"):
        return _("The transaction's own row was lost.")
    since, until = (_instant(told.get(name)) for name in ("since", "until"))
    if until is None:
        return None
    if since is None:
        moment = visit.moment(until).full
        return _("Outside the application, before %(moment)s", moment=moment)
    return _(
        "Outside the application, between %(since)s and %(until)s",
        since=visit.moment(since).full,
        until=visit.moment(until).full,
    )


def _context(transaction: Any) -> Mapping[str, Any]:
    """A transaction's context; empty where it is of another form."""
    return transaction.context if isinstance(transaction.context, Mapping) else {}


def _instant(text: Any) -> datetime | None:
    """An instant as a context has it; ``None`` where it has another form."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def context_facts(transaction: Any) -> tuple[Fact, ...]:
    """What the application keeps about a transaction beside that."""
    context = _context(transaction)
    told = OWN_CONTEXT if outside_of(transaction) is None else OWN_CONTEXT | TOLD_BY_DATABASE
    found: dict[str, Any] = {name: value for name, value in context.items() if name not in told}
    if isinstance(context.get("meta"), Mapping):
        found |= context["meta"]
    return tuple(
        Fact(label=humanise(str(name)), value=(Piece(text=_text(value), mono=True),))
        for name, value in found.items()
    )


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    return visible(text[:500])
