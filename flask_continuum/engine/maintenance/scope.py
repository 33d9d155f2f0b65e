"""What a maintenance job is about: the manager, and its tables by the database they are in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.registry import HistoryTables, Registry, VersionedTable, model_of
from flask_continuum.engine.typed import AnySelect

_ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The versioned tables of one metadata in one database, with the history they share.

    :ivar whole: whether these are all of them; transactions can be judged only then.
    """

    connection: sa.Connection
    registry: Registry
    history: HistoryTables
    tables: tuple[VersionedTable, ...]
    whole: bool

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        return self.connection.dialect.name

    def only(self, tables: Sequence[VersionedTable]) -> Place:
        """Return the place without the tables that are not among ``tables``."""
        return replace(
            self, tables=tuple(tables), whole=self.whole and len(tables) == len(self.tables)
        )

    def stream(self, statement: AnySelect) -> Iterator[Any]:
        """Yield the rows of a statement; never are more than some of them in memory.

        No listener of ours looks at it, and nothing is flushed or written because of it.
        """
        options: dict[str, Any] = dict(OWN)
        # PostgreSQL has cursors in transactions only
        if not self.connection._is_autocommit_isolation():
            options["yield_per"] = _ROWS_AT_A_TIME
        with self.connection.execute(statement, execution_options=options) as result:
            yield from result

    def count(self, rows: sa.FromClause) -> int:
        """Return how many rows there are."""
        statement = sa.select(sa.func.count()).select_from(rows)
        return self.connection.execute(statement, execution_options=OWN).scalar_one()

    def write(self, statement: sa.Update | sa.Delete) -> int:
        """Run a statement on history itself, past every listener; return how many rows it met."""
        return self.connection.execute(statement, execution_options=OWN).rowcount


def places(
    session: Session | scoped_session[Any],
    manager: VersioningManager,
    models: Iterable[Any] | None = None,
) -> tuple[Place, ...]:
    """Return the tables of a manager by the database that a session reads them in.

    :param models: the models whose tables, and link tables, are meant; all without it.
    :raises ClassNotVersioned: when one of them is not versioned.
    :raises HistoryWriteError: when the session holds changes whose versions are not written yet.
    """
    own: Session = session() if isinstance(session, scoped_session) else session
    registry = manager.registry
    binds = _binds(own, registry)
    wanted = set(registry.tables) if models is None else tables_of(registry, models)
    groups: dict[tuple[Any, sa.MetaData], list[VersionedTable]] = {}
    for live in sorted(wanted, key=lambda each: each.fullname):
        groups.setdefault((binds[live], live.metadata), []).append(registry.tables[live])
    found = []
    for (bind, metadata), tables in groups.items():
        connection = own.connection(bind_arguments={"bind": bind})
        if manager.unit_of_work(own).is_pending(connection):
            raise HistoryWriteError(
                "The session has written changes whose versions are written when it commits. "
                "Commit or roll back first: history is judged by what is committed."
            )
        history = registry.history[metadata]
        found.append(Place(connection, registry, history, tuple(tables), models is None))
    return tuple(found)


def _binds(session: Session, registry: Registry) -> dict[sa.Table, Any]:
    """Return the bind of each versioned table: that of the model it belongs to."""
    found: dict[sa.Table, Any] = {}
    entries = registry.classes()
    for entry in entries:
        bind = session.get_bind(entry.mapper)
        for table in entry.tables:
            found.setdefault(table.live, bind)
    for entry in entries:
        # a link goes where the relationship's owner goes
        for secondary in _secondaries(registry, entry.mapper):
            found.setdefault(secondary, found[entry.table.live])
    for live in registry.tables:
        if live not in found:
            found[live] = session.get_bind(clause=live)
    return found


def tables_of(registry: Registry, models: Iterable[Any]) -> set[sa.Table]:
    """Return the tables of models, and their link tables."""
    found: set[sa.Table] = set()
    registry.configure()
    for model in map(model_of, models):
        found |= {table.live for table in registry.tables_of(model)}
        found |= set(_secondaries(registry, sa.inspect(model)))
    return found


def _secondaries(registry: Registry, mapper: Any) -> Iterator[sa.Table]:
    for prop in mapper.relationships:
        if isinstance(prop.secondary, sa.Table) and prop.secondary in registry.tables:
            yield prop.secondary
