"""Which models share a transaction table, and which of them stand for a whole hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_continuum.engine.registry import Registry, VersionedClass


def bases(registry: Registry) -> tuple[VersionedClass, ...]:
    """Return the versioned models without those that inherit from another, in definition order.

    Each version is counted once then: the version class of a base finds those of its subclasses.
    """
    found = registry.classes()
    known = {each.mapper for each in found}
    return tuple(each for each in found if not _inherits(each, known))


def _inherits(entry: VersionedClass, known: set[Any]) -> bool:
    above = entry.mapper.inherits
    return above is not None and not entry.mapper.concrete and above in known


def families(registry: Registry) -> Mapping[type[Any], tuple[VersionedClass, ...]]:
    """Return the base models by their Transaction class (one for each database, mostly one)."""
    found: dict[type[Any], tuple[VersionedClass, ...]] = {}
    for entry in bases(registry):
        transaction_class = registry.transaction_class_for(entry.model)
        found[transaction_class] = (*found.get(transaction_class, ()), entry)
    return found
