"""What a dialect is given to write: a history transaction, table by table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import Key
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable


@dataclass(frozen=True, slots=True)
class TableJob:
    """What is to be written about one table.

    A record that is as its open versions say is left out, in all of its tables or in none.

    :ivar live: records that exist, with their operation.
    :ivar gone: records that were deleted.
    :ivar remembered: values of gone records by column key, where something is known.
    :ivar altered: gone records whose open version is not what the database held last.
    :ivar perhaps: records that were written in another table, and may have a row in this one.
    :ivar orphans: those of them that were deleted in the root table: their row here may be gone.
    :ivar siblings: the other tables that records of this one have rows in, and are written to.
    """

    table: VersionedTable
    live: Sequence[tuple[Key, Operation]]
    gone: Sequence[Key]
    remembered: Mapping[Key, Mapping[str, Any]]
    altered: frozenset[Key]
    perhaps: Sequence[Key] = ()
    orphans: Sequence[Key] = ()
    siblings: Sequence[VersionedTable] = ()

    @property
    def keys(self) -> Sequence[tuple[Key, Operation]]:
        """Every record that may get a version, with the operation that it is most likely to be."""
        return [*self.live, *self.untold, *((key, Operation.DELETE) for key in self.gone)]

    @property
    def untold(self) -> Sequence[tuple[Key, Operation]]:
        """The records that may have a row here: if so, it is there as before."""
        return [(key, Operation.UPDATE) for key in self.perhaps]

    @property
    def compared(self) -> Sequence[tuple[Key, Operation]]:
        """The records that may turn out to be as they were."""
        return [*(each for each in self.live if each[1] is Operation.UPDATE), *self.untold]

    def remembered_row(self, key: Key, transaction_id: int) -> dict[str, Any]:
        """Return the version of a gone record as memory knows it, by column key."""
        recorded = {live.key for live, _ in self.table.columns} - self.table.blank
        row = {name: value for name, value in self.remembered[key].items() if name in recorded}
        row |= dict(zip((c.key for c in self.table.key), key, strict=True))
        row |= {flag.key: True for _, flag in self.table.flags}
        row[self.table.transaction_id.key] = transaction_id
        row[self.table.operation_type.key] = int(Operation.DELETE)
        return row

    def only(self, keys: Set[Key]) -> TableJob:
        """Return what is to be written about some of the records."""
        return replace(
            self,
            live=[each for each in self.live if each[0] in keys],
            gone=[key for key in self.gone if key in keys],
            altered=self.altered & keys,
            perhaps=[key for key in self.perhaps if key in keys],
            orphans=[key for key in self.orphans if key in keys],
        )


@dataclass(frozen=True, slots=True)
class WriteJob:
    """A whole history transaction.

    :ivar transaction: the table that the transaction's row goes to.
    :ivar values: the row, without its id.
    :ivar transaction_id: the id, where it was drawn before.
    :ivar asked: whether its row is there already and stays, because somebody asked for it.
    :ivar final: whether it is written for good, and not as a draft.
    :ivar closes: whether predecessors get their end.
    """

    transaction: sa.Table
    values: Mapping[str, Any]
    transaction_id: int | None
    tables: Sequence[TableJob]
    closes: bool = True
    asked: bool = False
    final: bool = False


def parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield the items in parts that one statement can take."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
