"""The base of plugins with their hooks, and the collection that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from typing import Any, overload

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.registry import HistoryTables, Registry, VersionedTable


class Plugin:
    """Does nothing; a subclass overrides the hooks that it needs, and only those cost anything.

    A unit of work in the arguments is what ``manager.unit_of_work(session)`` returns.
    """

    # -- while history is built ----------------------------------------------------------------

    def after_build_version_table_columns(self, table_builder: Any, columns: list[Any]) -> None:
        """Add columns to a version table.

        Called again when the table gets further columns: what it has by then is not added twice.

        :param table_builder: has ``parent_table`` (the live table), ``model`` (``None`` for a
            link table) and ``manager``.
        :param columns: the version table's columns so far, to be appended to.
        """

    def after_build_tx_class(self, manager: Any) -> None:
        """Called when a Transaction class was made: one for each metadata with history."""

    def after_version_class_built(self, parent_cls: type[Any], version_cls: type[Any]) -> None:
        """Called with each model and its new, mapped version class."""

    def after_build_models(self, manager: Any) -> None:
        """Called when version classes were made, with their relationships."""

    # -- while history is written --------------------------------------------------------------

    def is_session_modified(self, session: Session) -> bool:
        """Tell whether a session holds something that history is to know of, beside records."""
        return False

    def before_flush(self, uow: Any, session: Session) -> None:
        """Called before a flush that writes versioned records."""

    def before_create_version_objects(self, uow: Any, session: Session) -> None:
        """Called after a flush that has written versioned records."""

    def after_create_version_object(self, uow: Any, parent_obj: Any, version_obj: Any) -> None:
        """Called after a flush with each object that it wrote, and its version.

        What is set on the version stays, whatever is written until the commit; what is added to
        the session is flushed next. A plugin that overrides this has versions written and loaded
        at each flush, where others have them written once, at the commit.

        :param parent_obj: the live object; for a deletion the one that was deleted.
        """

    def after_create_version_objects(self, uow: Any, session: Session) -> None:
        """Called after all of them. Overriding it has the same price."""

    def transaction_args(self, uow: Any, session: Session) -> Mapping[str, Any]:
        """Return values for the transaction's row, by column; what was said elsewhere wins."""
        return {}

    # -- while something goes back -------------------------------------------------------------

    def before_revert(self, session: Session, plan: Any, chosen: Sequence[Any]) -> None:
        """Called before a plan is carried out, when all else allows it; raise to refuse.

        :param plan: the :class:`~flask_continuum.engine.revert.plan.Plan` as it stands now.
        :param chosen: what was chosen of it: for each record ``record`` (its plan), ``fields`` and
            ``relations`` (the steps). Relation steps bring records along, which are there too.
        :raises RevertRefused: with the reason, which the pages show.
        """

    # -- while history is read -----------------------------------------------------------------

    def after_construct_changeset(self, version_obj: Any, changeset: dict[str, Any]) -> None:
        """Change the changeset of a version before it is returned."""

    # -- which hooks are there -----------------------------------------------------------------

    def overrides(self, hook: str) -> bool:
        """Tell whether a hook does something here: those that do nothing are never called."""
        return getattr(type(self), hook) is not getattr(Plugin, hook)


@dataclass(frozen=True, slots=True)
class Written:
    """A history transaction that has been written for good, just before the COMMIT.

    :ivar registry: what is versioned.
    :ivar history: the tables beside its row, those of plugins among them.
    :ivar ids: its id; where another transaction has overtaken one that was asked for, also that
        of its continuation.
    :ivar tables: the tables that it may have written versions of.
    :ivar asked: whether its row was written early, because somebody asked for it.
    """

    registry: Registry
    history: HistoryTables
    ids: tuple[int, ...]
    tables: tuple[VersionedTable, ...]
    asked: bool


class TablePlugin(Plugin):
    """Keeps a table beside the transactions of each metadata with history, and a class for it.

    :cvar table_name: what the table is called.
    :cvar known_as: the manager's attribute that is the class, if it is to have one.
    """

    table_name: str
    known_as: str | None = None

    def __init__(self) -> None:
        self._classes: dict[sa.MetaData, type[Any]] = {}

    @property
    def model_class(self) -> type[Any] | None:
        """The class of the table, ``None`` until mappers are configured.

        It is that of the first metadata where there are several.
        """
        return next(iter(self._classes.values()), None)

    def create_table(self, transaction: sa.Table) -> sa.Table:
        """Return the table, made in the metadata of the transaction table."""
        raise NotImplementedError

    def create_others(self, transaction: sa.Table) -> Iterable[sa.Table]:
        """Return further tables, without a class, made in the same metadata."""
        return ()

    def map_class(self, manager: Any, transaction_class: type[Any], table: sa.Table) -> type[Any]:
        """Return a class mapped to the table and connected with the Transaction class."""
        raise NotImplementedError

    def keep(self, manager: Any, metadata: sa.MetaData, made: type[Any]) -> None:
        """Keep what :meth:`map_class` has made for a metadata."""
        self._classes[metadata] = made
        if self.known_as is not None:
            vars(manager).setdefault(self.known_as, made)

    def unmap(self, manager: Any) -> None:
        """Let go of the classes of a manager, which forgets everything."""
        for metadata in manager.registry.history:
            self._classes.pop(metadata, None)
        if self.known_as is not None:
            vars(manager).pop(self.known_as, None)

    @property
    def completes(self) -> bool:
        """Whether something is to be written when versions are final."""
        return type(self).complete is not TablePlugin.complete

    def complete(self, connection: sa.Connection, dialect: Dialect, written: Written) -> None:
        """Write what only the final versions tell.

        It runs in the engine's ``commit`` event: SQL only, no session and no object of it.
        """

    def check_name(self, metadata: sa.MetaData) -> None:
        """Make sure that the application has no table of this name.

        :raises ImproperlyConfigured: when it has.
        """
        if self.table_name in metadata.tables:
            raise ImproperlyConfigured(
                f"The application has a table {self.table_name!r}, the name that "
                f"{type(self).__name__} needs. Subclass it and give it another table_name."
            )


class PluginCollection(MutableSequence[Plugin]):
    """Plugins in their order; a hook called on the collection runs on each and returns a list.

    :param plugins: the plugins; another collection's list is shared, not copied.
    """

    def __init__(self, plugins: Iterable[Plugin] | None = None) -> None:
        if isinstance(plugins, PluginCollection):
            self.plugins: list[Plugin] = plugins.plugins
        else:
            self.plugins = [_checked(plugin) for plugin in plugins or ()]

    def overriding(self, hook: str) -> list[Plugin]:
        """Return the plugins that a hook does something in."""
        return [plugin for plugin in self.plugins if plugin.overrides(hook)]

    def __getattr__(self, name: str) -> Callable[..., list[Any]]:
        if name.startswith("_") or name == "plugins":
            raise AttributeError(name)
        if not hasattr(Plugin, name) and not any(hasattr(each, name) for each in self.plugins):
            hooks = [hook for hook in vars(Plugin) if not hook.startswith("_")]
            raise AttributeError(f"There is no hook {name!r}.{nearest(name, hooks)}")

        def run(*arguments: Any, **named: Any) -> list[Any]:
            return [getattr(plugin, name)(*arguments, **named) for plugin in self.plugins]

        return run

    @overload
    def __getitem__(self, index: int) -> Plugin: ...
    @overload
    def __getitem__(self, index: slice) -> list[Plugin]: ...
    def __getitem__(self, index: int | slice) -> Plugin | list[Plugin]:
        return self.plugins[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self.plugins[index] = [_checked(plugin) for plugin in value]
        else:
            self.plugins[index] = _checked(value)

    def __delitem__(self, index: int | slice) -> None:
        del self.plugins[index]

    def __len__(self) -> int:
        return len(self.plugins)

    def insert(self, index: int, value: Plugin) -> None:
        """Put a plugin before the one at ``index``."""
        self.plugins.insert(index, _checked(value))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PluginCollection | list):
            return NotImplemented
        return self.plugins == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PluginCollection({self.plugins!r})"


def _checked(plugin: Any) -> Plugin:
    if isinstance(plugin, Plugin):
        return plugin
    if isinstance(plugin, type) and issubclass(plugin, Plugin):
        raise ImproperlyConfigured(
            f"{plugin.__name__} is a plugin's class. Pass an object of it: {plugin.__name__}()."
        )
    raise ImproperlyConfigured(
        f"{plugin!r} is no plugin. Make its class a subclass of flask_continuum.plugins.Plugin."
    )
