"""Each version against the ones before and after it, and the newest against the record's being."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.typed import AnySelect

_KNOWN = tuple(int(operation) for operation in Operation)


def verify_chains(place: Place, table: VersionedTable, *, complete: bool) -> Iterator[Finding]:
    """Yield what is wrong with the versions of a table, in one statement.

    :param complete: whether each record's first version has to be an insertion.
    """
    for row in place.stream(_suspects(table, complete=complete)):
        *key, began, ended, operation, before, follows, alive = row
        yield from (
            Finding(kind, table.live.fullname, tuple(key), began, words)
            for kind, words in _judge(
                began,
                ended,
                operation,
                before,
                follows,
                alive=bool(alive),
                complete=complete,
                bounded=table.end_transaction_id is not None,
            )
        )


def _suspects(table: VersionedTable, *, complete: bool) -> AnySelect:
    """Select the versions that something is wrong with, each with what it takes to say what."""
    version = table.version.alias("v")
    began = version.c[table.transaction_id.key]
    operation = version.c[table.operation_type.key]
    end = table.end_transaction_id
    key = [version.c[c.key] for c in table.version_key]
    window: dict[str, Any] = {"partition_by": key, "order_by": began}
    chain = sa.select(
        *(column.label(f"k{position}") for position, column in enumerate(key)),
        began.label("began"),
        (sa.null() if end is None else version.c[end.key]).label("ended"),
        operation.label("operation"),
        sa.func.lag(operation, type_=operation.type).over(**window).label("earlier"),
        sa.func.lead(began, type_=began.type).over(**window).label("follows"),
    ).subquery("c")
    c = chain.c
    keys = [c[f"k{position}"] for position in range(len(key))]
    live = table.live.alias("s")
    alive = (
        sa.exists()
        .select_from(live)
        .where(*(live.c[own.key] == part for own, part in zip(table.key, keys, strict=True)))
    )
    is_newest = c.follows.is_(None)
    wrong = [
        sa.and_(is_newest, c.operation != Operation.DELETE, ~alive),
        c.operation.not_in(_KNOWN),
        sa.and_(c.earlier == Operation.DELETE, c.operation != Operation.INSERT),
        sa.and_(c.earlier != Operation.DELETE, c.operation == Operation.INSERT),
    ]
    if end is not None:
        wrong.append(sa.and_(is_newest, c.ended.is_not(None)))
        wrong.append(sa.and_(~is_newest, sa.or_(c.ended.is_(None), c.ended != c.follows)))
    if complete:
        wrong.append(sa.and_(c.earlier.is_(None), c.operation != Operation.INSERT))
    return sa.select(
        *keys,
        c.began,
        c.ended,
        c.operation,
        c.earlier,
        c.follows,
        sa.case((sa.and_(is_newest, alive), 1), else_=0).label("alive"),
    ).where(sa.or_(*wrong))


def _judge(
    began: int,
    ended: int | None,
    operation: int,
    earlier: int | None,
    follows: int | None,
    *,
    alive: bool,
    complete: bool,
    bounded: bool,
) -> Iterator[tuple[FindingKind, str]]:
    """Yield every kind of damage that one version shows, each damage once."""
    this = f"the version of transaction {began}"
    if bounded:
        yield from _judge_end(this, began, ended, follows, alive=alive)
    if operation not in _KNOWN:
        yield FindingKind.OPERATION_UNKNOWN, f"{this} has the operation {operation}."
        return
    now = Operation(operation).name
    if earlier is None:
        if complete and operation != Operation.INSERT:
            yield (
                FindingKind.LIFE_WITHOUT_BEGINNING,
                f"{this} is the first one, and is {now} in place of INSERT.",
            )
    elif earlier == Operation.DELETE and operation != Operation.INSERT:
        yield (
            FindingKind.VERSION_AFTER_DELETION,
            f"{this} follows a deletion, and is {now} in place of INSERT.",
        )
    elif earlier in _KNOWN and earlier != Operation.DELETE and operation == Operation.INSERT:
        yield FindingKind.BEGUN_TWICE, f"{this} is INSERT, but the version before is no deletion."
    if follows is None and ended is None and operation != Operation.DELETE and not alive:
        yield (
            FindingKind.VERSION_WITHOUT_RECORD,
            f"{this} is the newest one and no deletion, but the record is not there.",
        )


def _judge_end(
    this: str, began: int, ended: int | None, follows: int | None, *, alive: bool
) -> Iterator[tuple[FindingKind, str]]:
    if follows is None:
        if ended is None:
            return
        found = f"{this} is the newest one, but ends in transaction {ended}"
        if alive:
            yield FindingKind.NO_OPEN_VERSION, f"{found}, so that the record has no open version."
        else:
            yield FindingKind.END_WITHOUT_SUCCESSOR, f"{found}, where no version begins."
    elif ended == follows:
        return
    elif ended is None:
        yield (
            FindingKind.SEVERAL_OPEN,
            f"{this} is open, although the next one begins in transaction {follows}.",
        )
    else:
        kind = FindingKind.CHAIN_BROKEN
        if ended <= began:
            kind = FindingKind.END_BEFORE_BEGIN
        elif ended > follows:
            kind = FindingKind.VERSIONS_OVERLAP
        yield (
            kind,
            f"{this} ends in transaction {ended}, but the next one begins in {follows}.",
        )
