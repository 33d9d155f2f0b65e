"""Which versions may be pruned: those that nothing asks for which stays.

They are the first ones of a life, up to some point. What stays behind them is whole: every question
about a moment since then is answered as before, and no version stands for a time that was not its.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.maintenance.marked import EVERYTHING, Group, Span, named
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import RESTORING
from flask_continuum.engine.registry import VersionedTable


@dataclass(frozen=True, slots=True)
class Rule:
    """How much stays.

    :ivar cut: the last transaction whose time is not asked about any more: what another version
        had followed by then may go. ``None`` when time plays no part.
    :ivar keep: how many versions of each life stay in any case, 0 when their number plays no part.
    """

    cut: int | None
    keep: int

    @property
    def is_void(self) -> bool:
        """Whether nothing can go: there was no transaction yet at that time, and no number."""
        return self.cut is None and not self.keep


def groups(place: Place) -> Iterator[Group]:
    """Yield the tables of a place by their records, those of links last."""
    seen: set[VersionedTable] = set()
    for table in sorted(place.tables, key=lambda each: each.is_link):
        hierarchy = place.registry.joined.get(table)
        tables = [table] if hierarchy is None else hierarchy.tables
        if table not in seen:
            seen.update(tables)
            yield Group(tables[0], below=tuple(tables[1:]))


def prunable(
    place: Place, group: Group, rule: Rule, span: Span = EVERYTHING, *, alone: bool = True
) -> sa.Subquery:
    """Return the versions of a group that may go, named as :func:`named` does.

    :param alone: whether what links connect has been pruned before. If not, what would be left of
        it is found out in the same statement.
    """
    own = group.own
    if own.is_link:
        return _prunable_links(place, own, rule, span, alone=alone)
    c = _chains(place, own, span).c
    wanted: list[sa.ColumnElement[bool]] = [c.follows.is_not(None)]
    deletion_goes: sa.ColumnElement[bool] = c.after_next.is_not(None)
    if rule.cut is not None:
        wanted.append(c.follows <= rule.cut)
        deletion_goes = c.after_next <= rule.cut
    if rule.keep:
        wanted.append(c.rank > rule.keep)
        deletion_goes = sa.false()
    # the state that a deletion ended stays with it: what is deleted can be restored
    wanted.append(sa.or_(c.next != Operation.DELETE, deletion_goes))
    return sa.select(*(c[each.name] for each in named(own))).where(*wanted).subquery("prunable")


def _chains(place: Place, table: VersionedTable, span: Span) -> sa.Subquery:
    """Return versions with what follows them, and how many of their life do, themselves counted."""
    transaction = place.history.transaction
    began, operation = table.transaction_id, table.operation_type
    window: dict[str, Any] = {"partition_by": table.version_key, "order_by": began}
    goes_on = transaction.c.kind.in_(RESTORING)
    begins = sa.and_(operation == Operation.INSERT, sa.or_(transaction.c.kind.is_(None), ~goes_on))
    rows = (
        sa.select(
            *named(table),
            sa.func.lead(began, type_=began.type).over(**window).label("follows"),
            sa.func.lead(began, 2, type_=began.type).over(**window).label("after_next"),
            sa.func.lead(operation, type_=operation.type).over(**window).label("next"),
            sa.func.sum(sa.case((begins, 1), else_=0)).over(**window).label("life"),
        )
        .select_from(table.version.outerjoin(transaction, transaction.c.id == table.transaction_id))
        .where(*span.holds(table))
        .subquery()
    )
    keys = [rows.c[f"k{position}"] for position in range(len(table.key))]
    rank = sa.func.row_number().over(
        partition_by=[*keys, rows.c.life], order_by=rows.c.began.desc()
    )
    return sa.select(rows, rank.label("rank")).subquery("chains")


def _prunable_links(
    place: Place, table: VersionedTable, rule: Rule, span: Span, *, alone: bool
) -> sa.Subquery:
    """Return the versions of links that may go: those that were over in time, or for both sides.

    Of a link that is over, nothing has to stay. Where a number of versions is kept, so is each
    link that one of them has known.
    """
    began, operation = table.transaction_id, table.operation_type
    window: dict[str, Any] = {"partition_by": table.version_key, "order_by": began}
    rows = (
        sa.select(
            *named(table),
            operation.label("operation"),
            sa.func.lead(operation, type_=operation.type).over(**window).label("next"),
            sa.func.lead(began, type_=began.type).over(**window).label("follows"),
            sa.func.lead(began, 2, type_=began.type).over(**window).label("after_next"),
        )
        .where(*span.holds(table))
        .subquery("links")
    )
    c = rows.c
    # until when it says something: a deletion nothing but that it happened
    over = sa.case((c.operation == Operation.DELETE, c.began), else_=c.follows)
    wanted: list[sa.ColumnElement[bool]] = [over.is_not(None)]
    if rule.cut is not None:
        wanted.append(over <= rule.cut)
    if rule.keep:
        wanted += [~each for each in _known_to_sides(place, table, c, over, rule, alone=alone)]
    return sa.select(*(c[each.name] for each in named(table))).where(*wanted).subquery("prunable")


def _known_to_sides(
    place: Place, table: VersionedTable, c: Any, over: Any, rule: Rule, *, alone: bool
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions that a version of one side stays which is older than a link's end."""
    positions = {column: position for position, column in enumerate(table.key)}
    for constraint in table.live.foreign_key_constraints:
        pairs = [(each.parent, each.column) for each in constraint.elements]
        side = place.registry.tables.get(constraint.referred_table)
        if side is None or any(
            near not in positions or far.key not in side.version.c for near, far in pairs
        ):
            continue
        version = side.version.alias("side")
        at = version.c[side.transaction_id.key]
        older = [
            at < over,
            *(version.c[far.key] == c[f"k{positions[near]}"] for near, far in pairs),
        ]
        if not alone:
            hierarchy = place.registry.joined.get(side)
            root = side if hierarchy is None else hierarchy.root
            gone = prunable(place, Group(root), rule).alias("gone")
            older.append(
                ~sa.exists().where(
                    gone.c.began == at,
                    *(
                        gone.c[f"k{position}"] == version.c[part.key]
                        for position, part in enumerate(side.version_key)
                    ),
                )
            )
        yield sa.exists().select_from(version).where(*older)
