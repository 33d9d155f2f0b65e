"""The transactions in which a record changed, as one statement, with all filters in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    birth,
    differs,
    first_of,
    is_record,
    moment,
    nearest_before,
    next_birth,
    operation,
    out_of_reach,
    same_record,
    transaction_class_of,
)
from flask_continuum.engine.read.links import Link, links_of
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.tracked import changes_of_children, children_of
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.typed import AnySelect


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Made):
    """Which changes of a record are wanted.

    :ivar field: the attribute, or the many-to-many relationship, that changed.
    :ivar operation: what happened to the record.
    :ivar at: a transaction of the life that is wanted; the newest life when ``None``.
    :ivar every_life: all lives of the key together.
    :ivar tracked: relationships whose changes count: those to children, and many-to-many ones
        that belong to the other side.
    """

    field: str | None = None
    operation: Operation | None = None
    at: int | None = None
    every_life: bool = False
    tracked: tuple[str, ...] = ()

    @property
    def leaves_out(self) -> bool:
        """Whether there may be changes that are not wanted: many, before one that is."""
        made = (self.user_id, self.actor, self.kind, self.since, self.until)
        return any(each is not None for each in (self.field, self.operation, *made))


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the changes is wanted.

    :ivar above: only transactions with greater ids.
    :ivar below: only transactions with smaller ids.
    :ivar rising: oldest first.
    :ivar reach: how many versions are looked through for what is wanted; all when ``None``.
    """

    limit: int
    above: int | None = None
    below: int | None = None
    rising: bool = False
    reach: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a history that a page is taken from, from one transaction to another.

    Both are numbers or expressions.

    :ivar born: the first that counts: where the life begins, which may lie before ``above``.
    :ivar above: only greater ids are within reach; in the rising order only smaller ones than
        ``below``.
    :ivar below: only smaller ids, because another life begins there or nothing further is in reach.
    """

    born: Any = None
    above: Any = None
    below: Any = None

    def conditions(self, at: Any) -> Iterator[sa.ColumnElement[bool]]:
        """Yield what must hold of a transaction."""
        if self.born is not None:
            yield at >= first_of(self.born, self.above)
        elif self.above is not None:
            yield at > self.above
        if self.below is not None:
            yield at < self.below


def stretch(entry: VersionedClass, key: Sequence[Any], wanted: Filter, window: Window) -> Stretch:
    """Return the part of a history that a page is taken from, as expressions.

    Where nothing is left out of a page, that is as many versions as it has entries, so that nobody
    looks for the beginning of a long life to know that a page does not reach back to it. A page
    behind another one goes on with the life that the other one ends in.
    """
    reach = window.reach
    if reach is None and not wanted.leaves_out:
        reach = window.limit
    if window.rising:
        return _ahead(entry, key, wanted, window, reach)
    below: Any = window.below
    if below is None and wanted.at is not None:
        below = next_birth(entry, key, wanted.at)
    above = None if reach is None else out_of_reach(entry, key, reach, below=below)
    if wanted.every_life:
        return Stretch(above=above, below=below)
    until = wanted.at if window.below is None else window.below - 1
    return Stretch(birth(entry, key, until, above=above), above, below)


def _ahead(
    entry: VersionedClass, key: Sequence[Any], wanted: Filter, window: Window, reach: int | None
) -> Stretch:
    assert window.above is not None
    end = None
    if reach is not None:
        end = out_of_reach(entry, key, reach, above=window.above, rising=True)
    if wanted.every_life:
        return Stretch(above=window.above, below=end)
    following = next_birth(entry, key, window.above, below=end)
    if end is not None:
        following = sa.case((following < end, following), else_=end)
    return Stretch(above=window.above, below=following)


def moments(
    entry: VersionedClass,
    key: Sequence[Any],
    wanted: Filter,
    window: Window,
    part: Stretch,
    dialect: str,
) -> AnySelect:
    """Select ``(transaction id, id of the version before it, own)`` of a record's changes.

    ``own`` is 0 where only children changed. Changes of its own row, of the links that belong to
    it and of what is tracked count. Every branch is cut to the
    window before the branches meet, so the cost does not grow with the history.

    :param part: see :func:`stretch`.
    :param dialect: the database's name, which decides how values are compared.
    :raises ValueError: when there is no such field, or users are not recorded.
    """
    branches = []
    if wanted.field is None or wanted.field in entry.attributes:
        branches.append(_versions(entry, key, wanted, window, part, dialect))
    if wanted.operation is None or wanted.operation is Operation.UPDATE:
        branches += [
            _links(entry, link, key, wanted, window, part)
            for link in links_of(entry)
            if _is_named_by_key(entry, link)
            and (
                link.owned or link.relationship in wanted.tracked
                if wanted.field is None
                else link.relationship == wanted.field
            )
        ]
    of_children = _children(entry, key, wanted, window, part)
    if not branches and not of_children:
        raise ValueError(
            f"{entry.model.__name__} has no recorded field or link {wanted.field!r}; "
            f"it has {', '.join(entry.attributes)}."
        )
    parts = [
        sa.select(branch.subquery().c.at, sa.literal_column(str(own), sa.Integer).label("own"))
        for own, group in ((1, branches), (0, of_children))
        for branch in group
    ]
    every = sa.union_all(*parts).subquery()
    together = (
        sa.select(every.c.at, sa.func.max(every.c.own).label("own")).group_by(every.c.at).subquery()
    )
    order = together.c.at if window.rising else together.c.at.desc()
    before = aliased(entry.version_class)
    previous = (
        sa.select(moment(entry, before))
        .where(*is_record(entry, before, key), moment(entry, before) < together.c.at)
        .order_by(moment(entry, before).desc())
        .limit(1)
        .scalar_subquery()
        .label("previous")
    )
    return sa.select(together.c.at, previous, together.c.own).order_by(order).limit(window.limit)


def _children(
    entry: VersionedClass, key: Sequence[Any], wanted: Filter, window: Window, part: Stretch
) -> list[AnySelect]:
    names = [name for name in wanted.tracked if wanted.field in (None, name)]
    return [
        _cut(statement.group_by(at), at, entry, wanted, window, part)
        for child in children_of(entry, names)
        for statement, at in changes_of_children(entry, child, key, wanted.operation)
    ]


def _versions(
    entry: VersionedClass,
    key: Sequence[Any],
    wanted: Filter,
    window: Window,
    part: Stretch,
    dialect: str,
) -> AnySelect:
    version = aliased(entry.version_class)
    statement = _cut(
        sa.select(moment(entry, version).label("at")).where(*is_record(entry, version, key)),
        moment(entry, version),
        entry,
        wanted,
        window,
        part,
    )
    if wanted.operation is not None:
        statement = statement.where(operation(entry, version) == wanted.operation)
    if wanted.field is not None:
        statement = statement.where(_changed(entry, version, key, wanted, part, dialect))
    return statement


def _changed(
    entry: VersionedClass,
    version: Any,
    key: Sequence[Any],
    wanted: Filter,
    part: Stretch,
    dialect: str,
) -> sa.ColumnElement[bool]:
    """Select the versions whose field differs from the one before, or was set at the beginning."""
    assert wanted.field is not None
    before, nearest = aliased(entry.version_class), nearest_before(entry, version)
    now, then = getattr(version, wanted.field), getattr(before, wanted.field)
    born = birth(entry, key, wanted.at) if part.born is None else part.born
    has_before = moment(entry, version) > born
    first = sa.and_(
        now.is_not(None),
        sa.or_(moment(entry, version) <= born, nearest.is_(None)),
    )
    column = entry.attributes[wanted.field]
    later = sa.exists().where(
        *same_record(entry, before, version),
        moment(entry, before) == nearest,
        differs(now, then, column, dialect),
    )
    return sa.or_(first, sa.and_(has_before, later))


def _is_named_by_key(entry: VersionedClass, link: Link) -> bool:
    return all(key in entry.key_attributes for key, _ in link.near)


def _links(
    entry: VersionedClass,
    link: Link,
    key: Sequence[Any],
    wanted: Filter,
    window: Window,
    part: Stretch,
) -> AnySelect:
    table = link.table
    at = table.transaction_id
    values = dict(zip(entry.key_attributes, key, strict=True))
    statement = _cut(
        sa.select(at.label("at"))
        .where(
            *link.is_record([values[name] for name, _ in link.near]),
            table.operation_type != Operation.UPDATE,
        )
        .group_by(at),
        at,
        entry,
        wanted,
        window,
        part,
    )
    if wanted.operation is not None:
        # a link that came with a new version is part of that version's operation
        version = aliased(entry.version_class)
        statement = statement.where(
            ~sa.exists().where(*is_record(entry, version, key), moment(entry, version) == at)
        )
    return statement


def _cut(
    statement: AnySelect,
    at: Any,
    entry: VersionedClass,
    wanted: Filter,
    window: Window,
    part: Stretch,
) -> AnySelect:
    """Cut a branch to the life, the transactions and the window that are wanted."""
    statement = statement.where(*part.conditions(at))
    if window.above is not None and not window.rising:
        statement = statement.where(at > window.above)
    transaction = aliased(transaction_class_of(entry))
    made = tuple(wanted.conditions(transaction))
    if made:
        statement = statement.where(sa.exists().where(transaction.id == at, *made))
    return statement.order_by(at if window.rising else at.desc()).limit(window.limit)
