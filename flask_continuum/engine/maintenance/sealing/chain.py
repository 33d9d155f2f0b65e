"""The chain as it is stored: its last link, and what each link is made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.digests import content_of


def last_seal(place: Place, chain: sa.Table) -> tuple[int, str]:
    """Return the last transaction that is sealed, and the link of the chain; 0 and "" at first."""
    statement = (
        sa.select(chain.c.transaction_id, chain.c.link)
        .order_by(chain.c.transaction_id.desc())
        .limit(1)
    )
    row = place.connection.execute(statement, execution_options=OWN).first()
    return (0, "") if row is None else (row[0], row[1])


def contents(place: Place, sealed: sa.Table, first: int, last: int) -> Iterator[tuple[int, str]]:
    """Yield transactions, each with the digest of all its parts.

    Parts are taken in the order of their digests, which no collation sees otherwise.
    """
    number, digest = sealed.c.transaction_id, sealed.c.digest
    statement = (
        sa.select(number, digest).where(number.between(first, last)).order_by(number, digest)
    )
    for transaction, rows in groupby(place.stream(statement), key=itemgetter(0)):
        yield transaction, content_of(row[1] for row in rows)
