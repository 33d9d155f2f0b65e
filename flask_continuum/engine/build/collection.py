"""``Model.versions``: a live object's history as a query, oldest first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Query, RelationshipProperty, foreign, relationship, remote
from sqlalchemy.orm.descriptor_props import ConcreteInheritedProperty

from flask_continuum.engine.registry import VersionedClass


class VersionsQuery(Query[Any]):
    """A query over one record's versions that also understands negative positions."""

    def __getitem__(self, item: Any) -> Any:
        """Return a version by position (``-1`` is the newest), or a list for a slice."""
        if isinstance(item, int) and item >= 0:
            return super().__getitem__(item)
        if isinstance(item, int) and not self._is_in_order():
            return list(self)[item]
        if isinstance(item, int):
            found = self._backwards(limit=-item)
            if len(found) < -item:
                raise IndexError(f"There are only {len(found)} versions.")
            return found[0]
        if any(isinstance(edge, int) and edge < 0 for edge in (item.start, item.stop, item.step)):
            return list(self)[item]
        return super().__getitem__(item)

    def _is_in_order(self) -> bool:
        """Tell whether this is all of a record's versions, or some by criteria, oldest first."""
        entity: Any = self.column_descriptions[0]["entity"]
        moment = entity.__continuum__.table.transaction_id
        order: Any = self._order_by_clauses
        limited = self._limit_clause is not None or self._offset_clause is not None
        return not limited and len(order) == 1 and bool(moment.compare(order[0]))

    def _backwards(self, *, limit: int) -> list[Any]:
        """Return the newest versions, oldest of them first."""
        entity: Any = self.column_descriptions[0]["entity"]
        entry = entity.__continuum__
        order = getattr(entity, entry.options.transaction_column_name).desc()
        return list(reversed(self.order_by(None).order_by(order).limit(limit).all()))


def add_versions(entry: VersionedClass) -> None:
    """Give the model its ``versions``: dynamic, view-only, ordered by transaction."""
    there = entry.mapper._props.get("versions")
    if there is None and "versions" in entry.model.__dict__:
        return  # the application's own
    if there is not None and not isinstance(there, ConcreteInheritedProperty):
        return
    live = [entry.mapper.get_property(name).columns[0] for name in entry.key_attributes]
    table = next(t for t in entry.tables if t.live is live[0].table)
    joined = [column == remote(foreign(table.version.c[column.key])) for column in live]
    entry.mapper.add_property(
        "versions",
        relationship(
            entry.version_class,
            primaryjoin=sa.and_(*joined),
            order_by=table.transaction_id,
            lazy="dynamic",
            query_class=VersionsQuery,
            viewonly=True,
            uselist=True,
        ),
    )


def remove_versions(entry: VersionedClass) -> None:
    """Take ``versions`` from the model again, so that it can be given anew."""
    ours = entry.mapper._props.get("versions")
    if not isinstance(ours, RelationshipProperty) or ours.argument is not entry.version_class:
        return
    for mapper in entry.mapper.self_and_descendants:
        mapper._props.pop("versions", None)
        mapper._expire_memoizations()
    # declarative refuses to delete an attribute that looks mapped
    type.__setattr__(entry.model, "versions", None)
    manager: Any = entry.mapper.class_manager
    manager.uninstrument_attribute("versions")


class _QueryLike:
    """``Transaction.query``, as the models beside it have it, whoever gave it to them."""

    def __init__(self, model: type[Any]) -> None:
        self._model = model

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        example = self._model.query
        return type(example)(owner, example.session)


def add_query(cls: type[Any], model: type[Any]) -> None:
    """Give a class a ``query`` if ``model`` has one (Flask-SQLAlchemy, ``query_property()``)."""
    if any("query" in each.__dict__ for each in model.__mro__):
        cls.query = _QueryLike(model)
