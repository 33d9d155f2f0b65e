"""History is read beside its data, whatever a session was told of its databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import ORMExecuteState

from flask_continuum.engine.build.history import TransactionBase
from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.read.databases import (
    Database,
    databases_of_class,
    is_same,
    is_told,
    where_is,
)
from flask_continuum.engine.read.loading import connection_arguments, transaction_arguments
from flask_continuum.engine.version import VersionClassBase


def send_to_the_data(execution: ORMExecuteState) -> None:
    """Send a statement on version objects or transactions to the database of their model.

    ``sessionmaker(binds=…)`` names models, bases and tables of the application, of which the
    classes of history are none. Where it spreads the models of one metadata, objects are loaded
    with the identity token of their database: equal ids of its transactions mean nothing.
    """
    arguments: Any = execution.bind_arguments
    mapper = arguments.get("mapper")
    if mapper is None:
        return
    read = mapper.class_
    if issubclass(read, TransactionBase):
        if is_told(execution.session):
            _settle(execution, _of_transactions(execution, read))
        elif arguments.get("bind") is None:
            arguments |= transaction_arguments(execution.session, read)
    elif issubclass(read, VersionClassBase):
        if is_told(execution.session):
            _settle(execution, where_is(execution.session, read.__continuum__))
        elif arguments.get("bind") is None:
            arguments |= connection_arguments(execution.session, read.__continuum__)


def _settle(execution: ORMExecuteState, database: Database | None) -> None:
    if database is None:
        return
    arguments: Any = execution.bind_arguments
    if arguments.get("bind") is None:
        arguments["bind"] = database.bind
    if database.token is not None:
        execution.update_execution_options(identity_token=database.token)


def _of_transactions(execution: ORMExecuteState, read: type[Any]) -> Database | None:
    """Find the database that a statement on transactions is about."""
    found = databases_of_class(execution.session, read)
    if len(found) < 2:
        return next(iter(found), None)
    bind = (execution.bind_arguments or {}).get("bind")
    if bind is not None:
        return next((each for each in found if is_same(each.bind, bind)), None)
    # a statement that writes loads nothing
    origin = execution.lazy_loaded_from if execution.is_select else None
    if origin is not None and issubclass(origin.class_, VersionClassBase):
        # the transaction of a version is beside that version
        return where_is(execution.session, origin.class_.__continuum__)
    token = _token(execution)
    if token is None:
        raise VersioningError(
            f"The transactions of this session are in {len(found)} databases, and the statement "
            f"does not say which it is about: pass bind_arguments={{'bind': "
            f"session.get_bind(Model)}} with a model of that database, or ask for the "
            f"transactions of all of them by read.transactions()."
        )
    return next((each for each in found if each.token == token), None)


def _token(execution: ORMExecuteState) -> Any:
    """Return the identity token that an object to load or its owner has already."""
    own = execution.load_options._identity_token if execution.is_select else None
    return own or execution.execution_options.get("identity_token")
