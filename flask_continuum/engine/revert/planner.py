"""Plans a revert or a restoration: a dry run that writes nothing, not even by autoflush."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import birth, is_record, moment, operation
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import connection_arguments, versioned
from flask_continuum.engine.read.timeline import newest_change
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.deletion import dependents
from flask_continuum.engine.revert.drafting import draft, gone_instant, load_live
from flask_continuum.engine.revert.fields import has_default
from flask_continuum.engine.revert.plan import Kind, Plan, make
from flask_continuum.engine.revert.related import Node, Paths, parse_paths
from flask_continuum.engine.revert.steps import Action, Impossible, Reason, RecordPlan


def plan_revert(
    session: Session,
    version: Any,
    *,
    relations: Iterable[str] | None = None,
    fields: Collection[str] | None = None,
) -> Plan:
    """Plan to make a record what it was as of a version. Nothing is written, nothing flushed.

    A record that is gone is recreated (a plan of kind ``"restore"``). To go back to a deletion
    means to delete the record; when it is gone anyway, the deletion is what is taken back, and
    the plan restores what was there just before.

    :param relations: dotted paths of relationships to bring back too. By default the plan offers
        what it would take for all direct relationships, and for a record that comes back also
        what went with it; an empty list is for the record's own fields only. Along a path that
        is given, related records that are still there change, too.
    :param fields: the attributes to bring back; all by default.
    :raises ReverterException: when a path names no relationship.
    """
    entry = versioned(version)
    paths = None if relations is None else parse_paths(entry, relations)
    key, at = entry.key_of(version), moment(entry, version)
    wanted = None if fields is None else frozenset(fields)

    def again(session: Session) -> Plan:
        return _plan(session, entry, _reload(session, entry, key, at), paths, wanted, again)

    return _plan(session, entry, version, paths, wanted, again)


def _plan(
    session: Session,
    entry: VersionedClass,
    version: Any,
    paths: Paths | None,
    wanted: Collection[str] | None,
    again: Any,
) -> Plan:
    key = entry.key_of(version)
    with session.no_autoflush:
        live = load_live(session, entry, key)
        base = newest_change(session, entry, key)
        taken = live is not None and _is_another(session, entry, version, key)
        deletion = operation(entry, version) == Operation.DELETE
        if deletion and live is not None and not taken:
            record = _deletion(session, entry, version, live, base)
            return make("revert", (record,), version, again)
        node = Node(entry, version, None if taken else live, paths)
        if taken:
            _free_key(entry, node)
        made, along = draft(
            session, [node], gone_instant(entry, version), chosen=wanted, bases={key: base}
        )
    kind: Kind = "restore" if node.live is None else "revert"
    return make(kind, tuple(made), version, again, tuple(along))


def _reload(session: Session, entry: VersionedClass, key: Key, at: int) -> Any:
    """Load the version in the session that a plan is carried out in."""
    version = entry.version_class
    with session.no_autoflush:
        found = session.scalars(
            sa.select(version)
            .where(*is_record(entry, version, key), moment(entry, version) == at)
            .options(undefer("*"))
        ).one_or_none()
    if found is None:
        raise VersioningError(
            f"The version of {entry.model.__name__} {key} by transaction {at} is no longer in "
            f"the history, so there is nothing to go back to."
        )
    return found


def _is_another(session: Session, entry: VersionedClass, version: Any, key: Key) -> bool:
    """Tell whether the key belongs to another record by now, which began its life later."""
    statement = sa.select(birth(entry, key))
    began = session.scalars(statement, bind_arguments=connection_arguments(session, entry)).one()
    later: bool = began > moment(entry, version)
    return later


def _free_key(entry: VersionedClass, node: Node) -> None:
    """Give a record whose key is taken another one, where the database makes keys."""
    node.keeps_key = False
    shown = ", ".join(str(value) for value in entry.key_of(node.version))
    if len(entry.table.key) == 1:
        column = entry.table.key[0]
        if column.table.autoincrement_column is column or has_default(column):
            return
    node.impossible.append(
        Impossible(
            "",
            Reason.KEY_TAKEN,
            f"The key {shown} belongs to another record by now, and a new one cannot be made.",
            blocks=True,
        )
    )


def _deletion(
    session: Session, entry: VersionedClass, version: Any, live: Any, base: int | None
) -> RecordPlan:
    steps = dependents(session, entry.mapper, [live], leaving=set())
    return RecordPlan(
        model=entry.model,
        key=entry.key_of(version),
        version=version,
        action=Action.DELETE,
        fields=(),
        relations=tuple(steps.get(entry.key_of(version), ())),
        impossible=(),
        base=base,
    )
