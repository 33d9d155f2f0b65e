"""Activities: who did what to which object, in the words of the application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session, configure_mappers, object_session
from sqlalchemy.orm.attributes import set_committed_value

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import ImproperlyConfigured, VersioningError
from flask_continuum.engine.plugins.base import TablePlugin, Written
from flask_continuum.engine.plugins.beside import map_beside
from flask_continuum.engine.plugins.references import Models, Reference
from flask_continuum.engine.read import navigation
from flask_continuum.engine.read.conditions import moment
from flask_continuum.engine.read.keys import chunks
from flask_continuum.engine.registry import OF_RECORD, PERSONAL, entry_of

_OBJECT, _TARGET = Reference("object"), Reference("target")
_REFERENCES = (_OBJECT, _TARGET)


class ActivityBase:
    """Something that was done.

    :ivar verb: what.
    :ivar data: further facts that serialise as JSON.
    :ivar transaction: the Transaction that it was done in.
    :ivar object: what it was done to: any object, also one that is not saved yet.
    :ivar target: what that belongs to, or what it was done for.
    :ivar object_tx_id: the transaction with the version of the object at the time of the commit,
        which writes it; likewise ``target_tx_id``.
    """

    __models__: Models

    id: int
    verb: str | None
    data: Any
    transaction_id: int
    transaction: Any
    object_type: str | None
    object_id: Any
    object_tx_id: int | None
    target_type: str | None
    target_id: Any
    target_tx_id: int | None

    object = _OBJECT
    target = _TARGET

    @property
    def actor(self) -> Any | None:
        """The user who acted, as the transaction knows them."""
        return getattr(self.transaction, "user", None)

    @property
    def object_version(self) -> Any | None:
        """The version of the object then; before the commit, the newest."""
        return _version(self, _OBJECT)

    @property
    def target_version(self) -> Any | None:
        """The version of the target then; before the commit, the newest."""
        return _version(self, _TARGET)

    def calculate_object_tx_id(self) -> int | None:
        """Return the transaction of the object's newest version, what is flushed included."""
        return _newest(self, _OBJECT)

    def calculate_target_tx_id(self) -> int | None:
        """Return the transaction of the target's newest version, what is flushed included."""
        return _newest(self, _TARGET)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.verb!r} {self.object_type} {self.object_id}>"


class ActivityPlugin(TablePlugin):
    """Keeps what was done in the table ``activity``, as objects of :attr:`activity_cls`.

    An activity belongs to the transaction that it is added in; that transaction is asked for, so
    that it is there although nothing else has changed. Its object and target need not be flushed.

    :param key_type: the type of the columns that hold keys; text holds the keys of all.
    """

    table_name = "activity"
    known_as = "activity_cls"

    def __init__(self, key_type: Any = sa.BigInteger) -> None:
        super().__init__()
        self.key_type = key_type

    @property
    def activity_cls(self) -> type[Any]:
        """The class of activities; that of the first metadata where there are several.

        :raises ImproperlyConfigured: while nothing is versioned.
        """
        if self.model_class is None:
            configure_mappers()
        if self.model_class is not None:
            return self.model_class
        raise ImproperlyConfigured(
            "There is no class of activities yet: no class is versioned. Mark one with "
            "__versioned__ = {}, and give the plugin to what versions it."
        )

    # -- building ------------------------------------------------------------------------------

    def create_table(self, transaction: sa.Table) -> sa.Table:
        """Make the table, beside that of the transactions and without a foreign key to it."""
        self.check_name(transaction.metadata)
        number = transaction.c.id.type
        return sa.Table(
            self.table_name,
            transaction.metadata,
            sa.Column("id", number, primary_key=True, autoincrement=True),
            sa.Column("verb", sa.Unicode(255)),
            sa.Column("transaction_id", number, nullable=False, index=True),
            sa.Column("data", sa.JSON(none_as_null=True), info={PERSONAL: True}),
            sa.Column("object_type", sa.String(255)),
            sa.Column("object_id", self.key_type),
            sa.Column("object_tx_id", number),
            sa.Column("target_type", sa.String(255)),
            sa.Column("target_id", self.key_type),
            sa.Column("target_tx_id", number),
            info={OF_RECORD: (("object_type", "object_id"), ("target_type", "target_id"))},
        )

    def map_class(self, manager: Any, transaction_class: type[Any], table: sa.Table) -> type[Any]:
        """Map the class, and give the Transaction class ``activities``."""
        models = Models(manager, table.metadata, self.key_type)
        namespace = {"__module__": __name__, "__models__": models}
        made = type("Activity", (ActivityBase,), namespace)
        map_beside(
            made,
            table,
            transaction_class,
            "activities",
            # a transaction that was rolled back must not come again with an activity
            back="merge",
            order_by=table.c.id,
        )
        return made

    # -- a flush -------------------------------------------------------------------------------

    def is_session_modified(self, session: Session) -> bool:
        """Tell whether activities are to be written."""
        return any(True for _ in self._written(session))

    def before_flush(self, uow: Any, session: Session) -> None:
        """Give new activities their transaction, and the keys that are known."""
        written = list(self._written(session))
        for activity in written:
            for reference in _REFERENCES:
                thing = reference.given(activity)
                if thing is not None and sa.inspect(thing).transient:
                    session.add(thing)
                reference.resolve(activity)
            if activity in session.new:
                activity.transaction = uow.create_transaction(session, self._place(uow, activity))
                _bind(session, activity)
        session.info[self] = written

    def before_create_version_objects(self, uow: Any, session: Session) -> None:
        """Write the keys that the flush has given to objects."""
        rows: dict[type[Any], list[dict[str, Any]]] = defaultdict(list)
        for activity in session.info.pop(self, ()):
            # all of them, whether or not another one has its key already
            if any([reference.resolve(activity) for reference in _REFERENCES]):
                row = {"number": activity.id}
                for reference in _REFERENCES:
                    key = reference.key(activity)
                    row[f"its_{reference.name}"] = key
                    set_committed_value(activity, f"{reference.name}_id", key)
                rows[type(activity)].append(row)
            session.expire(activity, ["object_tx_id", "target_tx_id"])
        for cls, values in rows.items():
            table = cls.__table__
            connection = session.connection(bind_arguments={"mapper": sa.inspect(cls)})
            connection.execute(
                table.update()
                .where(table.c.id == sa.bindparam("number"))
                .values(object_id=sa.bindparam("its_object"), target_id=sa.bindparam("its_target")),
                values,
                execution_options=OWN,
            )

    def _written(self, session: Session) -> Iterator[Any]:
        for each in session.new:
            if type(each) in self._classes.values():
                yield each
        for each in session.dirty:
            if type(each) in self._classes.values() and any(
                reference.pending(each) is not None for reference in _REFERENCES
            ):
                yield each

    def _place(self, uow: Any, activity: Any) -> type[Any]:
        """Return a model whose database is that of the activity's object, or of its metadata."""
        models: Models = activity.__models__
        known: Any = [reference.model(activity) for reference in _REFERENCES]
        known += uow.manager.registry.options
        found: type[Any] = next(each for each in known if each and models.history_of(each))
        return found

    # -- the commit ----------------------------------------------------------------------------

    def complete(self, connection: sa.Connection, dialect: Dialect, written: Written) -> None:
        """Write which versions of their objects and targets are those of now."""
        table = written.history.further[self.table_name]
        if not written.asked:
            return  # an activity asks for its transaction
        query = sa.select(table).where(table.c.transaction_id == min(written.ids))
        activities = connection.execute(query, execution_options=OWN).mappings().all()
        if not activities:
            return
        models: Models = self._classes[table.metadata].__models__
        named: dict[str, dict[Any, None]] = defaultdict(dict)
        for row in activities:
            for reference in _REFERENCES:
                if row[f"{reference.name}_id"] is not None:
                    named[row[f"{reference.name}_type"]][row[f"{reference.name}_id"]] = None
        newest = {
            (name, key): number
            for name, keys in named.items()
            for key, number in _newest_of(connection, models, name, list(keys)).items()
        }
        connection.execute(
            table.update()
            .where(table.c.id == sa.bindparam("number"))
            .values(object_tx_id=sa.bindparam("object"), target_tx_id=sa.bindparam("target")),
            [
                {"number": row["id"]}
                | {
                    r.name: newest.get((row[f"{r.name}_type"], row[f"{r.name}_id"]))
                    for r in _REFERENCES
                }
                for row in activities
            ],
            execution_options=OWN,
        )


def _bind(session: Session, activity: Any) -> None:
    """Let a session save an activity beside its transaction.

    A session may be told its databases by the application's own classes only.
    """
    mapper = sa.inspect(type(activity))
    place = session.get_bind(sa.inspect(type(activity.transaction)))
    try:
        known = session.get_bind(mapper)
    except UnboundExecutionError:
        known = None
    if known is not place:
        session.bind_mapper(mapper, place)


def _newest_of(
    connection: sa.Connection, models: Models, name: str, keys: list[Any]
) -> Mapping[Any, int]:
    """Return the transaction of the newest version of some objects of a class, by kept key."""
    model = models.find(name)
    history = None if model is None else models.history_of(model)
    if model is None or history is None:
        return {}
    (column,), found = history.version_key, {}
    for chunk in chunks((models.loaded(model, key),) for key in keys):
        query = (
            sa.select(column, sa.func.max(history.transaction_id))
            .where(column.in_([key for (key,) in chunk]))
            .group_by(column)
        )
        for key, number in connection.execute(query, execution_options=OWN):
            found[models.kept(key, name)] = number
    return found


def _newest(activity: Any, reference: Reference) -> int | None:
    session = object_session(activity)
    if session is None:
        raise VersioningError(f"{activity!r} is not in a session. Add it to one first.")
    if not session._flushing:
        session.flush()
    found = _find(session, activity, reference, None)
    return None if found is None else moment(entry_of(found), found)


def _version(activity: Any, reference: Reference) -> Any | None:
    session = object_session(activity)
    if session is None:
        raise VersioningError(f"{activity!r} is not in a session. Load it in one.")
    name = f"{reference.name}_tx_id"
    if getattr(activity, name) is None and sa.inspect(activity).persistent:
        session.refresh(activity, [name])  # a commit may have written it meanwhile
    return _find(session, activity, reference, getattr(activity, name))


def _find(session: Session, activity: Any, reference: Reference, at: int | None) -> Any | None:
    """Return the version of what is named at a transaction, or the newest."""
    model, key = reference.model(activity), reference.key(activity)
    models: Models = activity.__models__
    if model is None or key is None or models.history_of(model) is None:
        return None
    entry, wanted = entry_of(model), models.loaded(model, key)
    if at is None:
        return navigation.newest(session, entry, (wanted,))
    names = dict(zip(entry.key_attributes, (wanted,), strict=True))
    return navigation.version_at(session, entry.version_class, names, at)
