"""The Flask extension: wires the engine, the pages and the helpers to an application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session

from flask_continuum import actor as acting
from flask_continuum.access_log import keep_log
from flask_continuum.cli import create_group
from flask_continuum.engine.attribution import NOBODY, Attribution
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.plugins.base import Plugin, PluginCollection
from flask_continuum.languages import open_languages
from flask_continuum.managers import Build, attach, join_or_create
from flask_continuum.policy import DefaultPolicy, Policy
from flask_continuum.settings import Settings, read_settings
from flask_continuum.state import EXTENSION, State, find_state
from flask_continuum.templating import add_helpers

KIND_LIMIT = 20


class Continuum:
    """Keeps the history of an application's models.

    Give it the application and its database at once, or create it first and call
    :meth:`init_app` in the application's factory. Models may be defined before or after.

    :param app: the application.
    :param db: the Flask-SQLAlchemy object whose models are versioned; the application's own when
        left out.
    :param user_cls: the class of users, or its name, that transactions name their user by;
        ``None`` when they name none.
    :param options: options that hold for all models of ``db``, such as ``table_name``.
    :param plugins: see :mod:`flask_continuum.plugins`; what Continuum knows of who acts stays.
    :param policy: decides who may see and do what: a :class:`~flask_continuum.policy.Policy`, or
        a class of one. The default allows those for whom ``CONTINUUM_ADMIN_USER`` says so.
    :param actor: called to learn who acts, in place of flask-login: returns a user, a label, an
        :class:`~flask_continuum.actor.Actor`, or ``None``. It is also asked while a flush runs,
        so it must not use the database.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: SQLAlchemy | None = None,
        *,
        user_cls: type[Any] | str | None = "User",
        options: Mapping[str, Any] | None = None,
        plugins: Iterable[Plugin] | None = None,
        policy: Policy | type[Policy] | None = None,
        actor: Callable[[], Any] | None = None,
    ) -> None:
        self.db = db
        self._user_cls = user_cls
        self._options = MappingProxyType(dict(options or {}))
        self._plugins = PluginCollection(plugins)
        self._policy = policy
        self._actor = actor
        self._managers: set[VersioningManager] = set()
        if db is not None:
            self._attach(db)
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: SQLAlchemy | None = None) -> None:
        """Keep history in an application; its configuration is read now.

        :param app: the application; the database must have been initialised on it.
        :param db: the database, when it was not given before and is not the application's own.
        :raises ImproperlyConfigured: when history is kept in the application already, when it has
            no database, or when its configuration does not fit.
        """
        if EXTENSION in app.extensions:
            raise ImproperlyConfigured(
                f"The application {app.name!r} keeps history already: Continuum was initialised on "
                f"it before. Pass app to Continuum or call init_app, not both, and once."
            )
        db = _database_of(app, db or self.db)
        settings = read_settings(app.config)
        manager = self._attach(db)
        with app.app_context():
            if settings.read_bind is not None and settings.read_bind not in db.engines:
                raise ImproperlyConfigured(
                    f"CONTINUUM_READ_BIND is {settings.read_bind!r}, which is no key in "
                    f"SQLALCHEMY_BINDS: give it the address of the replica."
                )
            for engine in db.engines.values():
                manager.track_engine(engine)
        manager.write = settings.write  # of applications that share a database the last one wins
        state = State(
            continuum=self,
            manager=manager,
            db=db,
            settings=settings,
            policy=self._policy_for(settings),
            languages=open_languages(app, settings.translations),
            current_user=lambda: acting.current_user(self._actor),
            actor=self._actor,
        )
        app.extensions[EXTENSION] = state
        if settings.access_log:
            keep_log(app, db.metadata)
        if settings.admin:
            from flask_continuum.admin import create_blueprint

            app.register_blueprint(create_blueprint(settings), url_prefix=settings.url_prefix)
        else:
            app.register_blueprint(_templates_of_helpers())
        add_helpers(app)
        app.cli.add_command(create_group())

    @property
    def manager(self) -> VersioningManager:
        """The manager of the database, which reading and maintenance ask for.

        :raises ImproperlyConfigured: when no database was given yet; outside an application also
            when there are several.
        """
        state = find_state()
        if state is not None and state.manager in self._managers:
            return state.manager
        if len(self._managers) == 1:
            (manager,) = self._managers
            return manager
        raise ImproperlyConfigured(
            "This Continuum has no database yet. Give it one (Continuum(db=db) or init_app)."
            if not self._managers
            else "This Continuum keeps the history of several databases. Ask inside an "
            "application's context, where one of them is meant."
        )

    def acting_as(self, who: Any) -> AbstractContextManager[None]:
        """Say who acts in the block, for commands, background jobs and scripts.

        What is pending at the end of the block is flushed, so that it is attributed too. Blocks
        nest, the innermost wins, and each thread and asynchronous task has its own. The result
        also decorates a function.

        :param who: a user, or a label such as ``"nightly import"``; ``None`` for nobody.
        """
        return self._say(NOBODY, who)

    def transaction(
        self,
        *,
        reason: str | None = None,
        actor: Any = acting.UNSAID,
        kind: str | None = None,
        meta: Mapping[str, Any] | None = None,
        issued_at: datetime | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> AbstractContextManager[None]:
        """Say why and by whom the writes in the block are made; the commit is the caller's.

        What is pending at the end of the block is flushed, so that it is attributed too. Blocks
        nest: what an inner one leaves open is taken from the outer one. One transaction of the
        database is one of the history: of what several blocks say about it, the first stays.

        :param reason: why, in words for people.
        :param actor: who, as in :meth:`acting_as`.
        :param kind: what makes the change when it is no plain edit, such as ``"import"``.
        :param meta: facts of the application about this change, kept in the context as ``meta``.
        :param issued_at: the instant it happened, for imports; taken as UTC when it has no zone.
        :param context: circumstances to keep beside the request's id and endpoint.
        :raises ValueError: when ``kind`` is longer than 20 characters.
        :raises TypeError: when ``meta`` or ``context`` cannot be kept as JSON.
        """
        if kind is not None and len(kind) > KIND_LIMIT:
            raise ValueError(f"A kind has at most {KIND_LIMIT} characters, {kind!r} has more.")
        facts = dict(_json_facts("context", context))
        if meta is not None:
            facts["meta"] = dict(_json_facts("meta", meta))
        said = Attribution(
            reason=(reason or "").strip() or None,
            kind=kind,
            issued_at=_naive_utc(issued_at),
            context=MappingProxyType(facts),
        )
        return self._say(said, actor)

    @contextmanager
    def _say(self, said: Attribution, who: Any) -> Iterator[None]:
        with acting.saying(self._managers, said, who):
            yield
            self._attribute()

    def _attribute(self) -> None:
        """Flush what is pending, and attribute what was flushed before the block began."""
        state = find_state()
        if state is None or state.manager not in self._managers:
            return
        session: Any = state.db.session
        if isinstance(session, scoped_session):
            if not session.registry.has():
                return
            session = session()
        if not session._flushing:
            session.flush()
        state.manager.unit_of_work(session).fill(_attribution(state.manager))

    def _attach(self, db: SQLAlchemy) -> VersioningManager:
        """Version the models of ``db``, with the manager it has or a new one."""
        manager = join_or_create(
            db, Build(self._user_cls, self._options, self._plugins), _attribution
        )
        attach(manager, db, _SESSION_LISTENERS)
        self._managers.add(manager)
        return manager

    def _policy_for(self, settings: Settings) -> Policy:
        policy = self._policy
        if policy is None:
            return DefaultPolicy(settings.admin_user)
        if isinstance(policy, Policy):
            return policy
        if isinstance(policy, type) and issubclass(policy, DefaultPolicy):
            return policy(settings.admin_user)
        if isinstance(policy, type) and issubclass(policy, Policy):
            return policy()
        raise ImproperlyConfigured(
            f"The policy given to Continuum is {policy!r}. Give it a subclass of Policy or "
            f"DefaultPolicy, or an instance of one."
        )


# --- what a database and an application give --------------------------------------------------


def _attribution(manager: VersioningManager) -> Attribution:
    """Who acts and why, asked by the engine when a transaction first writes something."""
    state = find_state()
    source = state.actor if state is not None and state.manager is manager else None
    return acting.attribution_of(manager, source)


def _database_of(app: Flask, db: SQLAlchemy | None) -> SQLAlchemy:
    db = db if db is not None else app.extensions.get("sqlalchemy")
    if db is None:
        raise ImproperlyConfigured(
            f"The application {app.name!r} has no database. Call db.init_app(app) before "
            f"continuum.init_app(app), or give Continuum the SQLAlchemy object: "
            f"Continuum(app, db)."
        )
    if app.extensions.get("sqlalchemy") is not db:
        raise ImproperlyConfigured(
            f"The database given to Continuum is not initialised on the application {app.name!r}. "
            f"Call db.init_app(app) before continuum.init_app(app)."
        )
    if not isinstance(db, SQLAlchemy):
        raise ImproperlyConfigured(
            f"History is kept for Flask-SQLAlchemy, and the database of {app.name!r} is "
            f"{type(db).__name__}. For plain SQLAlchemy use make_versioned()."
        )
    return db


def _templates_of_helpers() -> Blueprint:
    """A blueprint without pages, by which the helpers find their templates."""
    from flask_continuum.admin.folders import find_folders

    return Blueprint("continuum_helpers", __name__, template_folder=str(find_folders().templates))


# --- the acting user is loaded before a flush runs, and remembered before a commit expires them --


def before_flush(session: Session, context: Any, instances: Any) -> None:
    """Load the user of the request when versioned records are about to be written.

    In the flush itself no SQL may be sent for them.
    """
    if acting.is_loadable() and any(
        getattr(type(each), "__versioned__", None) is not None
        for group in (session.new, session.dirty, session.deleted)
        for each in group
    ):
        _load_actor()


def do_orm_execute(execution: ORMExecuteState) -> None:
    """Load the user of the request when a statement is about to write versioned records."""
    if not (execution.is_insert or execution.is_update or execution.is_delete):
        return
    if not acting.is_loadable():
        return
    state = find_state()
    table = getattr(execution.statement, "table", None)
    if state is not None and table in state.manager.registry.tables:
        _load_actor()


def before_commit(session: Session) -> None:
    """Remember what the user is called: the commit expires them, and they may write again."""
    acting.label_of(acting.loaded_user())


_SESSION_LISTENERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("before_flush", before_flush),
    ("do_orm_execute", do_orm_execute),
    ("before_commit", before_commit),
)


def _load_actor() -> None:
    state = find_state()
    if state is not None and state.actor is None and not acting.is_said(state.manager):
        acting.load_user()


# --- checks of what transaction() is given -----------------------------------------------------


def _json_facts(name: str, facts: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a copy as JSON will keep it; said now, not when the transaction is written."""
    if not facts:
        return {}
    try:
        kept: dict[str, Any] = json.loads(json.dumps(dict(facts), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} is kept as JSON, and {facts!r} cannot be: {error}. Give it texts, numbers, "
            f"booleans, lists and dictionaries."
        ) from error
    return kept


def _naive_utc(instant: datetime | None) -> datetime | None:
    if instant is None or instant.tzinfo is None:
        return instant
    return instant.astimezone(UTC).replace(tzinfo=None)
