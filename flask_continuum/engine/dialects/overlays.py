"""Values that are written over versions: what the database cannot copy from live rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN, Key
from flask_continuum.engine.registry import VersionedTable


def write_over(
    connection: sa.Connection,
    table: VersionedTable,
    ids: Collection[int],
    overlay: Mapping[Key, Mapping[str, Any]],
) -> None:
    """Set columns of the versions that a transaction has written.

    :param overlay: by record, values by column key.
    """
    version = table.version
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for key, values in overlay.items():
        row = {f"v_{name}": value for name, value in values.items()}
        row |= {f"k_{place}": part for place, part in enumerate(key)}
        groups[tuple(values)].append(row)
    for names, rows in groups.items():
        is_record = (
            column == sa.bindparam(f"k_{place}") for place, column in enumerate(table.version_key)
        )
        connection.execute(
            version.update()
            .where(table.transaction_id == sa.bindparam("tx"), *is_record)
            .values({name: sa.bindparam(f"v_{name}") for name in names}),
            [{**row, "tx": each} for each in ids for row in rows],
            execution_options=OWN,
        )
