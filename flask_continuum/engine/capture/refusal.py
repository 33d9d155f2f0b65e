"""Classes that may read versioned tables and not write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, Mapper

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.registry import VersionedTable


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRefusal:
    """The mapper events of a class whose objects are told apart otherwise than records are."""

    tables: Sequence[VersionedTable]

    @property
    def listeners(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        """Every event that is attached, with its handler; all of them raw."""
        return tuple((f"before_{verb}", self.refuse) for verb in ("insert", "update", "delete"))

    def refuse(
        self, mapper: Mapper[Any], connection: sa.Connection, state: InstanceState[Any]
    ) -> None:
        """Refuse what a flush is about to write.

        :raises HistoryWriteError: always.
        """
        names = ", ".join(sorted(table.live.name for table in self.tables))
        raise HistoryWriteError(
            f"{mapper.class_.__name__} writes to {names}, which has a history, and its objects "
            f"are told apart by other columns than the records there, so that what it writes "
            f"cannot be captured. Write these records through their versioned class, and keep "
            f"this one for reading."
        )
