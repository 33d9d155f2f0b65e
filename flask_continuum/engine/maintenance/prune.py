"""``prune``: deletes old versions for good, in chunks, and says of each record what is gone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.capture.writer import transaction_values
from flask_continuum.engine.dialects import dialect_for
from flask_continuum.engine.dialects.fragments import OWN, Key
from flask_continuum.engine.dialects.jobs import WriteJob
from flask_continuum.engine.maintenance.beginnings import begin_anew, tell_transactions
from flask_continuum.engine.maintenance.emptied import delete_emptied, delete_vacuumed, forget_names
from flask_continuum.engine.maintenance.marked import Group, Span, delete_marked, mark
from flask_continuum.engine.maintenance.prunable import Rule, groups, prunable
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.sealing.letting_go import release
from flask_continuum.engine.maintenance.transactions import PRUNE
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read.instants import instant, naive_utc
from flask_continuum.engine.setup import manager_or_default

Progress = Callable[[str, int], None]
"""Called after each chunk with the live table's name and how many versions have been deleted."""

_TOLD = "prune"
"""The key of a transaction's context that says what was pruned in it."""


def prune(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    models: Iterable[Any] | None = None,
    older_than: datetime | timedelta | None = None,
    keep: int = 0,
    chunk: int = 1000,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Delete old versions for good; where both are given, those that are old by time and number.

    What was so since ``older_than`` stays known: the version that a record had then is the oldest
    one that is left of it. The newest version stays in any case, and so does the one before a
    deletion. Each chunk is a transaction of its own and is committed: what is interrupted goes on
    where it was. Others may go on writing.

    :param session: reads, writes and commits.
    :param manager: whose history is meant; without it, that of ``make_versioned``.
    :param models: only the tables of these models and their link tables; all by default. Records
        that share their tables are meant too.
    :param older_than: an instant (UTC when it has no zone), or how long ago it was.
    :param keep: how many versions of each life of a record stay.
    :param chunk: how many records at a time.
    :param dry_run: only count the versions.
    :param progress: called after each chunk.
    :returns: by live table, how many versions were, or would be, deleted; those of a hierarchy
        count once, under its root table.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    :raises ValueError: when neither a time nor a number is given, or a chunk would be empty.
    """
    if older_than is None and keep < 1:
        raise ValueError(
            "Say what may go: older_than an age or an instant, keep a number, or both."
        )
    if keep < 0 or chunk < 1:
        raise ValueError(f"There is no keeping {keep} versions, {chunk} records at a time.")
    own: Session = session() if isinstance(session, scoped_session) else session
    manager = manager_or_default(manager)
    chosen = None if models is None else list(models)
    then = utcnow() - older_than if isinstance(older_than, timedelta) else older_than
    counts: dict[str, int] = {}
    for number, place in enumerate(places(own, manager, chosen)):
        rule = _rule(place, then, keep)
        found = {
            group: 0 if rule.is_void else place.count(prunable(place, group, rule, alone=False))
            for group in groups(place)
        }
        counts |= {group.own.live.fullname: count for group, count in found.items()}
        if dry_run:
            continue
        run = _Run(own, manager, chosen, number, rule, then, chunk)
        for group in found:
            if found[group]:
                counts[group.own.live.fullname] = run.prune(group, progress)
        run.finish()
    if any(counts.values()) and not dry_run:
        own.expire_all()
    return counts


def _rule(place: Place, then: datetime | None, keep: int) -> Rule:
    if then is None:
        return Rule(None, keep)
    asked = sa.select(instant(naive_utc(then), place.history))
    # before the first transaction nothing is old
    return Rule(place.connection.execute(asked, execution_options=OWN).scalar() or 0, keep)


@dataclass(slots=True)
class _Run:
    """One pruning of the tables of a place, which finds it anew after each commit.

    It is a transaction of the kind ``"prune"``, that goes on where another was interrupted.

    :ivar number: which of the places it is.
    :ivar then: the instant that the rule was made from.
    :ivar at: the transaction, once it is there.
    :ivar context: what its row says.
    """

    session: Session
    manager: VersioningManager
    models: list[Any] | None
    number: int
    rule: Rule
    then: datetime | None
    chunk: int
    at: int | None = None
    context: dict[str, Any] = field(default_factory=dict)

    def prune(self, group: Group, progress: Progress | None) -> int:
        """Delete what may go of a group's versions, chunk by chunk; return how many."""
        name = group.own.live.fullname
        total = 0
        last: Key | None = None
        while True:
            found, last = self._prune_chunk(self._place(), group, last)
            self.session.commit()
            if last is None:
                return total
            total += found
            if found and progress is not None:
                progress(name, total)

    def finish(self) -> None:
        """Tidy up what ``vacuum`` has left, and say that nothing is under way any more."""
        if not self.rule.is_void:
            delete_vacuumed(self._whole(), self.rule.cut)
        place = self._place()
        if self._find(place):
            self._begin(place)
            self._tell(place, running=False)
        self.session.commit()

    def _place(self) -> Place:
        return places(self.session, self.manager, self.models)[self.number]

    def _whole(self) -> Place:
        """Return the place with all its tables, in which transactions may have versions."""
        here = self._place()
        (found,) = (
            each
            for each in places(self.session, self.manager)
            if each.connection is here.connection and each.history is here.history
        )
        return found

    def _prune_chunk(self, place: Place, group: Group, last: Key | None) -> tuple[int, Key | None]:
        """Prune some records in the order of their keys; return how much, and the last key."""
        own = group.own
        # the first write: on SQLite it waits for other writers, so that what is read then stays
        self._begin(place)
        statement = (
            sa.select(*own.version_key)
            .where(*Span(after=last).holds(own))
            .distinct()
            .order_by(*own.version_key)
            .limit(self.chunk)
        )
        keys = place.connection.execute(statement, execution_options=OWN).all()
        if not keys:
            return 0, None
        upto = tuple(keys[-1])
        span = Span(last, upto)
        found = mark(place, group, prunable(place, group, self.rule, span), span)
        if found:
            begin_anew(place, group, span)
            if not own.is_link:
                tell_transactions(place, own, span)
            forget_names(place, own, span)
            delete_emptied(self._whole(), own, span)
            delete_marked(place, group, span)
            versions = self.context[_TOLD]["versions"]
            versions[own.live.fullname] = versions.get(own.live.fullname, 0) + found
            self._tell(place, running=True)
        return found, upto

    # -- the transaction that says so --------------------------------------------------------------

    def _begin(self, place: Place) -> None:
        """Lock the row of this run; it is inserted when there is none yet."""
        transaction = place.history.transaction
        if self.at is None and not self._find(place):
            told: dict[str, Any] = {
                "before": None if self.then is None else naive_utc(self.then).isoformat(),
                "keep": self.rule.keep,
                "versions": {},
            }
            said = Attribution(
                kind=PRUNE, uid=uuid.uuid4().hex, context={_TOLD: {**told, "running": True}}
            ).filled_from(self.manager.attribution())
            values = transaction_values(transaction, said)
            job = WriteJob(transaction, values, transaction_id=None, tables=())
            self.at = dialect_for(place.connection).insert_transaction(place.connection, job)
            self.context = {**said.context, _TOLD: told}
        else:
            self._write(place, running=True)

    def _find(self, place: Place) -> bool:
        """Tell whether there is a run that did not come to its end: this is the same one then."""
        if self.at is not None:
            return True
        transaction = place.history.transaction
        newest = (
            sa.select(transaction.c.id, transaction.c.context)
            .where(transaction.c.kind == PRUNE)
            .order_by(transaction.c.id.desc())
            .limit(1)
        )
        row = place.connection.execute(newest, execution_options=OWN).first()
        if row is None or not (row.context or {}).get(_TOLD, {}).get("running"):
            return False
        self.at, self.context = row.id, dict(row.context)
        return True

    def _tell(self, place: Place, *, running: bool) -> None:
        """Write into the row what has been deleted so far; it may be sealed between two chunks."""
        transaction = place.history.transaction
        mine = transaction.c.id == self.at
        release(place, transaction, mine, [transaction.c.context.name], replaced=True)
        self._write(place, running=running)

    def _write(self, place: Place, *, running: bool) -> None:
        transaction = place.history.transaction
        told = {name: each for name, each in self.context[_TOLD].items() if name != "running"}
        self.context = {**self.context, _TOLD: told}
        written = {**told, "running": True} if running else told
        place.write(
            sa.update(transaction)
            .values(context={**self.context, _TOLD: written})
            .where(transaction.c.id == self.at)
        )
