"""An attribute that names any object, by its class and key, in two columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import object_session

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.registry import Registry, VersionedTable
from flask_continuum.engine.version import VersionClassBase


class Models:
    """The classes of one metadata's applications, by name, and how their keys are kept.

    :param manager: the manager, whose versioned classes are found first.
    :param key_type: the type of the columns that hold keys.
    """

    def __init__(self, manager: Any, metadata: sa.MetaData, key_type: Any) -> None:
        self._manager = manager
        self._metadata = metadata
        self._key_type = sa.types.to_instance(key_type)

    def find(self, name: str) -> type[Any] | None:
        """Return the class of a name, ``None`` where there is none any more."""
        registry: Registry = self._manager.registry
        for model in registry.options:
            if model.__name__ == name and self.history_of(model) is not None:
                return model
        for declared in self._manager.builder.declared:
            for mapper in declared.mappers:
                found: type[Any] = mapper.class_
                if found.__name__ == name and not issubclass(found, VersionClassBase):
                    return found
        return None

    def history_of(self, model: type[Any]) -> VersionedTable | None:
        """Return the table with the versions of a class, where they are beside this metadata's."""
        registry: Registry = self._manager.registry
        if model not in registry.options:
            return None
        found = registry.tables_of(model)[0]
        return found if found.live.metadata is self._metadata else None

    def key_of(self, thing: Any) -> Any | None:
        """Return the key of an object as it is kept, ``None`` while it has none.

        :raises ImproperlyConfigured: when the columns cannot hold it.
        """
        state = sa.inspect(thing)
        name = state.class_.__name__
        key = state.identity or state.mapper.primary_key_from_instance(thing)
        if len(key) != 1:
            raise ImproperlyConfigured(
                f"{name} has a key of {len(key)} columns, and an activity names an object by one."
            )
        return None if key[0] is None else self.kept(key[0], name)

    def kept(self, value: Any, name: str) -> Any:
        """Return a key as the columns hold it.

        :raises ImproperlyConfigured: when they cannot.
        """
        if isinstance(self._key_type, sa.String):
            return str(value)
        if isinstance(self._key_type, sa.Integer) and not isinstance(value, int):
            raise ImproperlyConfigured(
                f"The keys of {name} are no integers, as {value!r}. Give ActivityPlugin a type "
                f"that holds them, such as key_type=sqlalchemy.String(255)."
            )
        return value

    def loaded(self, model: type[Any], kept: Any) -> Any:
        """Return a key as its own column has it."""
        (column,) = sa.inspect(model).primary_key
        wanted = column.type.python_type
        return kept if isinstance(kept, wanted) else wanted(kept)


class Reference:
    """The object that two columns name; on the class, an expression that compares with one.

    An object without a key is remembered until a flush has given it one.

    :param name: what the attribute is called; its columns are ``<name>_type``, ``<name>_id``
        and ``<name>_tx_id``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, cls: type[Any]) -> Any:
        if owner is None:
            return ReferenceExpression(cls, self.name)
        thing = self.pending(owner)
        if thing is not None:
            return thing
        model, key, session = self.model(owner), self.key(owner), object_session(owner)
        if model is None or key is None or session is None:
            return None
        return session.get(model, owner.__models__.loaded(model, key))

    def __set__(self, owner: Any, thing: Any) -> None:
        setattr(owner, f"{self.name}_type", None if thing is None else type(thing).__name__)
        setattr(owner, f"{self.name}_id", None)
        setattr(owner, f"{self.name}_tx_id", None)
        vars(owner)[f"_{self.name}"] = thing
        self.resolve(owner)

    def pending(self, owner: Any) -> Any | None:
        """Return the object whose key is not known yet."""
        return self.given(owner) if self.key(owner) is None else None

    def given(self, owner: Any) -> Any | None:
        """Return the object as it was set: when it is rolled back, both may come again."""
        return vars(owner).get(f"_{self.name}")

    def resolve(self, owner: Any) -> bool:
        """Keep the key of the object, if it has one by now and had none before."""
        thing = self.pending(owner)
        key = None if thing is None else owner.__models__.key_of(thing)
        if key is None:
            return False
        setattr(owner, f"{self.name}_id", key)
        return True

    def key(self, owner: Any) -> Any | None:
        """Return the key of the object as it is kept."""
        return getattr(owner, f"{self.name}_id")

    def model(self, owner: Any) -> type[Any] | None:
        """Return the class of the object."""
        name = getattr(owner, f"{self.name}_type")
        found: type[Any] | None = None if name is None else owner.__models__.find(name)
        return found


class ReferenceExpression:
    """Compares what is named with objects, in queries.

    :param cls: the class that has the attribute.
    """

    def __init__(self, cls: type[Any], name: str) -> None:
        self._cls = cls
        self._type = getattr(cls, f"{name}_type")
        self._key = getattr(cls, f"{name}_id")

    def __eq__(self, other: Any) -> Any:
        """Select what names an object; with ``None``, what names none."""
        if other is None:
            return self._type.is_(None)
        key = self._cls.__models__.key_of(other)
        return sa.and_(self._type == type(other).__name__, self._key == key)

    def __ne__(self, other: Any) -> Any:
        """Select what names another object or none."""
        return sa.not_(sa.func.coalesce(self == other, sa.false()))

    __hash__ = None  # type: ignore[assignment]

    def in_(self, others: Iterable[Any]) -> Any:
        """Select what names one of some objects."""
        return sa.or_(sa.false(), *(self == other for other in others))

    def is_type(self, model: type[Any]) -> Any:
        """Select what names an object of a class, or of one below it."""
        mappers = sa.inspect(model).self_and_descendants
        return self._type.in_([mapper.class_.__name__ for mapper in mappers])
