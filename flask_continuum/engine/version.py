"""The base of every version class: attribute-style access to history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from sqlalchemy.orm import Session, object_session

from flask_continuum.engine import revert as reverting
from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.read import changes, moved, navigation, siblings
from flask_continuum.engine.registry import VersionedClass


class VersionClassBase:
    """A record as one transaction left it.

    The columns of the model are here under their own names, beside ``transaction_id``,
    ``end_transaction_id`` and ``operation_type``; so are its relationships, as they were.
    """

    __versioned__: ClassVar[Any] = None
    __continuum__: ClassVar[VersionedClass]

    def __init_subclass__(cls) -> None:
        """Keep what a declarative base does to its models from being done to version classes."""

    @property
    def previous(self) -> Self | None:
        """The version before this one in the same life of the record, or ``None``."""
        return siblings.previous(_session(self), self)

    @property
    def next(self) -> Self | None:
        """The version after this one in the same life of the record, or ``None``."""
        return siblings.next(_session(self), self)

    @property
    def index(self) -> int:
        """The position among the record's versions, from 0."""
        return navigation.index(_session(self), self)

    @property
    def changeset(self) -> dict[str, list[Any]]:
        """What this version changed: ``{key: [old, new]}``; everything set for the first one."""
        found = changes.changeset(_session(self), self)
        manager: Any = getattr(self.__continuum__.model, "__versioning_manager__", None)
        if manager is not None:
            for plugin in manager.plugins.overriding("after_construct_changeset"):
                plugin.after_construct_changeset(self, found)
        return found

    @property
    def moved_from(self) -> Self | None:
        """The last version under another key, where the record got this key here; or ``None``."""
        return moved.moved_from(_session(self), self)

    @property
    def moved_to(self) -> Self | None:
        """The first version under another key, where the record lost this key here; or ``None``."""
        return moved.moved_to(_session(self), self)

    @classmethod
    def version_at(
        cls, session: Session, primary_key_values: Mapping[str, Any], transaction_id: int
    ) -> Self | None:
        """Return the version valid at a transaction; for a deleted record its last one."""
        return navigation.version_at(session, cls, primary_key_values, transaction_id)

    @classmethod
    def all_versions(
        cls,
        session: Session,
        primary_key_values: Mapping[str, Any],
        limit: int | None = None,
        offset: int = 0,
        desc: bool = True,
        link: bool = True,
    ) -> Sequence[Self]:
        """Return versions of one record, newest first unless ``desc`` is false.

        :param link: kept for compatibility: neighbours are always right, also at a page's edge.
        """
        return navigation.all_versions(
            session, cls, primary_key_values, limit=limit, offset=offset, desc=desc
        )

    def revert(self, relations: Sequence[str] | None = None) -> Any:
        """Bring the record back to what it was here; the commit is the caller's.

        :param relations: relationships to bring back too, as dotted paths.
        :returns: the live object; ``None`` when this version is a deletion and the record was
            there, which is deleted then. A deletion of a record that is gone is taken back.
        """
        return reverting.revert(_session(self), self, relations=relations)

    # a base of dataclasses would compare by value, which takes the hash away
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        entry = self.__continuum__
        key = ", ".join(f"{name}={getattr(self, name)!r}" for name in entry.key_attributes)
        return f"<{type(self).__name__} {key} transaction={entry_transaction_id(self)}>"


def entry_transaction_id(version: Any) -> int:
    """Return the id of the transaction that made a version, whatever its column is called."""
    entry: VersionedClass = version.__continuum__
    found: int = getattr(version, entry.options.transaction_column_name)
    return found


def _session(version: Any) -> Session:
    session = object_session(version)
    if session is None:
        raise VersioningError(
            f"{version!r} is detached. Load it in a session, or pass it to the functions that "
            f"take a session."
        )
    return session
