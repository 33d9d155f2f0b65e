"""In which databases a session has the history of its models.

Mostly there is one. Each metadata may have its own, and ``sessionmaker(binds=…)`` may spread the
models of one metadata over several. A table of transactions is in each of them then, with ids of
its own: SQLAlchemy's identity tokens tell their objects apart in one session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.read.conditions import transaction_class_of
from flask_continuum.engine.read.families import families
from flask_continuum.engine.registry import Registry, VersionedClass


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """The models that share a Transaction class and a database, for one session.

    :ivar entries: the base models, in the order of definition.
    :ivar bind: where the session has them; ``None`` when it does not know.
    :ivar token: the identity token of version objects and transactions from here; ``None``
        where a Transaction class has one database only.
    """

    transaction_class: type[Any]
    entries: tuple[VersionedClass, ...]
    bind: Any
    token: str | None

    @property
    def dialect(self) -> str:
        """The name of the database's dialect."""
        name: str = self.bind.dialect.name
        return name

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes the session send a statement here."""
        return {"bind": self.bind}


def databases(session: Session, registry: Registry) -> tuple[Database, ...]:
    """Return where a session has the history of all models."""
    found: list[Database] = []
    for transaction_class, entries in families(registry).items():
        found += _databases(session, transaction_class, entries)
    return tuple(found)


def databases_of_class(session: Session, transaction_class: Any) -> tuple[Database, ...]:
    """Return where a session has the objects of one Transaction class."""
    registry: Registry = transaction_class.__versioning_registry__
    return _databases(session, transaction_class, families(registry).get(transaction_class, ()))


def database_of(session: Session, transaction: Any) -> Database:
    """Return where a Transaction object is from."""
    found = databases_of_class(session, type(transaction))
    return next((each for each in found if is_from(transaction, each)), found[0])


def is_from(transaction: Any, database: Database) -> bool:
    """Tell whether a Transaction object is from a database."""
    token: str | None = sa.inspect(transaction).identity_token
    return isinstance(transaction, database.transaction_class) and token == database.token


def token_of(session: Session, entry: VersionedClass) -> str | None:
    """Return the identity token of a model's version objects and their transactions."""
    return where_is(session, entry).token if is_told(session) else None


def where_is(session: Session, entry: VersionedClass) -> Database:
    """Return where a session has the history of a model."""
    found = databases_of_class(session, transaction_class_of(entry))
    if len(found) == 1:
        return found[0]
    bind = _bind(session, entry)
    return next(each for each in found if is_same(each.bind, bind))


def is_told(session: Any) -> bool:
    """Tell whether a session was told its databases by models, bases or tables.

    Nothing else is taken for a sign that data are spread: a ``get_bind()`` of the application may
    as well choose among copies of the same data.
    """
    own = session() if isinstance(session, scoped_session) else session
    # the attribute is public since SQLAlchemy 2.1
    return bool(getattr(own, "binds", None) or getattr(own, "_Session__binds", None))


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two binds lead to one database: connections of an engine do."""
    return one is other or getattr(one, "engine", one) is getattr(other, "engine", other)


def _databases(
    session: Session, transaction_class: type[Any], entries: tuple[VersionedClass, ...]
) -> tuple[Database, ...]:
    if not entries:
        return ()
    if not is_told(session):
        return (Database(transaction_class, entries, session.get_bind(entries[0].mapper), None),)
    spread: dict[Any, tuple[Any, list[VersionedClass]]] = {}
    for entry in entries:
        bind = _bind(session, entry)
        spread.setdefault(getattr(bind, "engine", bind), (bind, []))[1].append(entry)
    return tuple(
        Database(
            transaction_class,
            tuple(own),
            bind,
            own[0].table.live.fullname if len(spread) > 1 else None,
        )
        for bind, own in spread.values()
    )


def _bind(session: Session, entry: VersionedClass) -> Any:
    try:
        return session.get_bind(entry.mapper)
    except UnboundExecutionError:
        # its statements fail by themselves; those of other models need not
        return None
