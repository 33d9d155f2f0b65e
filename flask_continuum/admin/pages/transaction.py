"""Everything that changed together, by model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask_continuum.admin.contexts import (
    Crumb,
    Empty,
    EntryView,
    Link,
    ModelGroup,
    Piece,
    TransactionPage,
)
from flask_continuum.admin.entries import kind_pills, see, show_entry
from flask_continuum.admin.facts import context_facts, transaction_facts
from flask_continuum.admin.layout import make_layout
from flask_continuum.admin.origins import load_origins, origin_of
from flask_continuum.admin.pages.feed import counted_words, records_of
from flask_continuum.admin.people import person_of, reason_of
from flask_continuum.admin.records import name_of_model, plural_of_model, refer
from flask_continuum.admin.subjects import visible_entries
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.labels import sentence_case
from flask_continuum.presenters.sentences import transaction_sentence
from flask_continuum.presenters.words import _

Entries = Mapping[type[Any], Sequence[Entry]]
SHOWN = 50
"""Records of one model that the page shows beside those of others."""
ALONE = 200
"""Records that it shows of a model that was asked for alone."""


def build_transaction(
    visit: Visit,
    transaction: Any,
    entries: Entries,
    neighbours: tuple[Any | None, Any | None],
    *,
    only: type[Any] | None,
    start: int = 0,
) -> TransactionPage:
    """The page of a transaction.

    :param entries: what it did, by model; of hidden models and records nothing.
    :param neighbours: the transactions before and after it.
    :param only: the one model that is asked for.
    :param start: how many of its records are left out; what a transaction did never changes, so
        that its records can be counted.
    """
    load_origins(visit, (transaction,))
    chosen = {only: entries[only]} if only is not None and only in entries else entries
    groups = tuple(
        _group(visit, transaction, visit.registry.of(model), found, start, alone=model is only)
        for model, found in chosen.items()
        if found
    )
    counts = {model: _counts(found) for model, found in entries.items() if found}
    person = person_of(transaction)
    moment = visit.moment(transaction.issued_at)
    number = f"#{transaction.id}"
    return TransactionPage(
        layout=make_layout(
            visit,
            heading=f"{person.name} {_heading(visit, transaction, counts)}",
            title=_("Transaction %(id)s", id=number),
            crumbs=(
                Crumb(label=_(visit.state.settings.title), url=visit.links.overview()),
                Crumb(label=number),
            ),
            subtitle=pieces(
                _("Transaction %(id)s, %(moment)s"),
                id=Piece(text=number, mono=True),
                moment=Piece(text=moment.full),
            ),
            pills=kind_pills(transaction),
            actions=_actions(visit, transaction, entries, neighbours),
        ),
        groups=groups,
        facts=transaction_facts(visit, transaction, with_link=False),
        reason=reason_of(transaction),
        context=context_facts(transaction),
        empty=None
        if groups
        else Empty(
            heading=_("Nothing to show"),
            words=_("This transaction changed nothing that the history still holds."),
            links=(Link(label=_("Back to the overview"), url=visit.links.overview()),),
        ),
    )


def _group(
    visit: Visit,
    transaction: Any,
    versioned: VersionedClass,
    entries: Sequence[Entry],
    start: int,
    *,
    alone: bool,
) -> ModelGroup:
    start = start if alone else 0
    end = start + (ALONE if alone else SHOWN)
    segment = visit.links.segments[versioned.model]
    more: Link | None = None
    if end < len(entries):
        query = {"model": segment} | ({"start": str(end)} if alone else {})
        all_of_them = records_of(len(entries), versioned.model)
        more = Link(
            label=_("More of %(records)s", records=all_of_them)
            if alone
            else _("All %(records)s", records=all_of_them),
            url=visit.links.transaction(transaction, **query),
        )
    return ModelGroup(
        label=plural_of_model(versioned.model),
        anchor=f"model-{segment}",
        note=counted_words(_counts(entries)),
        entries=show_entries(visit, versioned, entries[start:end]),
        more=more,
    )


def show_entries(
    visit: Visit, versioned: VersionedClass, entries: Sequence[Entry]
) -> tuple[EntryView, ...]:
    """Entries of several records of one model, each under the name of its record."""
    return tuple(
        show_entry(
            visit,
            versioned,
            seen,
            record=refer(
                visit,
                versioned,
                seen.entry.version,
                live=seen.entry.operation is not Operation.DELETE,
            ),
        )
        for seen in see(visit, versioned, entries)
    )


def visible_of_each(visit: Visit, entries: Entries) -> dict[type[Any], list[Entry]]:
    """What a transaction did to records that may be seen."""
    return {
        model: [entry for entry, __ in visible_entries(visit, visit.registry.of(model), of_model)]
        for model, of_model in entries.items()
        if visit.access.sees_model(model)
    }


def _counts(entries: Sequence[Entry]) -> dict[Operation, int]:
    return dict(Counter(entry.operation for entry in entries))


def _heading(
    visit: Visit, transaction: Any, counts: Mapping[type[Any], Mapping[Operation, int]]
) -> str:
    return str(
        transaction_sentence(
            {
                name_of_model(model): {int(done): number for done, number in numbers.items()}
                for model, numbers in counts.items()
            },
            kind=transaction.kind,
            target=origin_of(visit, transaction),
            plurals={
                name_of_model(model): sentence_case(plural_of_model(model)) for model in counts
            },
        )
    )


def _actions(
    visit: Visit,
    transaction: Any,
    entries: Entries,
    neighbours: tuple[Any | None, Any | None],
) -> tuple[Link, ...]:
    before, after = neighbours
    links = []
    if before is not None:
        url = visit.links.transaction(before)
        links.append(Link(label=f"#{before.id}", url=url, rel="prev"))
    if after is not None:
        url = visit.links.transaction(after)
        links.append(Link(label=f"#{after.id}", url=url, rel="next"))
    if any(entries.values()) and visit.access.may_undo().allowed:
        links.append(Link(label=_("Undo this transaction…"), url=visit.links.undo(transaction)))
    return tuple(links)
