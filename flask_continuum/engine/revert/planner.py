"""Plans a revert or a restoration: a dry run that writes nothing, not even by autoflush."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import birth, is_record, moment, operation
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import connection_arguments, versioned
from flask_continuum.engine.read.moved import moved_to
from flask_continuum.engine.read.timeline import newest_change
from flask_continuum.engine.read.whereabouts import whereabouts
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.deletion import dependents
from flask_continuum.engine.revert.drafting import Draft, draft, gone_instant, load_live
from flask_continuum.engine.revert.fields import has_default
from flask_continuum.engine.revert.plan import Kind, Plan, make
from flask_continuum.engine.revert.related import Node, Paths, parse_paths
from flask_continuum.engine.revert.steps import Action, Impossible, Reason, RecordPlan
from flask_continuum.engine.revert.unique import with_taken
from flask_continuum.engine.revert.values import Given, check_fields


def plan_revert(
    session: Session,
    version: Any,
    *,
    relations: Iterable[str] | None = None,
    fields: Collection[str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Plan:
    """Plan to make a record what it was as of a version. Nothing is written, nothing flushed.

    A record that is gone is recreated (a plan of kind ``"restore"``). To go back to a deletion
    means to delete the record; when it is gone anyway, the deletion is what is taken back, and
    the plan restores what was there just before. A record whose key has changed since is changed
    where it is now, and keeps its key.

    :param relations: dotted paths of relationships to bring back too. By default the plan offers
        what it would take for all direct relationships, and for a record that comes back also
        what went with it; an empty list is for the record's own fields only. Along a path that
        is given, related records that are still there change, too.
    :param fields: the attributes to bring back; all by default.
    :param values: values to set in place of what history says, or where it says nothing: see
        :attr:`Plan.asks`. Those of a record that comes along have the id of its relation step in
        front (``"comments+3/text"``).
    :raises ReverterException: when a path names no relationship, or a field or a value no field.
    """
    entry = versioned(version)
    paths = None if relations is None else parse_paths(entry, relations)
    key, at = entry.key_of(version), moment(entry, version)
    wanted = check_fields(entry, fields)

    def again(session: Session) -> Plan:
        return _plan(session, entry, _reload(session, entry, key, at), paths, wanted, values, again)

    return _plan(session, entry, version, paths, wanted, values, again)


def _plan(
    session: Session,
    entry: VersionedClass,
    version: Any,
    paths: Paths | None,
    wanted: Collection[str] | None,
    values: Mapping[str, Any] | None,
    again: Any,
) -> Plan:
    given = Given(values)
    with session.no_autoflush:
        node, taken = _find(session, entry, version, paths)
        base = newest_change(session, entry, node.key)
        if _says_deleted(session, entry, version) and node.live is not None:
            record = _deletion(session, entry, version, node.live, base)
            given.check()
            return make("revert", (record,), version, again)
        if taken:
            _free_key(entry, node)
        work = Draft(session, gone_instant(entry, version), given)
        made, along = draft(work, [node], chosen=wanted, bases={node.key: base})
        given.check()
        made, along = with_taken(session, made, along)
    kind: Kind = "restore" if node.live is None else "revert"
    return make(kind, tuple(made), version, again, tuple(along))


def _find(
    session: Session, entry: VersionedClass, version: Any, paths: Paths | None
) -> tuple[Node, bool]:
    """Find the record of a version as it is now.

    :returns: the record, and whether another one has its key.
    """
    key = entry.key_of(version)
    live = load_live(session, entry, key)
    taken = live is not None and _is_another(session, entry, version, key)
    if live is not None and not taken:
        return Node(entry, version, live, paths), False
    present = whereabouts(session, entry, [version]).get(version)
    moved = None if present is None else load_live(session, entry, present)
    node = Node(entry, version, moved, paths)
    if moved is not None and node.key != key:
        shown = ", ".join(str(value) for value in node.key)
        node.impossible.append(
            Impossible(
                "", Reason.KEY_CHANGED, f"The record has the key {shown} since, and keeps it."
            )
        )
    return node, taken and moved is None


def _says_deleted(session: Session, entry: VersionedClass, version: Any) -> bool:
    """Tell whether a version is a deletion, and not the end of a key that the record gave up."""
    return operation(entry, version) == Operation.DELETE and moved_to(session, version) is None


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
