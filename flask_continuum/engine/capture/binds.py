"""History is read beside its data, whatever a session was told of its databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import ORMExecuteState

from flask_continuum.engine.build.history import TransactionBase
from flask_continuum.engine.read.loading import connection_arguments, transaction_arguments
from flask_continuum.engine.version import VersionClassBase


def send_to_the_data(execution: ORMExecuteState) -> None:
    """Send a statement on version objects or transactions to the database of their model.

    ``sessionmaker(binds=…)`` names models, bases and tables of the application, of which the
    classes of history are none.
    """
    arguments: Any = execution.bind_arguments
    mapper = arguments.get("mapper")
    if mapper is None or arguments.get("bind") is not None:
        return
    read = mapper.class_
    if issubclass(read, TransactionBase):
        origin = execution.lazy_loaded_from
        if origin is None or not issubclass(origin.class_, VersionClassBase):
            arguments |= transaction_arguments(execution.session, read)
            return
        # the transaction of a version is beside that version
        read = origin.class_
    if issubclass(read, VersionClassBase):
        arguments |= connection_arguments(execution.session, read.__continuum__)
