"""The unit of work that applications ask for: what one session's transaction does to history."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.capture.companions import connections_of, with_work
from flask_continuum.engine.capture.session import SessionUnit
from flask_continuum.engine.errors import HistoryWriteError, ImproperlyConfigured
from flask_continuum.engine.introspect import is_session_modified

STEPS = frozenset(
    {
        "process_before_flush",
        "process_after_flush",
        "transaction_args",
        "get_or_create_version_object",
        "process_operation",
        "create_version_objects",
        "create_association_versions",
        "update_version_validity",
        "version_validity_subquery",
        "assign_attributes",
    }
)
"""Steps of SQLAlchemy-Continuum's unit of work, of which a writer of sets has none."""

STATE = frozenset({"operations", "pending_statements", "version_session", "version_objs"})
"""What it keeps meanwhile."""


class UnitOfWork(SessionUnit):
    """The history side of one session's transaction.

    :param manager: the manager, which makes one whenever it is asked:
        ``manager.unit_of_work(session)``.
    """

    def __init__(self, manager: Any, session: Session | None = None) -> None:
        self.manager = manager
        self._listeners = manager.listeners
        super().__init__(session, self._listeners.current)  # type: ignore[arg-type]

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Refuse subclasses that change what there is no more.

        :raises ImproperlyConfigured: when one of the steps is overridden.
        """
        super().__init_subclass__(**arguments)
        for name in sorted(STEPS & cls.__dict__.keys()):
            raise ImproperlyConfigured(f"{cls.__name__} overrides {name}, {_NO_STEPS}")

    def __getattr__(self, name: str) -> Any:
        """Explain what SQLAlchemy-Continuum has under a name.

        :raises AttributeError: always.
        """
        if name in STEPS or name in STATE:
            raise AttributeError(f"The unit of work has no {name}, {_NO_STEPS}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # -- the transaction -----------------------------------------------------------------------

    def create_transaction(self, session: Session, model: type[Any] | None = None) -> Any:
        """Write the row of the present transaction now; return its Transaction object.

        Its id is final. The object belongs to the session: what is written into it is saved like
        that of any other. The row stays though nothing is changed, unless it is rolled back.

        :param model: a model whose database is meant, where the session has several. Without
            it, it is that of what was written or is going to be.
        :raises ImproperlyConfigured: when nothing is versioned.
        """
        return self._listeners.opened.asked.create(session, model)

    @property
    def current_transaction(self) -> Any | None:
        """The Transaction object of the present transaction, ``None`` while nothing is changed.

        It has no row before the commit, and what is set on it is written with it. To read its
        ``id`` is to ask for it, as with :meth:`create_transaction`.
        """
        opened = self._listeners.opened
        found = opened.asked.find(self.session)
        if found is None and (self.has_changes or is_session_modified(self.session)):
            return opened.open(self.session)
        return found

    # -- versions ------------------------------------------------------------------------------

    def make_versions(self, session: Session) -> None:
        """Write the versions of everything that was changed so far, so that they can be read.

        What is changed later is written at the commit; nothing is lost without this.
        """
        if not session._flushing:
            session.flush()
        self._listeners.write_drafts(session)

    def is_modified(self, session: Session) -> bool:
        """Tell whether a session holds changes of versioned objects that are not flushed."""
        return is_session_modified(session)

    @property
    def has_changes(self) -> bool:
        """Whether something was flushed whose versions are not written for good."""
        return any(True for _ in with_work(connections_of(self.session), self._current))

    def reset(self, session: Session | None = None) -> None:
        """Do nothing: a unit of work ends with its transaction.

        :raises HistoryWriteError: when there are changes, which would be left without versions.
        """
        if any(True for _ in with_work(connections_of(session or self.session), self._current)):
            raise HistoryWriteError(
                "The unit of work holds changes that are flushed and not committed, and a change "
                "is not let through without its version. Commit the session, or roll it back."
            )


_NO_STEPS = (
    "a step of SQLAlchemy-Continuum that there is not here: versions are made by the database, all "
    "of a transaction at once. A plugin's hooks see them (flask_continuum.plugins)."
)
