"""The base of plugins with their hooks, and the collection that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from typing import Any, overload

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import nearest


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
        """Not run: versions are rows that the database makes. Overriding it is refused."""

    def after_create_version_objects(self, uow: Any, session: Session) -> None:
        """Not run, as :meth:`after_create_version_object`."""

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


class TablePlugin(Plugin):
    """Keeps a table beside the transactions of each metadata with history, and a class for it.

    :cvar table_name: what the table is called.
    """

    table_name: str

    def create_table(self, transaction: sa.Table) -> sa.Table:
        """Return the table, made in the metadata of the transaction table."""
        raise NotImplementedError

    def map_class(self, manager: Any, transaction_class: type[Any], table: sa.Table) -> None:
        """Map a class to the table, and connect it with the Transaction class."""
        raise NotImplementedError


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


_NOT_RUN = ("after_create_version_object", "after_create_version_objects")


def _checked(plugin: Any) -> Plugin:
    if isinstance(plugin, Plugin):
        for hook in _NOT_RUN:
            if plugin.overrides(hook):
                raise ImproperlyConfigured(
                    f"{type(plugin).__name__} overrides {hook}, which is not run: the database "
                    f"makes versions from rows, at the commit. Use before_flush, transaction_args "
                    f"or columns from after_build_version_table_columns."
                )
        return plugin
    if isinstance(plugin, type) and issubclass(plugin, Plugin):
        raise ImproperlyConfigured(
            f"{plugin.__name__} is a plugin's class. Pass an object of it: {plugin.__name__}()."
        )
    raise ImproperlyConfigured(
        f"{plugin!r} is no plugin. Make its class a subclass of flask_continuum.plugins.Plugin."
    )
