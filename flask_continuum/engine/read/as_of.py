"""Models as they were at an instant, for any ``select()``."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, with_polymorphic

from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.read.conditions import registry_of, row_existed
from flask_continuum.engine.read.instants import instant
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.registry import registry_beside


def as_of(model: Any, when: Any) -> Any:
    """Return a model as it was, to be used in a ``select()`` like an aliased class.

    Its rows are version objects: the one of each record that was valid at the instant. With
    inheritance those of subclasses are among them, with all their columns. Needs no session: the
    instant is found inside the statement.

    Its relationships join as of the instant too: ``select(A).join(A.section)``, or
    ``.join(A.section.of_type(as_of(Section, when)))`` to go on from there. What a version object
    that was loaded tells of its relationships is as of its own transaction.

    :param model: a versioned model, or a link table: of that the rows are returned, as a subquery
        with the table's own columns.
    :param when: a Transaction object, its id, its uid, or a moment (UTC without a zone).
    :raises ClassNotVersioned: when there is no history of it.
    """
    if isinstance(model, sa.Table):
        return _rows(model, when)
    entry = versioned(model)
    at = instant(when, registry_of(entry).history_of(entry.table))
    mapper = sa.inspect(entry.version_class)
    many = len(list(mapper.self_and_descendants)) > 1
    source = sa.inspect(with_polymorphic(entry.version_class, "*")).selectable
    valid = sa.select(source, _in_place_of(entry.table.moment, at))
    valid = valid.where(*row_existed(entry.table, at))
    name = f"{entry.table.live.name}_then"
    then = valid.set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL).subquery()
    if not many:
        return aliased(entry.version_class, then, name=name)
    kind = mapper.polymorphic_on
    told = None if kind is None else then.corresponding_column(kind)
    return with_polymorphic(entry.version_class, "*", selectable=then, polymorphic_on=told)


def _in_place_of(moment: Any, at: sa.ColumnElement[int]) -> sa.Label[int]:
    """Return the instant as a column that relationships of the alias take for a version's moment.

    What stands for what in a subquery is told by a column's proxies. SQLAlchemy knows no other
    way to say that a column of it has the part of one that it was not made from.
    """
    there = at.label("moment")
    there._proxies = [*there._proxies, moment]
    return there


def _rows(table: sa.Table, when: Any) -> sa.Subquery:
    registry = registry_beside(table.metadata)
    found = None if registry is None else registry.tables.get(table)
    if registry is None or found is None:
        raise ClassNotVersioned(
            f"The table {table.name!r} has no history. A link table has one when a versioned model "
            f"has a many-to-many relationship over it."
        )
    at = instant(when, registry.history_of(found))
    columns = [version.label(live.key) for live, version in found.columns]
    return sa.select(*columns).where(*row_existed(found, at)).subquery(f"{table.name}_then")
