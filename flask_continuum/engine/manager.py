"""The manager: one object that owns what is versioned, and wires building and capturing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakMethod, WeakSet

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, Session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.build.builder import Builder
from flask_continuum.engine.build.early import every_mapper, mappers_of
from flask_continuum.engine.build.history import TransactionFactory
from flask_continuum.engine.build.hooks import BuildHooks
from flask_continuum.engine.build.others import tells_records
from flask_continuum.engine.capture.announcing import Announcing
from flask_continuum.engine.capture.asked import AskedTransactions
from flask_continuum.engine.capture.attachments import Attachments
from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.bulk import BulkCapture
from flask_continuum.engine.capture.cascades import CascadeCapture
from flask_continuum.engine.capture.cascades_by_hand import CascadesByHand
from flask_continuum.engine.capture.completeness import Completeness
from flask_continuum.engine.capture.creation import Creation
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.executing import StatementCapture
from flask_continuum.engine.capture.failures import Failures
from flask_continuum.engine.capture.finishing import Finishing
from flask_continuum.engine.capture.hooks import Hooks
from flask_continuum.engine.capture.links import LinkCapture
from flask_continuum.engine.capture.listeners import Listeners
from flask_continuum.engine.capture.mentions import Mentions
from flask_continuum.engine.capture.objects import ObjectCapture
from flask_continuum.engine.capture.opened import OpenedTransactions
from flask_continuum.engine.capture.pauses import Pauses
from flask_continuum.engine.capture.refusal import ObjectRefusal
from flask_continuum.engine.capture.roots import RootLocks
from flask_continuum.engine.capture.version_objects import VersionObjects
from flask_continuum.engine.capture.writer import Writer
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.options import ManagerOptions, Options
from flask_continuum.engine.plugins.base import Plugin, PluginCollection
from flask_continuum.engine.read.lazily import LazyLoads
from flask_continuum.engine.registry import Registry, VersionedTable
from flask_continuum.engine.surface import ManagerSurface
from flask_continuum.engine.unit_of_work import UnitOfWork


class VersioningManager(ManagerSurface):
    """Versions the marked classes of the bases, sessions and engines that it is attached to.

    :param user_cls: the class of users, its name, or ``None`` when transactions name no user.
    :param transaction_cls: makes the transaction table and class.
    :param options: options by name, which the ``__versioned__`` of a class overrides.
    :param plugins: see :mod:`flask_continuum.plugins`.
    :param builder: kept for compatibility; there is nothing to give.
    :param unit_of_work_cls: what :meth:`unit_of_work` returns, a subclass of ``UnitOfWork``.
    :param strict: whether an unknown option is an error that names the nearest; else a warning.
    """

    def __init__(
        self,
        user_cls: type[Any] | str | None = "User",
        transaction_cls: TransactionFactory | None = None,
        options: Mapping[str, Any] | None = None,
        plugins: Iterable[Plugin] | None = None,
        *,
        unit_of_work_cls: type[UnitOfWork] = UnitOfWork,
        builder: None = None,
        strict: bool = True,
    ) -> None:
        if builder is not None:
            raise ImproperlyConfigured(
                "builder is a part of SQLAlchemy-Continuum that there is not here. Plugins change "
                "what is built: after_build_version_table_columns, after_version_class_built."
            )
        self.uow_class = unit_of_work_cls
        self._strict = strict
        self._factory = transaction_cls or TransactionFactory()
        self._claimed: WeakSet[type[Any]] = WeakSet()
        self._current = CurrentUnits()
        self._attachments = Attachments()
        self.user_cls: type[Any] | str | None = None
        self._options = Options()
        self._plugins = PluginCollection()
        self.set_up(options=options, user_cls=user_cls, plugins=plugins)

    def set_up(
        self,
        *,
        options: Mapping[str, Any] | None = None,
        user_cls: type[Any] | str | None,
        plugins: Iterable[Plugin] | None = None,
    ) -> None:
        """Begin with nothing versioned, under these options.

        :param plugins: in place of those that there are; ``None`` leaves them.
        :raises ImproperlyConfigured: when classes are versioned already, under other options.
        """
        wanted = Options().with_changes(options or {}, "The manager", strict=self._strict)
        chosen = self.plugins if plugins is None else PluginCollection(plugins)
        if self._attachments:
            if (wanted, user_cls, chosen) == (self._options, self.user_cls, self.plugins):
                return
            raise ImproperlyConfigured(
                "Versioning is set up already, with other options or plugins. Call "
                "remove_versioning() first, or give the second set of classes a VersioningManager "
                "of its own."
            )
        self.user_cls = user_cls
        self._options = wanted
        self.plugins = chosen
        self.registry = Registry(configure=self.configure)
        self.completeness = Completeness(self.registry)
        self._creation = Creation(
            self.registry, self.completeness, self._attachments, self._prepare
        )
        self.builder = Builder(
            registry=self.registry,
            options=wanted,
            factory=self._factory,
            user_cls=user_cls,
            strict=self._strict,
            claim=self._claim,
            built=self._capture,
            metadata_found=self._creation.watch,
            hooks=BuildHooks(self, self._plugins),
        )
        self._finish = _calling(self.builder.finish)
        self._writer = Writer(self.registry, Finishing(self.registry, self._plugins))
        self._captured: dict[type[Any], tuple[VersionedTable, ...]] = {}
        baseline = Baseline(
            self.registry, self._current, self._writer, self.completeness, self._captured
        )
        pauses = self._pauses = Pauses(self.registry, self.completeness)
        objects = VersionObjects(self.registry, self._plugins, self._current, self.unit_of_work)
        roots = RootLocks(self.registry, self._current, self._writer, self._captured)
        bulk = BulkCapture(self.registry, self._current, baseline, roots)
        by_hand = CascadesByHand(self.registry, roots)
        failures = Failures(self.registry, self._current, by_hand.failed)
        announcing = Announcing(self.registry, self._current, self._writer, self.completeness)
        self.listeners = Listeners(
            registry=self.registry,
            mentions=Mentions(self.registry),
            lazily=LazyLoads(self.registry),
            settle=self.builder.settle,
            current=self._current,
            writer=self._writer,
            baseline=baseline,
            announcing=announcing,
            bulk=bulk,
            statements=StatementCapture(
                registry=self.registry,
                pauses=pauses,
                announcing=announcing,
                links=LinkCapture(self._current, baseline),
                bulk=bulk,
                cascades=CascadeCapture(self.registry, pauses, self._current, baseline, roots),
                by_hand=by_hand,
                failures=failures,
                grow=self.builder.grow,
            ),
            failures=failures,
            hooks=Hooks(self.registry, self._plugins, self._current, self.unit_of_work, objects),
            opened=OpenedTransactions(
                AskedTransactions(self.registry, self._current, self._writer)
            ),
        )

    # -- settings ------------------------------------------------------------------------------

    @property
    def options(self) -> ManagerOptions:
        """The options of all classes, by name.

        They shape tables and classes and are set before these are made; ``versioning`` alone can
        be switched off and on at any time, for classes that do not set it themselves.
        """
        return ManagerOptions(lambda: self._options, self._set_option)

    def _set_option(self, name: str, value: Any) -> None:
        wanted = self._options.with_changes({name: value}, "The manager", strict=self._strict)
        if name != "versioning" and self.registry.options and wanted != self._options:
            raise ImproperlyConfigured(
                f"The option {name!r} shapes tables that have been made already. Set it before "
                f"the first versioned class is defined, or in make_versioned(options=…)."
            )
        self._options = self.builder.options = wanted
        self._pauses.switch(on=wanted.versioning)

    @property
    def attribution(self) -> Callable[[], Attribution]:
        """The function that tells who is acting, called when a transaction first writes."""
        return self._current.attribution

    @attribution.setter
    def attribution(self, source: Callable[[], Attribution]) -> None:
        self._current.attribution = source

    @property
    def plugins(self) -> PluginCollection:
        """What the application adds to building and writing; set it before models are defined."""
        return self._plugins

    @plugins.setter
    def plugins(self, plugins: Iterable[Plugin]) -> None:
        # the collection stays: building and writing hold on to it
        self._plugins.plugins = PluginCollection(plugins).plugins

    @property
    def write(self) -> str:
        """When versions are written: ``"commit"``, or ``"flush"`` for drafts after each flush."""
        return self.listeners.write

    @write.setter
    def write(self, value: str) -> None:
        if value not in ("commit", "flush"):
            raise ImproperlyConfigured(f"write is 'commit' or 'flush', not {value!r}.")
        self.listeners.write = value

    # -- attaching -----------------------------------------------------------------------------

    def attach(self, base: Any = Mapper, session: Any = Session, engine: Any = None) -> None:
        """Version what ``base`` maps, as ``session`` and ``engine`` write it.

        May be called before or after the models are defined, and again: it does nothing twice.

        :param base: a declarative base, whose marked subclasses are versioned, or ``Mapper`` for
            those of every base.
        :param session: a session class, session factory or scoped session.
        :param engine: an engine, or the Engine class. Engines that the sessions use are found
            by themselves.
        """
        self.apply_class_configuration_listeners(base)
        self.track_session(session)
        if engine is not None:
            self.track_engine(engine)
        try:
            for mapper in _existing(base):
                self.builder.add(mapper)
            self.builder.finish()
        except BaseException:
            # half a set-up would capture some classes and not others
            self.detach()
            raise

    def apply_class_configuration_listeners(self, mapper: Any) -> None:
        """Version the marked classes that are mapped from now on.

        :param mapper: a declarative base, or ``Mapper`` for the classes of every base.
        """
        self._attachments.add(
            mapper,
            "after_mapper_constructed",
            self._mapper_constructed,
            propagate=mapper is not Mapper,
        )
        self._attachments.add(Mapper, "after_configured", self._finish)

    def remove_class_configuration_listeners(self, mapper: Any) -> None:
        """Leave classes alone that are mapped from now on."""
        self._attachments.remove(mapper)

    def track_operations(self, mapper: Any = Mapper) -> None:
        """Capture what sessions do to versioned classes, as it is from the beginning.

        :param mapper: a class or its mapper; ``Mapper`` for all classes.
        """
        for each in self._chosen(mapper):
            self.builder.add(each)

    def remove_operations_tracking(self, mapper: Any = Mapper) -> None:
        """Capture no more of what sessions do to versioned classes: their histories break off."""
        for each in self._chosen(mapper):
            self._attachments.remove(each)
            self._captured.pop(each.class_, None)

    def _chosen(self, mapper: Any) -> list[Mapper[Any]]:
        taken = list(self.builder.taken)
        return taken if mapper is Mapper else [m for m in taken if m is sa.inspect(mapper)]

    def track_session(self, session: Any) -> None:
        """Listen to a session class, a session factory, a scoped session or one session."""
        self.listeners.attach_session(session)

    def remove_session_tracking(self, session: Any) -> None:
        """Stop listening to what :meth:`track_session` was given."""
        self.listeners.detach_session(session)

    def track_engine(self, engine: Any) -> None:
        """Listen to an engine, so that writes on plain connections are captured too."""
        self.listeners.attach_engine(getattr(engine, "sync_engine", engine))

    def detach(self) -> None:
        """Stop capturing: take every listener away. What has been built stays, and stays ours."""
        self.listeners.detach()
        self.builder.looked.clear()
        self._attachments.remove_all()
        self._captured.clear()

    def reset(self) -> None:
        """Stop capturing and forget every class, so that versioning can be set up anew."""
        self.detach()
        for model in self._claimed:
            del model.__versioning_manager__
        self._claimed.clear()
        self.builder.take_down()
        self.set_up(user_cls="User")

    def configure(self) -> None:
        """Make the version classes of everything that is marked so far."""
        self.builder.settle()

    def unit_of_work(self, session: Session) -> UnitOfWork:
        """Return the history side of a session's present transaction."""
        unit = self.uow_class(self)
        unit.session = session
        return unit

    # -- events of mappers ---------------------------------------------------------------------

    def _prepare(self, metadata: sa.MetaData) -> None:
        self.builder.prepare(metadata)

    def _mapper_constructed(self, mapper: Mapper[Any], class_: type[Any]) -> None:
        self.builder.add(mapper)

    def _claim(self, mapper: Mapper[Any]) -> bool:
        """Take a class, unless another manager has it."""
        owner = mapper.class_.__dict__.get("__versioning_manager__")
        if owner is not None:
            return owner is self
        mapper.class_.__versioning_manager__ = self
        self._claimed.add(mapper.class_)
        return True

    def _capture(self, mapper: Mapper[Any], tables: tuple[VersionedTable, ...]) -> None:
        if mapper.class_ in self._captured:
            return
        fits = tells_records(mapper, tables)
        if not fits and all(table.is_native for table in tables):
            return  # triggers see what it writes, whatever it tells
        handlers = (
            ObjectCapture(mapper, tables, self._current.get, self.registry.joined, self._pauses)
            if fits
            else ObjectRefusal(tables)
        )
        for name, handler in handlers.listeners:
            self._attachments.add(mapper, name, handler, raw=True)
        self._captured[mapper.class_] = tables if fits else ()


def _calling(method: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls a method and does not keep its object alive."""
    reference = WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call


def _existing(base: Any) -> list[Mapper[Any]]:
    """Return the mappers that were made before the manager was attached, parents first."""
    mappers = set(every_mapper() if base is Mapper else mappers_of(base.registry))
    if base is not Mapper:
        mappers = {mapper for mapper in mappers if issubclass(mapper.class_, base)} or mappers
    return sorted(
        mappers, key=lambda each: (len(list(each.iterate_to_root())), each.class_.__qualname__)
    )
