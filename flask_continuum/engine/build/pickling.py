"""Makes classes of history findable for pickling, which looks for a class by module and name.

They stand in no module, but their models do: ``Article.__version_class__`` is one place to look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_continuum.engine.errors import ClassNotVersioned

VERSION_CLASS = "__version_class__"
TRANSACTION_CLASS = "__transaction_class__"


class _Found:
    """A class attribute that is looked up when it is asked for: mappers are configured then."""

    def __init__(self, find: Callable[[type[Any]], type[Any]]) -> None:
        self._find = find

    def __get__(self, instance: Any, owner: type[Any]) -> type[Any]:
        try:
            return self._find(owner)
        except ClassNotVersioned as error:
            raise AttributeError(str(error)) from error


def make_findable(
    model: type[Any],
    version_class_of: Callable[[type[Any]], type[Any]],
    transaction_class_of: Callable[[type[Any]], type[Any]],
) -> None:
    """Have a model tell the classes of its history."""
    setattr(model, VERSION_CLASS, _Found(version_class_of))
    setattr(model, TRANSACTION_CLASS, _Found(transaction_class_of))


def forget(model: type[Any]) -> None:
    """Undo :func:`make_findable`."""
    for name in (VERSION_CLASS, TRANSACTION_CLASS):
        if name in model.__dict__:
            type.__delattr__(model, name)


def place(cls: type[Any], model: type[Any], name: str) -> None:
    """Tell a class that it is to be found at its model."""
    cls.__module__ = model.__module__
    cls.__qualname__ = f"{model.__qualname__}.{name}"
