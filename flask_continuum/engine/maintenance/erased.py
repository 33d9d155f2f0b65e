"""Versions against what is said to have been erased of them."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from flask_continuum.engine.maintenance.findings import Finding, FindingKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.read.key_texts import key_text


def verify_erasures(place: Place) -> Iterator[Finding]:
    """Yield the versions that hold a value which was erased, in one statement for each column."""
    erasure = place.history.erasure
    told = sa.select(erasure.c.table_name, erasure.c.column_name).distinct()
    names = {tuple(row) for row in place.stream(told)}
    for table in place.tables:
        owner = table.version.fullname
        for column in table.version.c:
            if (owner, column.name) not in names:
                continue
            at = table.transaction_id
            back = sa.select(*table.version_key, at).where(
                column.is_not(None),
                sa.exists().where(
                    erasure.c.table_name == owner,
                    erasure.c.column_name == column.name,
                    erasure.c.record == key_text(table.version_key, place.dialect),
                    at.between(erasure.c.since, erasure.c.until),
                ),
            )
            for *key, number in place.stream(back):
                words = f"the version of transaction {number} has a {column.name} that was erased."
                kind = FindingKind.ERASED_VALUE_IS_BACK
                yield Finding(kind, table.live.fullname, tuple(key), number, words, (column.name,))
