"""Seals against what they seal, and against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.chain import contents, last_seal
from flask_continuum.engine.maintenance.sealing.digests import (
    digest_of,
    holds_erased,
    link_of,
    name_of_key,
)
from flask_continuum.engine.maintenance.sealing.sources import (
    BATCH,
    Part,
    Source,
    chain_of,
    settle_texts,
    sources,
)


def verify_seals(place: Place, key: bytes | None) -> Iterator[Finding]:
    """Yield what is not as it was sealed.

    :param key: that of the seals; without it, links that were made with one cannot be checked.
    :raises ImproperlyConfigured: when there are no tables of seals.
    """
    chain, sealed = chain_of(place)
    newest, _ = last_seal(place, chain)
    settle_texts(place)
    for source in sources(place):
        yield from _parts(source, chain, sealed, newest)
        yield from _removed(source, sealed)
    yield from _without_seal(place, chain, newest)
    yield from _chain(place, chain, sealed, key)


def _parts(source: Source, chain: sa.Table, sealed: sa.Table, newest: int) -> Iterator[Finding]:
    """Yield the rows that differ from what was sealed, and those that were not there."""
    has_seal = sa.exists().where(chain.c.transaction_id == source.moment)
    for parts in source.parts(0, newest, has_seal):
        known = _known(source, sealed, parts)
        for part in parts:
            row = known.get((part.number, part.record))
            if row is None or row.gone is not None:
                words = f"{_called(source, part.record)} came in after it was sealed."
                yield _finding(FindingKind.SEALED_ADDED, source, part.record, part.number, words)
            elif _is_changed(source, part, row):
                words = f"{_called(source, part.record)} has been changed since it was sealed."
                yield _finding(FindingKind.SEALED_CHANGED, source, part.record, part.number, words)


def _known(source: Source, sealed: sa.Table, parts: Sequence[Part]) -> dict[Any, Any]:
    """Return what was sealed of some parts, by transaction and record."""
    at = sealed.c.transaction_id
    first, last = parts[0].number, parts[-1].number
    wanted = sa.select(sealed).where(sealed.c.table_name == source.name)
    if first == last:  # a part of what may be a great many
        wanted = wanted.where(at == first, sealed.c.record.in_([part.record for part in parts]))
    else:
        edges = [p for p in parts if p.number in (first, last)]
        wanted = wanted.where(
            at.between(first, last),
            sa.or_(at.not_in((first, last)), sealed.c.record.in_([part.record for part in edges])),
        )
    rows = source.place.connection.execute(wanted, execution_options=OWN)
    return {(row.transaction_id, row.record): row for row in rows}


def _is_changed(source: Source, part: Part, row: Any) -> bool:
    if row.salt is None and row.fields is None:
        return True
    if holds_erased(part.values, row.fields):
        return True
    digest = digest_of(source.name, part.number, part.record, part.values, row.salt, row.fields)
    return bool(digest != row.digest)


def _removed(source: Source, sealed: sa.Table) -> Iterator[Finding]:
    """Yield what was sealed and is not there any more, and was not taken out on purpose."""
    there = sa.exists().where(
        source.moment == sealed.c.transaction_id, source.record == sealed.c.record
    )
    gone = (
        sa.select(sealed.c.transaction_id, sealed.c.record)
        .where(sealed.c.table_name == source.name, sealed.c.gone.is_(None), ~there)
        .order_by(sealed.c.transaction_id, sealed.c.record)
    )
    for number, record in source.place.stream(gone):
        words = f"{_called(source, record)} of transaction {number} was sealed and is gone."
        yield _finding(FindingKind.SEALED_REMOVED, source, record, number, words)


def _without_seal(place: Place, chain: sa.Table, newest: int) -> Iterator[Finding]:
    transaction = place.history.transaction
    statement = sa.select(transaction.c.id).where(
        transaction.c.id < newest,
        ~sa.exists().where(chain.c.transaction_id == transaction.c.id),
    )
    for (number,) in place.stream(statement.order_by(transaction.c.id)):
        words = f"transaction {number} has no seal, and transactions after it have."
        yield Finding(FindingKind.SEAL_MISSING, transaction.fullname, None, number, words)


def _chain(place: Place, chain: sa.Table, sealed: sa.Table, key: bytes | None) -> Iterator[Finding]:
    """Yield the seals that do not fit their parts, or the seal before them."""
    name, before, last = name_of_key(key), "", 0
    page = sa.select(chain).order_by(chain.c.transaction_id).limit(BATCH)
    while True:
        wanted = page.where(chain.c.transaction_id > last)
        rows = place.connection.execute(wanted, execution_options=OWN).all()
        if not rows:
            return
        found = dict(contents(place, sealed, rows[0].transaction_id, rows[-1].transaction_id))
        for row in rows:
            number = row.transaction_id
            if row.gone is None and found.get(number) != row.content:
                words = f"the seal of transaction {number} does not fit what it was made of."
                yield _broken(chain, number, words)
            if row.key_name != name:
                words = (
                    f"the seal of transaction {number} was made without a key."
                    if row.key_name is None
                    else f"the seal of transaction {number} was made with another key."
                )
                kind = FindingKind.SEAL_OF_ANOTHER_KEY
                yield Finding(kind, chain.fullname, None, number, words)
            elif link_of(before, number, row.content, key) != row.link:
                words = f"the seal of transaction {number} does not follow the one before it."
                yield _broken(chain, number, words)
            before, last = row.link, number


def _broken(chain: sa.Table, number: int, words: str) -> Finding:
    return Finding(FindingKind.SEAL_BROKEN, chain.fullname, None, number, words)


def _finding(kind: FindingKind, source: Source, record: str, number: int, words: str) -> Finding:
    return Finding(kind, source.name, (record,) if record else None, number, words)


def _called(source: Source, record: str) -> str:
    return f"the version of {record}" if record else "the row of the transaction"
