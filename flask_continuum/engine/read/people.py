"""Who changed something: users, and programs under the labels that they acted under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.counts import Author
from flask_continuum.engine.read.databases import databases
from flask_continuum.engine.read.feed import FeedFilter, conditions
from flask_continuum.engine.read.loading import transactions_by_id
from flask_continuum.engine.typed import AnySelect


def people(
    session: Session,
    manager: Any,
    *,
    limit: int = 100,
    among: int | None = None,
    models: Sequence[Any] | None = None,
) -> tuple[Author, ...]:
    """Return who made transactions, those first whose newest one is, with how many they made.

    Two statements for each database. Users are told apart by their key, programs by their label.

    :param among: count in the newest transactions only, this many.
    :param models: count those that touched one of these models only.
    """
    found: list[Author] = []
    wanted = FeedFilter(models=models)
    for database in databases(session, manager.registry):
        cls, entries = database.transaction_class, database.entries
        narrowed = conditions(wanted, cls, entries, database.dialect)
        statement = _counted(cls, tuple(narrowed), among).limit(limit)
        rows = session.execute(statement, bind_arguments=database.arguments).all()
        loaded = transactions_by_id(session, entries[0], (row.newest for row in rows))
        found += [Author(loaded[row.newest], row.number) for row in rows if row.newest in loaded]
    return _joined(found)[:limit]


def _counted(
    cls: Any, narrowed: tuple[sa.ColumnElement[bool], ...], among: int | None
) -> AnySelect:
    has_user = hasattr(cls, "user_id")
    read = [cls.id, cls.actor, *([cls.user_id] if has_user else [])]
    rows = sa.select(*read).where(*narrowed)
    if among is not None:
        rows = rows.order_by(cls.id.desc()).limit(among)
    each = rows.subquery()
    # a user may have been called otherwise before: the label tells programs apart only
    label = sa.case((each.c.user_id.is_(None), each.c.actor)) if has_user else each.c.actor
    newest = sa.func.max(each.c.id).label("newest")
    groups = [label, *([each.c.user_id] if has_user else [])]
    columns = [newest, sa.func.count().label("number")]
    return sa.select(*columns).group_by(*groups).order_by(newest.desc())


def _joined(found: list[Author]) -> tuple[Author, ...]:
    """Make one of those who are in several databases."""
    joined: dict[tuple[Any, Any], Author] = {}
    for each in found:
        user_id = getattr(each.transaction, "user_id", None)
        who = (user_id, None if user_id is not None else each.transaction.actor)
        before = joined.get(who)
        if before is None:
            joined[who] = each
            continue
        newest = max(before, each, key=_when).transaction
        joined[who] = Author(newest, before.count + each.count)
    return tuple(sorted(joined.values(), key=_when, reverse=True))


def _when(author: Author) -> tuple[Any, ...]:
    at = author.transaction.issued_at
    return (at is not None, at, author.transaction.id)
