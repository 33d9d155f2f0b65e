"""Lazy loads of versions: what one is asked for is loaded with that of its siblings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.orm import ORMExecuteState, RelationshipProperty, Session, selectinload

from flask_continuum.engine.read.conditions import (
    key_columns,
    moment,
    registry_of,
    transaction_class_of,
)
from flask_continuum.engine.read.keys import chunks, placed
from flask_continuum.engine.read.links import members
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.siblings import (
    Siblings,
    place_of,
    siblings_of,
    tell_transactions,
)
from flask_continuum.engine.registry import Registry, VersionedClass


@dataclass(frozen=True, slots=True, eq=False)
class LazyLoads:
    """Loads for all what one is asked for, for the versions of one manager.

    :ivar registry: what the manager versions; several may listen to one session.
    """

    registry: Registry

    def load_for_all(self, execution: ORMExecuteState) -> sa.Result[Any] | None:
        """Load what a version is lazily asked for with that of its siblings (``do_orm_execute``).

        The transaction comes for all when one is asked for it. Of other relationships, which may
        be long lists, that of the first is loaded alone, and the second that is asked asks for all.
        """
        if not execution.is_select:
            return None
        state = execution.lazy_loaded_from
        version = None if state is None else state.obj()
        siblings = None if version is None else siblings_of(version)
        if siblings is None or registry_of(versioned(version)) is not self.registry:
            return None
        return _load_for_all(execution, version, siblings)


def _load_for_all(
    execution: ORMExecuteState, version: Any, siblings: Siblings
) -> sa.Result[Any] | None:
    path = execution.loader_strategy_path
    asked = None if path is None else path[-1]
    if not isinstance(asked, RelationshipProperty):
        return None
    session, versions = execution.session, list(siblings.present(execution.session))
    if version not in versions:
        return None
    if asked.mapper.class_ is transaction_class_of(versioned(version)):
        found = tell_transactions(session, versions).get(place_of(version)[-1])
        return _result(asked.key, [] if found is None else [found])
    if asked.key not in siblings.found(session).asked:
        siblings.found(session).asked.add(asked.key)
        return None
    waiting = [each for each in versions if _waits_for(each, asked)]
    if len(waiting) < 2:
        return None
    _load(session, waiting, asked)
    return _result(asked.key, members(version.__dict__.get(asked.key)))


def _waits_for(version: Any, asked: RelationshipProperty[Any]) -> bool:
    state: Any = sa.inspect(version)
    return state.mapper.isa(asked.parent) and asked.key in state.unloaded


def _load(session: Session, versions: list[Any], asked: RelationshipProperty[Any]) -> None:
    """Load a relationship of some versions, in two statements."""
    entry: VersionedClass = asked.parent.class_.__continuum__
    version = asked.parent.class_
    columns = (*key_columns(entry, version), moment(entry, version))
    for chunk in chunks(place_of(each) for each in versions):
        statement = sa.select(version).where(placed(columns, chunk))
        session.scalars(statement.options(selectinload(asked.class_attribute))).all()


def _result(key: str, loaded: Iterable[Any]) -> sa.Result[Any]:
    return IteratorResult(SimpleResultMetaData([key]), ((each,) for each in loaded))
