"""``repair``: mends what ``verify`` finds, stage by stage, until it finds nothing more.

Live rows are right, whatever history says: what differs from its open version is written as a
version of its own, in a transaction that says it happened outside the application.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.capture.writer import transaction_values
from flask_continuum.engine.dialects import dialect_for
from flask_continuum.engine.dialects.fragments import OWN, Key
from flask_continuum.engine.dialects.jobs import TableJob, WriteJob
from flask_continuum.engine.maintenance.findings import Finding, FindingKind, Report
from flask_continuum.engine.maintenance.mending import (
    EACH,
    OPERATIONS,
    mend_empty,
    mend_ends,
    mend_transactions,
)
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.transactions import REPAIR
from flask_continuum.engine.maintenance.verify import look_at, verify
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.keys import chunks
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.setup import manager_or_default

K = FindingKind

_ENDS = (
    K.CHAIN_BROKEN,
    K.VERSIONS_OVERLAP,
    K.END_BEFORE_BEGIN,
    K.SEVERAL_OPEN,
    K.NO_OPEN_VERSION,
    K.END_WITHOUT_SUCCESSOR,
)
_FOUND: Mapping[FindingKind, Operation] = MappingProxyType(
    {
        K.RECORD_WITHOUT_VERSION: Operation.INSERT,
        K.RECORD_AFTER_DELETION: Operation.INSERT,
        K.OPEN_VERSION_DIFFERS: Operation.UPDATE,
        K.VERSION_WITHOUT_RECORD: Operation.DELETE,
    }
)
"""What has happened outside the application, by how it is found."""

STAGES: tuple[tuple[FindingKind, ...], ...] = (
    (K.TABLE_MISSING,),
    (K.HISTORY_COLUMN_UNKNOWN, K.TRANSACTION_MISSING, K.UID_TWICE),
    (K.HIERARCHY_INCOMPLETE,),
    (K.OPERATION_UNKNOWN,),
    tuple(OPERATIONS),
    _ENDS,
    tuple(_FOUND),
    (K.MOVE_WITHOUT_VERSIONS, K.TRANSACTION_WITHOUT_VERSIONS),
)
"""What is mended before what: each stage can rely on those before it."""

Progress = Callable[[str, int], None]
"""Called after each stage of each place, with a kind of damage and how much of it is mended."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair has done.

    :ivar mended: how many findings of each kind were mended.
    :ivar report: what is left, as ``verify`` reports it; what no repair can mend.
    """

    mended: Mapping[FindingKind, int]
    report: Report

    def __str__(self) -> str:
        lines = [f"{kind.words}: {count} mended." for kind, count in self.mended.items()]
        return "\n".join([*lines, str(self.report)])


def repair(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    models: Iterable[Any] | None = None,
    chunk: int = 1000,
    limit: int = 100,
    progress: Progress | None = None,
) -> Repair:
    """Mend what ``verify`` finds; what the tables of the application hold stays as it is.

    A change that no history has seen becomes a version, in a transaction of the kind ``"repair"``
    whose context says between which instants it happened. Each chunk is committed: what is
    interrupted goes on where it was.

    :param session: reads, writes and commits.
    :param manager: whose history is meant; without it, that of ``make_versioned``.
    :param models: only the tables of these models and their link tables; all by default.
    :param chunk: how many findings at a time.
    :param limit: how many findings of each kind the report keeps that could not be mended.
    :param progress: called while it goes on.
    :returns: what was mended, and what is left.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    :raises ValueError: when a chunk would be empty.
    """
    if chunk < 1:
        raise ValueError(f"A chunk has at least one finding, not {chunk}.")
    own: Session = session() if isinstance(session, scoped_session) else session
    manager = manager_or_default(manager)
    chosen = None if models is None else list(models)
    mended: Counter[FindingKind] = Counter()
    for number in range(len(places(own, manager, chosen))):
        hopeless: set[Finding] = set()
        while found := _next(places(own, manager, chosen)[number], chunk, hopeless):
            _mend(own, manager, places(own, manager, chosen)[number], found)
            own.commit()
            hopeless = set(found)
            for kind, count in Counter(each.kind for each in found).items():
                mended[kind] += count
                if progress is not None:
                    progress(kind.value, mended[kind])
    report = verify(own, manager, models=chosen, limit=limit)
    own.rollback()
    for kind, count in report.counts.items():
        mended[kind] = max(0, mended[kind] - count)
    if any(mended.values()):
        own.expire_all()
    return Repair(MappingProxyType({k: n for k, n in mended.items() if n}), report)


def _next(place: Place, chunk: int, hopeless: set[Finding]) -> list[Finding]:
    """Return what is to be mended next: findings of the first stage that has any.

    :param hopeless: those of the last time; what is found again cannot be mended.
    """
    stages: list[list[Finding]] = [[] for _ in STAGES]
    at = {kind: number for number, kinds in enumerate(STAGES) for kind in kinds}
    for finding in look_at(place).findings():
        stage = stages[at[finding.kind]]
        if len(stage) < chunk and finding not in hopeless:
            stage.append(finding)
    return next((stage for stage in stages if stage), [])


def _mend(
    session: Session, manager: VersioningManager, place: Place, findings: Sequence[Finding]
) -> None:
    """Mend findings of one stage."""
    if findings[0].kind in _ENDS:
        names = {each.table for each in findings}
        for table in place.tables:
            if table.live.fullname in names:
                mend_ends(place, table)
    elif findings[0].kind in _FOUND:
        _write_found(place, manager, findings)
    else:
        mend_transactions(place, [each for each in findings if each.kind is K.TRANSACTION_MISSING])
        mend_empty(
            place, [each for each in findings if each.kind is K.TRANSACTION_WITHOUT_VERSIONS]
        )
        for finding in findings:
            if finding.kind in EACH:
                EACH[finding.kind](place, finding)
    if findings[0].kind is K.TABLE_MISSING:
        manager.completeness.forget(place.connection)


def _write_found(place: Place, manager: VersioningManager, findings: Sequence[Finding]) -> None:
    """Write what is found in live tables as versions, in a transaction of their own."""
    since = _issued(place, [each.transaction for each in findings if each.transaction is not None])
    between = {"since": None if since is None else since.isoformat()}
    between["until"] = utcnow().isoformat()
    said = Attribution(kind=REPAIR, uid=uuid.uuid4().hex, context={REPAIR: between})
    transaction = place.history.transaction
    values = transaction_values(transaction, said.filled_from(manager.attribution()))
    tables = tuple(_jobs(place, findings))
    job = WriteJob(transaction, values, transaction_id=None, tables=tables)
    dialect_for(place.connection).write(place.connection, job)


def _jobs(place: Place, findings: Sequence[Finding]) -> Iterator[TableJob]:
    """Yield what is to be written, by table; all tables of a hierarchy together."""
    told: dict[str, dict[Key, Operation]] = {}
    for each in findings:
        if each.key is not None:
            told.setdefault(each.table, {}).setdefault(each.key, _FOUND[each.kind])
    for table in place.tables:
        hierarchy = place.registry.joined.get(table)
        family = [table] if hierarchy is None else hierarchy.tables
        siblings = [each for each in family if each is not table]
        own = told.get(table.live.fullname, {})
        theirs: dict[Key, Operation] = {}
        for sibling in siblings:
            theirs |= told.get(sibling.live.fullname, {})
        if own or theirs:
            yield _job(table, own, [key for key in theirs if key not in own], siblings)


def _job(
    table: VersionedTable,
    own: Mapping[Key, Operation],
    perhaps: Sequence[Key],
    siblings: Sequence[VersionedTable],
) -> TableJob:
    return TableJob(
        table,
        live=[(key, what) for key, what in own.items() if what is not Operation.DELETE],
        gone=[key for key, what in own.items() if what is Operation.DELETE],
        remembered={},
        altered=frozenset(),
        perhaps=perhaps,
        siblings=siblings,
    )


def _issued(place: Place, ids: Sequence[int]) -> datetime | None:
    """Return when the first of some transactions was issued: since then nobody had looked."""
    transaction = place.history.transaction
    found: list[datetime] = []
    for chunk in chunks((each,) for each in ids):
        first = sa.select(sa.func.min(transaction.c.issued_at)).where(
            transaction.c.id.in_([number for (number,) in chunk])
        )
        issued = place.connection.execute(first, execution_options=OWN).scalar()
        if issued is not None:
            found.append(issued)
    return min(found, default=None)
