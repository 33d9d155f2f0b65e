"""Many rows by what they are told apart by: a bounded number in each statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

CHUNK = 500
"""Keys in one statement: well below the number of values that any database takes."""

Key = tuple[Any, ...]


def chunks(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """Yield the different ones of some keys in their order, a few hundred at a time."""
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), CHUNK):
        yield wanted[start : start + CHUNK]


def among(columns: Sequence[Any], keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    """Select rows whose columns have one of some combinations of values.

    :param keys: one of :func:`chunks`. A chain of OR would be too deep an expression for SQLite.
    """
    if len(columns) == 1:
        matching: sa.ColumnElement[bool] = columns[0].in_([key[0] for key in keys])
        return matching
    return sa.tuple_(*columns).in_(list(keys))


def placed(columns: Sequence[Any], places: Sequence[Key]) -> sa.ColumnElement[bool]:
    """Select versions whose columns have one of some combinations of values, by the index.

    SQLite finds combinations only by reading a whole table; where each column's values are said as
    well, it finds them by the index. On the other databases that says nothing new.

    :param columns: those of an index, such as key and transaction.
    :param places: one of :func:`chunks`.
    """
    each = zip(columns, zip(*places, strict=True), strict=True)
    return sa.and_(
        *(column.in_(list(dict.fromkeys(values))) for column, values in each),
        among(columns, places),
    )


def beyond(
    columns: Sequence[Any], values: Sequence[Any], *, rising: bool
) -> sa.ColumnElement[bool]:
    """Return the condition that rows come behind ``values`` in the order of ``columns``.

    Row values are written out: not every database can search an index by ``(a, b) < (1, 2)``.

    :param rising: whether that order is the rising one.
    """
    behind = []
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        equal = [a == b for a, b in zip(columns[:place], values[:place], strict=True)]
        behind.append(sa.and_(*equal, column > value if rising else column < value))
    first = columns[0] >= values[0] if rising else columns[0] <= values[0]
    return sa.and_(first, sa.or_(*behind))
