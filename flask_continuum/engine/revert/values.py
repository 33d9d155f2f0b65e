"""Values that a plan is given: for what history does not know, or in place of what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_continuum.engine.errors import ReverterException
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.fields import settable


class Given:
    """Hands given values to the records of one plan.

    :param values: by field; those of a record that comes along have the id of its relation step
        in front, such as ``"comments+3/text"``.
    """

    def __init__(self, values: Mapping[str, Any] | None) -> None:
        self._values = dict(values or {})
        self._known: set[str] = set()

    def take(
        self, prefix: str, entry: VersionedClass, only: Collection[str] | None = None
    ) -> Mapping[str, Any]:
        """Return the values for a record, by attribute.

        :param only: the attributes that the plan would set; all that can be set by default.
        """
        if not self._values:
            return {}
        keys = [key for key in settable(entry) if only is None or key in only]
        names = {f"{prefix}{key}": key for key in keys}
        self._known |= set(names)
        return {key: self._values[name] for name, key in names.items() if name in self._values}

    def check(self) -> None:
        """Refuse values that no record of the plan has taken.

        :raises ReverterException: when there is one.
        """
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            raise ReverterException(
                f"The plan has no field {unknown[0]!r} that a value can be given for."
                f"{nearest(unknown[0], sorted(self._known))}"
            )


def check_fields(entry: VersionedClass, fields: Iterable[str] | None) -> frozenset[str] | None:
    """Return chosen fields as a set, ``None`` for all.

    :raises ReverterException: when one is no field that can be set back.
    """
    if fields is None:
        return None
    if isinstance(fields, str):
        raise ReverterException(f"fields is a collection of attributes, such as [{fields!r}].")
    wanted = frozenset(fields)
    possible = settable(entry)
    for name in sorted(wanted - set(possible)):
        if name in entry.attributes:
            raise ReverterException(
                f"{entry.model.__name__}.{name} cannot be set back: it says which record it is, "
                f"or the database or the mapper makes it."
            )
        raise ReverterException(
            f"{entry.model.__name__} has no field {name!r}.{nearest(name, possible)}"
        )
    return wanted
