"""What a DML statement says about the records it writes, read from the statement alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators, visitors

from flask_continuum.engine.registry import VersionedTable

Parameters = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One execution of an INSERT, UPDATE or DELETE on a versioned table.

    :ivar clause: the statement as SQLAlchemy has it.
    :ivar parameters: the parameter sets that it is executed with; none is one empty set.
    """

    table: VersionedTable
    clause: Any
    parameters: Parameters

    @property
    def is_repeated(self) -> bool:
        """Whether it is executed once for each of several parameter sets."""
        return len(self.parameters) > 1

    @property
    def is_upsert(self) -> bool:
        """Whether an INSERT may find rows that are there already."""
        return self.clause._post_values_clause is not None or bool(self.clause._prefixes)

    @property
    def returns(self) -> bool:
        """Whether the application asked for rows itself."""
        return bool(self.clause._returning)

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield the rows that an INSERT … VALUES gives, by column key; expressions as they are."""
        fixed = _by_key(self.clause._values or {})
        if self.clause._multi_values:
            columns = list(self.table.live.c)
            for group in self.clause._multi_values:
                for row in group:
                    if isinstance(row, Mapping):
                        yield _by_key(row)
                    else:
                        yield {c.key: _plain(v) for c, v in zip(columns, row, strict=False)}
            return
        for given in self.parameters:
            yield {**fixed, **_by_key(given)}

    def keys_given(self) -> list[tuple[Any, ...]] | None:
        """Return the keys that an INSERT gives as plain values; ``None`` if one is missing."""
        if self.clause.select is not None:
            return None
        found = []
        for row in self.rows():
            key = tuple(row.get(c.key) for c in self.table.key)
            if any(part is None or isinstance(part, sa.ClauseElement) for part in key):
                return None
            found.append(key)
        return found

    def keys_compared(self) -> list[tuple[Any, ...]] | None:
        """Return the keys that an UPDATE or DELETE compares its key columns with.

        That is how records are written by lists of primary keys: each key column equals a value
        or a parameter. ``None`` when the criteria are others.
        """
        names: dict[str, Any] = {}
        for criterion in self.clause._where_criteria:
            for part in _conjunction(criterion):
                if getattr(part, "operator", None) is not operators.eq:
                    continue
                column, value = part.left, part.right
                if isinstance(column, sa.Column) and isinstance(value, sa.BindParameter):
                    names[column.key] = value
        if not all(c.key in names for c in self.table.key):
            return None
        return [
            tuple(_value(names[c.key], given) for c in self.table.key) for given in self.parameters
        ]

    def selection(self, columns: Iterable[Any]) -> Any:
        """Return the query for what an UPDATE or DELETE with these criteria is about to write."""
        mapper = self.clause.table._annotations.get("parententity")
        if mapper is not None:
            # asked of the model, so that criteria which the mapper adds are added here too
            columns = [
                getattr(mapper.entity, mapper.mapper.get_property_by_column(c).key) for c in columns
            ]
        return sa.select(*columns).where(*self.clause._where_criteria)

    def sets_key(self) -> bool:
        """Tell whether an UPDATE gives a key column a new value."""
        compared = {
            element.key
            for criterion in getattr(self.clause, "_where_criteria", ())
            for element in visitors.iterate(criterion)
            if isinstance(element, sa.BindParameter)
        }
        names = set(_by_key(self.clause._values or {}))
        names |= {_name(k) for k, _ in getattr(self.clause, "_ordered_values", None) or ()}
        for given in self.parameters:
            names |= set(given) - compared
        return any(c.key in names for c in self.table.key)


def parameter_sets(multiparams: Any, params: Any) -> Parameters:
    """Return the parameter sets of an execution as ``before_execute`` is told of them."""
    if multiparams:
        return [each for each in multiparams if isinstance(each, Mapping)] or [{}]
    return [params or {}]


def _by_key(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {_name(key): _plain(value) for key, value in values.items()}


def _name(key: Any) -> str:
    found: str = key if isinstance(key, str) else key.key
    return found


def _plain(value: Any) -> Any:
    """Return a literal's value; an expression stays what it is."""
    if isinstance(value, sa.BindParameter) and value.callable is None:
        return value.value
    return value


def _value(parameter: sa.BindParameter[Any], given: Mapping[str, Any]) -> Any:
    if parameter.key in given:
        return given[parameter.key]
    return parameter.effective_value


def _conjunction(criterion: Any) -> Iterator[Any]:
    if getattr(criterion, "operator", None) is operators.and_:
        for part in criterion.clauses:
            yield from _conjunction(part)
    else:
        yield criterion
