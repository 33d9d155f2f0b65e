"""What a DML statement says about the records it writes, read from the statement alone."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators, visitors

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import HistoryWriteError
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
            yield _row(self.clause._values or {}, _by_key(given))

    def keys_given(self) -> list[tuple[Any, ...]] | None:
        """Return the keys that an INSERT gives as plain values; ``None`` if one is missing.

        A row of a link table may link nothing.
        """
        if self.clause.select is not None:
            return None
        found = []
        for row in self.rows():
            key = tuple(row.get(c.key) for c in self.table.key)
            for column, part in zip(self.table.key, key, strict=True):
                if isinstance(part, sa.ClauseElement):
                    return None
                if part is None and not (self.table.is_link and _is_null_unless_given(column)):
                    return None
            found.append(key)
        return found

    def keys_compared(self) -> list[tuple[Any, ...]] | None:
        """Return the keys that an UPDATE or DELETE compares its key columns with.

        That is how records are written by lists of primary keys: each key column equals a value
        or a parameter. ``None`` when the criteria are others.
        """
        return values_compared(self.clause, self.table.key, self.parameters)

    def selection(self, columns: Iterable[Any]) -> Any:
        """Return the query for what an UPDATE or DELETE with these criteria is about to write."""
        return selection(self.clause, columns)

    def keys_found(self, connection: sa.Connection, *, lock: bool) -> Iterator[tuple[Any, ...]]:
        """Ask the database for the keys of what an UPDATE or DELETE is about to write."""
        query = self.selection(self.table.key)
        if lock:
            query = query.with_for_update()
        for given in self.parameters:
            for row in connection.execute(query, given, execution_options=OWN):
                yield tuple(row)

    def values_set(self) -> list[dict[str, Any]]:
        """Return what an UPDATE sets, by column key and per parameter set."""
        return values_set(self.clause, self.parameters)

    def sets_key(self) -> bool:
        """Tell whether an UPDATE gives a key column a new value."""
        names = {name for row in self.values_set() for name in row}
        return any(c.key in names for c in self.table.key)


def table_of(clause: Any) -> Any:
    """Return the table that a statement is sent to.

    One on a class of several tables is sent to each of them in turn.
    """
    told = clause._annotations
    return told.get("_emit_insert_table", told.get("_emit_update_table", clause.table))


def refuse_several(clause: Any, tables: Container[sa.Table]) -> None:
    """Refuse an UPDATE that sets columns of several tables, as MariaDB and MySQL have it.

    :param tables: those that are versioned.
    :raises HistoryWriteError: when one of them is.
    """
    for table in _tables_set(clause):
        if table is not clause.table and table != clause.table and table in tables:
            raise HistoryWriteError(
                f"This UPDATE of {clause.table.name} also sets columns of {table.name}, and which "
                f"rows of it are written cannot be told. Send one statement for each table. "
                f"Nothing was sent."
            )


def _tables_set(clause: Any) -> set[Any]:
    mapper = clause.table._annotations.get("parententity")
    found = set()
    for key in (*(clause._values or ()), *dict(getattr(clause, "_ordered_values", None) or ())):
        column = key
        if isinstance(key, str) and mapper is not None:
            column = getattr(mapper.mapper.column_attrs.get(key), "expression", None)
        if isinstance(column, sa.Column):
            found.add(column.table)
    return found


def values_compared(
    clause: Any, columns: Sequence[sa.Column[Any]], parameters: Parameters, *, only: bool = False
) -> list[tuple[Any, ...]] | None:
    """Return the values that an UPDATE or DELETE wants columns to equal, per parameter set.

    :param only: whether there may be no other criteria.
    :returns: ``None`` when it does not compare each of them with a value or a parameter.
    """
    compared: dict[Any, sa.BindParameter[Any]] = {}
    parts = [part for each in clause._where_criteria for part in _conjunction(each)]
    for part in parts:
        if getattr(part, "operator", None) is not operators.eq:
            continue
        if isinstance(part.left, sa.Column) and isinstance(part.right, sa.BindParameter):
            compared[part.left] = part.right
    if not columns or not all(c in compared for c in columns):
        return None
    if only and len(parts) > len(columns):
        return None
    return [tuple(_value(compared[c], given) for c in columns) for given in parameters]


def values_set(clause: Any, parameters: Parameters) -> list[dict[str, Any]]:
    """Return what an UPDATE sets, by column key and per parameter set; expressions as they are."""
    compared = {
        element.key
        for criterion in clause._where_criteria
        for element in visitors.iterate(criterion)
        if isinstance(element, sa.BindParameter)
    }
    fixed = {**(clause._values or {}), **dict(getattr(clause, "_ordered_values", None) or ())}
    return [
        _row(fixed, {name: value for name, value in given.items() if name not in compared})
        for given in parameters
    ]


def selection(clause: Any, columns: Iterable[Any]) -> Any:
    """Return the query for what an UPDATE or DELETE is about to write."""
    mapper = clause.table._annotations.get("parententity")
    if mapper is not None and not _is_joined(mapper.mapper):
        # asked of the model, so that criteria which the mapper adds are added here too
        columns = [
            getattr(mapper.entity, mapper.mapper.get_property_by_column(c).key) for c in columns
        ]
    return sa.select(*columns).where(*clause._where_criteria)


def _is_joined(mapper: Mapper[Any]) -> bool:
    """Tell whether a query of the class joins tables that an UPDATE or DELETE of it does not."""
    return mapper.inherits is not None and not mapper.single and not mapper.concrete


def parameter_sets(multiparams: Any, params: Any) -> Parameters:
    """Return the parameter sets of an execution as ``before_execute`` is told of them."""
    if multiparams:
        return [each for each in multiparams if isinstance(each, Mapping)] or [{}]
    return [params or {}]


def _row(values: Mapping[Any, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what columns are set to: their values, where these are parameters what is given."""
    named = {value.key for value in values.values() if isinstance(value, sa.BindParameter)}
    found = {
        _name(key): given[value.key]
        if isinstance(value, sa.BindParameter) and value.key in given
        else _plain(value)
        for key, value in values.items()
    }
    return {**found, **{name: value for name, value in given.items() if name not in named}}


def refusal(statement: Statement, reason: str) -> HistoryWriteError:
    """Return the error for a statement that nothing can tell the effect of."""
    verb = type(statement.clause).__visit_name__.upper()
    return HistoryWriteError(
        f"This {verb} on {statement.table.live.name} cannot be captured exactly: {reason}. Load "
        f"the records and change them in a session, or write them by their primary keys. Nothing "
        f"was sent."
    )


def refuse_streamed(
    connection: sa.Connection, statement: Statement, execution_options: Mapping[str, Any]
) -> None:
    """Refuse an INSERT whose rows wait on the connection that must be asked what it has written.

    MariaDB's drivers drop them then. SQLAlchemy itself fetches those of several parameter sets.
    """
    if (
        statement.clause.is_insert
        and statement.returns
        and not statement.is_repeated
        and connection.dialect.name in ("mysql", "mariadb")
        and execution_options.get("stream_results")
        and (statement.is_upsert or statement.keys_given() is None)
    ):
        raise refusal(statement, "its rows are streamed (stream_results, yield_per)")


def _is_null_unless_given(column: sa.Column[Any]) -> bool:
    return not column.primary_key and column.default is None and column.server_default is None


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
