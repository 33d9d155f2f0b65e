"""Transactions in a feed, by day, and models and records in tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask_continuum.admin.contexts import Empty, FeedDay, FeedItem, Link, Piece, Pill, RecordRow
from flask_continuum.admin.entries import kind_pills, pieces_of
from flask_continuum.admin.origins import load_origins, origin_of
from flask_continuum.admin.people import person_of, reason_of
from flask_continuum.admin.records import name_of_model, operation_of, plural_of_model, refer
from flask_continuum.admin.subjects import live_records
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.results import RecordRow as Row
from flask_continuum.engine.read.results import TransactionRow
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.dates import group_by_day
from flask_continuum.presenters.labels import count_of, key_text, sentence_case
from flask_continuum.presenters.sentences import transaction_sentence
from flask_continuum.presenters.words import N_, _, number

DID: Mapping[Operation, str] = {
    Operation.INSERT: N_("created %(record)s"),
    Operation.UPDATE: N_("changed %(record)s"),
    Operation.DELETE: N_("deleted %(record)s"),
}
DID_BACK: Mapping[str, str] = {
    "revert": N_("reverted %(record)s"),
    "restore": N_("restored %(record)s"),
}
"""The same by the kind of the transaction, which says more."""
DID_LINKS = N_("changed links of %(record)s")
DID_IT: Mapping[str, str] = {
    DID[Operation.INSERT]: N_("created it"),
    DID[Operation.UPDATE]: N_("changed it"),
    DID[Operation.DELETE]: N_("deleted it"),
    DID_BACK["revert"]: N_("reverted it"),
    DID_BACK["restore"]: N_("restored it"),
}
"""The same beside the record itself."""
COUNTED: Mapping[Operation, str] = {
    Operation.INSERT: N_("%(number)s created"),
    Operation.UPDATE: N_("%(number)s changed"),
    Operation.DELETE: N_("%(number)s deleted"),
}


Fate = Callable[[Row], tuple[Pill | None, tuple[Piece, ...]]]


def show_feed(visit: Visit, rows: Iterable[TransactionRow]) -> tuple[FeedDay, ...]:
    """Transactions under the days on which they happened; unseen ones are left out."""
    rows = tuple(rows)
    load_origins(visit, (row.transaction for row in rows))
    lives = _live_samples(visit, rows)
    items = [(row, item) for row in rows if (item := _item(visit, row, lives)) is not None]
    return tuple(
        FeedDay(heading=day.name, note=day.detail, items=tuple(item for __, item in group))
        for day, group in group_by_day(
            items, lambda pair: pair[0].transaction.issued_at, visit.now, visit.zone
        )
    )


Lives = Mapping[type[Any], Mapping[tuple[Any, ...], Any]]


def _live_samples(visit: Visit, rows: Iterable[TransactionRow]) -> Lives:
    """The live rows of all records that the feed names, in one statement for each model."""
    wanted: dict[VersionedClass, set[tuple[Any, ...]]] = {}
    for row in rows:
        for versions in row.samples.values():
            for version in versions:
                versioned = visit.registry.of(version)
                wanted.setdefault(versioned, set()).add(versioned.key_of(version))
    return {
        versioned.model: live_records(visit, versioned, keys) for versioned, keys in wanted.items()
    }


def _item(visit: Visit, row: TransactionRow, lives: Lives) -> FeedItem | None:
    counts = {
        model: numbers for model, numbers in row.counts.items() if visit.access.sees_model(model)
    }
    if not counts:
        return None
    transaction = row.transaction
    named = _only_record(visit, row, counts, lives)
    return FeedItem(
        person=person_of(transaction),
        words=named or _counted(visit, transaction, counts),
        moment=visit.clock(transaction.issued_at),
        transaction=visit.links.transaction_ref(transaction),
        sub=() if named else _sub(visit, row, counts, lives),
        reason=reason_of(transaction),
        pills=kind_pills(transaction),
    )


def _only_record(
    visit: Visit,
    row: TransactionRow,
    counts: Mapping[type[Any], Mapping[Operation, int]],
    lives: Lives,
) -> tuple[Piece, ...] | None:
    """``changed Harbour bridge reopens``, when the transaction touched one record only."""
    (model, numbers), *others = counts.items()
    if sum(numbers.values()) > 1 or others or len(row.samples.get(model, ())) != 1:
        return None
    (version,) = row.samples[model]
    versioned = visit.registry.of(version)
    live = lives.get(versioned.model, {}).get(versioned.key_of(version))
    if not visit.access.sees(versioned.model, record=live, version=version):
        return None
    done = [DID[Operation(operation)] for operation, times in numbers.items() if times]
    did = DID_BACK.get(row.transaction.kind or "", done[0] if done else DID_LINKS)
    record = refer(visit, versioned, version, record=live, live=live is not None)
    name = () if record.placeholder else (Piece(text=" "), Piece(text=record.name, soft=True))
    return pieces(_(did), record=(Piece(text=record.label, url=record.url), *name))


def _counted(
    visit: Visit, transaction: Any, counts: Mapping[type[Any], Mapping[Operation, int]]
) -> tuple[Piece, ...]:
    if not any(any(numbers.values()) for numbers in counts.values()):
        return (Piece(text=_("changed links of some records")),)
    sentence = transaction_sentence(
        {
            name_of_model(model): {int(done): number for done, number in numbers.items()}
            for model, numbers in counts.items()
        },
        kind=transaction.kind,
        target=origin_of(visit, transaction),
        plurals={name_of_model(model): plural_of_model(model) for model in counts},
    )
    return pieces_of(sentence, lambda ref: visit.links.transaction_at(ref))


def _sub(
    visit: Visit,
    row: TransactionRow,
    counts: Mapping[type[Any], Mapping[Operation, int]],
    lives: Lives,
) -> tuple[Piece, ...]:
    """The first records that a transaction touched, by name."""
    records = []
    for model in counts:
        for version in row.samples.get(model, ()):
            versioned = visit.registry.of(version)
            live = lives.get(versioned.model, {}).get(versioned.key_of(version))
            if visit.access.sees(versioned.model, record=live, version=version):
                records.append(refer(visit, versioned, version, record=live))
    names: list[Piece] = []
    for record in records[:3]:
        if names:
            names.append(Piece(text=", "))
        names.append(Piece(text=record.label, url=record.url))
    return tuple(names)


def show_records(
    visit: Visit, rows: Sequence[Row], *, search: str = "", fate: Fate | None = None
) -> tuple[RecordRow, ...]:
    """Records in a table; those are left out that may not be seen.

    :param search: what they were found by. A record that hides the field that was looked into is
        found by its key alone: else a search could guess what is hidden.
    :param fate: for rows of the past: tells what became of a record, which is linked as it was.
    """
    wanted: dict[VersionedClass, list[tuple[Any, ...]]] = {}
    for row in rows:
        if row.live:
            wanted.setdefault(visit.registry.of(row.version), []).append(row.key)
    lives = {each.model: live_records(visit, each, keys) for each, keys in wanted.items()}
    shown = []
    for row in rows:
        versioned = visit.registry.of(row.version)
        live = lives.get(versioned.model, {}).get(row.key)
        if not visit.access.sees(versioned.model, record=live, version=row.version):
            continue
        if not search or may_be_found(visit, versioned, row, live, search):
            shown.append(_record_row(visit, versioned, row, live, fate))
    return tuple(shown)


def may_be_found(visit: Visit, versioned: VersionedClass, row: Row, live: Any, search: str) -> bool:
    """May this person learn that a search has found a record?"""
    hidden = visit.masks(versioned, record=live, versions=(row.version,))
    if not any(field in hidden for field in visit.searchable(versioned)):
        return True
    key = key_text(row.key[0]) if len(row.key) == 1 else ""
    return search.strip().removeprefix("#").casefold() == key.casefold()


def _record_row(
    visit: Visit, versioned: VersionedClass, row: Row, live: Any, fate: Fate | None
) -> RecordRow:
    transaction = row.transaction
    kind = transaction.kind if transaction is not None else None
    did = DID_BACK.get(kind or "", DID[operation_of(row.version)])
    actions: tuple[Link, ...] = ()
    if (
        fate is None
        and not row.live
        and visit.access.may_revert(versioned.model, version=row.version).allowed
    ):
        at = entry_transaction_id(row.version)
        url = visit.links.revert(versioned.model, row.key, at)
        actions = (Link(label=_("Restore…"), url=url),)
    pill, became = (None, ()) if fate is None else fate(row)
    return RecordRow(
        record=refer(
            visit,
            versioned,
            row.version,
            record=live,
            live=row.live,
            transaction=None if fate is None else entry_transaction_id(row.version),
        ),
        person=person_of(transaction),
        words=(Piece(text=_(DID_IT[did])),),
        moment=visit.moment(transaction.issued_at) if transaction is not None else None,
        transaction=visit.links.transaction_ref(transaction) if transaction is not None else None,
        actions=actions,
        became=became,
        became_pill=pill,
    )


def counted_words(counts: Mapping[Operation, int]) -> str:
    """``41 changed, 2 deleted``."""
    return ", ".join(
        _(counted, number=number(counts[operation]))
        for operation, counted in COUNTED.items()
        if counts.get(operation)
    )


def no_transactions() -> Empty:
    """What a feed says as long as there is nothing."""
    return Empty(
        heading=_("Nothing has changed yet"),
        words=_("Each change that the application saves appears here: who, when and what."),
    )


def records_of(count: int, model: type[Any], *, most: int | None = None) -> str:
    """``3 articles``; ``over 1,000 articles`` where they were counted no further than ``most``."""
    return count_of(
        count,
        sentence_case(name_of_model(model)),
        sentence_case(plural_of_model(model)),
        most=most,
    )
