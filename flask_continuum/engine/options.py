"""The options of versioning: global ones, and those of a class, which win."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import nearest


@dataclass(frozen=True, slots=True)
class Options:
    """How a class is versioned.

    :ivar versioning: whether changes are captured at all.
    :ivar base_classes: base classes of the version class in place of the model's declarative base.
    :ivar table_name: pattern of the version table's name.
    :ivar exclude: attribute keys (columns, many-to-many relationships) that are left out.
    :ivar include: attribute keys that are kept although ``exclude`` names them.
    :ivar transaction_column_name: name of the column with the transaction that made the version.
    :ivar end_transaction_column_name: name of the column with the one that ended it.
    :ivar operation_type_column_name: name of the column with the operation.
    :ivar strategy: ``"validity"`` keeps the end of each version, ``"subquery"`` finds it.
    :ivar use_module_name: put the module's name into version class names.
    :ivar create_models: make version classes, not only tables.
    :ivar create_tables: make version tables; without them nothing is versioned.
    :ivar create_composite_index: kept for compatibility: the primary key of a version table
        (live key, transaction) serves every search by record, so no further index is made.
    :ivar bulk: what becomes of statements past the unit of work (bulk, Core): ``"capture"``,
        ``"refuse"`` or ``"warn"``.
    :ivar database_cascades: what becomes of changes that the database makes by itself because of
        a foreign key's ``ON DELETE`` or ``ON UPDATE``: ``"warn"`` when mappers are configured,
        ``"capture"`` or ``"ignore"``.
    :ivar native_versioning: whether triggers of the database write versions, in place of the
        session: they see what other programs write, too.
    :ivar transaction_changes: the class of ``TransactionChangesPlugin``, which sets it.
    :ivar label: the attribute, or a function of an object, that names a record for people.
    :ivar track: relationships to many whose changes are a part of the record's own timeline.
    :ivar personal: relationships whose records hold values about the same person; erasing one
        erases what is marked as personal in them.
    """

    versioning: bool = True
    base_classes: tuple[type, ...] | None = None
    table_name: str = "%s_version"
    exclude: frozenset[str] = frozenset()
    include: frozenset[str] = frozenset()
    transaction_column_name: str = "transaction_id"
    end_transaction_column_name: str = "end_transaction_id"
    operation_type_column_name: str = "operation_type"
    strategy: str = "validity"
    use_module_name: bool = False
    create_models: bool = True
    create_tables: bool = True
    create_composite_index: bool = True
    bulk: str = "capture"
    database_cascades: str = "warn"
    native_versioning: bool = False
    transaction_changes: type[Any] | None = None
    label: str | Callable[[Any], str] | None = None
    track: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()

    def with_changes(self, changes: Mapping[str, Any], where: str, *, strict: bool) -> Options:
        """Return these options with ``changes`` made.

        :param changes: values by option name.
        :param where: whose options they are, for messages.
        :param strict: raise for an unknown name; otherwise warn and leave it out.
        :raises ImproperlyConfigured: when a value does not fit, or a name is unknown and
            ``strict`` is set.
        """
        known = {each.name for each in dataclasses.fields(self)}
        accepted: dict[str, Any] = {}
        for name, value in changes.items():
            if name in known:
                accepted[name] = _checked(name, value, where)
                continue
            message = f"{where} has an unknown option {name!r}.{nearest(name, known)}"
            if strict:
                raise ImproperlyConfigured(message)
            warnings.warn(message, UserWarning, stacklevel=3)
        return dataclasses.replace(self, **accepted) if accepted else self


class ManagerOptions(MutableMapping[str, Any]):
    """The options of a manager by name, to be read and set as in a dictionary.

    :param read: returns the options.
    :param write: sets one of them.
    """

    def __init__(self, read: Callable[[], Options], write: Callable[[str, Any], None]) -> None:
        self._read = read
        self._write = write

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(f"There is no option {name!r}.{nearest(name, _NAMES)}")
        return getattr(self._read(), name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._write(name, value)

    def __delitem__(self, name: str) -> None:
        """Set an option to its default."""
        self._write(name, getattr(Options(), name))

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    def __repr__(self) -> str:
        return repr(dict(self))


_NAMES = tuple(each.name for each in dataclasses.fields(Options))
_FLAGS = frozenset(
    {
        "versioning",
        "use_module_name",
        "create_models",
        "create_tables",
        "create_composite_index",
        "native_versioning",
    }
)
_COLUMN_NAMES = frozenset(
    {"transaction_column_name", "end_transaction_column_name", "operation_type_column_name"}
)


def _checked(name: str, value: Any, where: str) -> Any:
    if name in ("exclude", "include", "track", "personal"):
        if isinstance(value, str):
            raise ImproperlyConfigured(
                f"{where}: {name} is a list of attribute names, such as [{value!r}]."
            )
        ordered = name in ("track", "personal")
        return tuple(dict.fromkeys(value)) if ordered else frozenset(value)
    if name == "base_classes":
        return None if value is None else tuple(value)
    if name in _FLAGS and not isinstance(value, bool):
        raise ImproperlyConfigured(f"{where}: {name} is True or False, not {value!r}.")
    if name == "strategy" and value not in ("validity", "subquery"):
        raise ImproperlyConfigured(f"{where}: strategy is 'validity' or 'subquery', not {value!r}.")
    if name == "bulk" and value not in ("capture", "refuse", "warn"):
        raise ImproperlyConfigured(
            f"{where}: bulk is 'capture', 'refuse' or 'warn', not {value!r}."
        )
    if name == "database_cascades" and value not in ("warn", "capture", "ignore"):
        raise ImproperlyConfigured(
            f"{where}: database_cascades is 'warn', 'capture' or 'ignore', not {value!r}."
        )
    if name == "table_name" and (not isinstance(value, str) or value.count("%s") != 1):
        raise ImproperlyConfigured(
            f"{where}: table_name is a pattern with one %s, such as '%s_version', not {value!r}."
        )
    if name in _COLUMN_NAMES and (not isinstance(value, str) or not value):
        raise ImproperlyConfigured(f"{where}: {name} is a column's name, not {value!r}.")
    return value
