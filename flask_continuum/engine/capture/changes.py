"""What a unit of work tells the writer, and what of it was written before the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The net effect on one table.

    :ivar live: records that exist now, with the operation that says how they came to be so.
    :ivar gone: records that were deleted.
    :ivar remembered: values of gone records by column key, where something is remembered.
    :ivar altered: gone records whose open version is not what the database held last.
    :ivar moved: gone keys, each with the key that its record has now, one of the inserted ones.
    :ivar perhaps: records that were written in another table of their hierarchy, and may have a
        row in this one, which nobody has written.
    :ivar orphans: those of them that were deleted in the root table.
    """

    table: VersionedTable
    live: tuple[tuple[Key, Operation], ...]
    gone: tuple[Key, ...]
    remembered: Mapping[Key, Mapping[str, Any]]
    altered: frozenset[Key]
    moved: tuple[tuple[Key, Key], ...] = ()
    perhaps: tuple[Key, ...] = ()
    orphans: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """Versions that were written before the commit, because somebody asked for them.

    :ivar transaction_ids: the id that they were written under, by metadata.
    :ivar revision: the unit of work's revision when the ids were drawn.
    :ivar written: the unit of work's revision when the rows were written.
    :ivar changes: what was written.
    :ivar said: what applications had set on the objects of its transactions, by metadata.
    :ivar overtaken: whether a baseline was written since, so that its ids are too small by now.
    """

    transaction_ids: Mapping[Any, int]
    revision: int
    written: int
    changes: tuple[Changes, ...]
    said: Mapping[Any, Mapping[str, Any]]
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A transaction whose row was written before the commit, because somebody asked for it.

    :ivar id: its id, which is final: applications keep it.
    :ivar values: its row as it was inserted, by column key.
    :ivar said: what of that had been set on its object, before there was the row.
    :ivar thing: the Transaction object that the application was given.
    :ivar wanted: whether the application asked for it; else triggers have needed it.
    """

    id: int
    values: Mapping[str, Any]
    said: Mapping[str, Any]
    thing: Any = None
    wanted: bool = True
