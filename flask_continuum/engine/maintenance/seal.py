"""``seal``: a chain of digests over all that is settled, so that a change of it can be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.settled import settled
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.sealing.chain import contents, last_seal
from flask_continuum.engine.maintenance.sealing.digests import (
    digest_of,
    link_of,
    name_of_key,
    new_salt,
    read_key,
)
from flask_continuum.engine.maintenance.sealing.sources import chain_of, settle_texts, sources
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.setup import manager_or_default

Progress = Callable[[int], None]
"""Called after each chunk with the number of transactions that have been sealed."""


def seal(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    key: str | bytes | None = None,
    chunk: int = 1000,
    patience: float = 10.0,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Seal the transactions that have no seal yet, as far as none can come before them any more.

    Each chunk is committed; what is interrupted goes on where it was. Others may go on writing.

    :param session: reads, writes and commits.
    :param manager: whose history is meant; without it, that of ``make_versioned``.
    :param key: with it, whoever does not know it cannot make seals for a history that they have
        changed. Without it the last link has to be kept elsewhere.
    :param chunk: how many transactions at a time.
    :param patience: how many seconds to wait for transactions that are being committed.
    :param progress: called after each chunk.
    :returns: the last link of each database's chain, to be kept elsewhere: it speaks of all before.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    :raises ImproperlyConfigured: without ``SealPlugin``, or when the key is too short.
    :raises ValueError: when a chunk would be empty.
    """
    if chunk < 1:
        raise ValueError(f"A chunk has at least one transaction, not {chunk}.")
    own: Session = session() if isinstance(session, scoped_session) else session
    manager, secret = manager_or_default(manager), read_key(key)
    links, count = [], 0
    for number in range(len(places(own, manager))):
        drawn = 0
        while True:
            place = places(own, manager)[number]  # each commit gives the connections back
            chain, _ = chain_of(place)
            after, link = last_seal(place, chain)
            # what is settled by then is told by another connection: this one may not see it yet
            found = settled(
                place.connection,
                place.history.transaction,
                after=after,
                drawn=drawn,
                limit=chunk,
                patience=patience,
            )
            drawn = found.drawn
            own.rollback()
            if not found.ids:
                links.append(link)
                break
            seal_transactions(places(own, manager)[number], found.ids, link, secret)
            own.commit()
            count += len(found.ids)
            if progress is not None:
                progress(count)
    return tuple(link for link in links if link)


def seal_transactions(place: Place, ids: Sequence[int], link: str, key: bytes | None) -> None:
    """Write the seals of some transactions, which follow those before them."""
    chain, sealed = chain_of(place)
    settle_texts(place)
    for source in sources(place):
        for parts in source.parts(ids[0], ids[-1]):
            rows = []
            for part in parts:
                salt = new_salt()
                digest = digest_of(source.name, part.number, part.record, part.values, salt, None)
                rows.append(
                    {
                        "transaction_id": part.number,
                        "table_name": source.name,
                        "record": part.record,
                        "digest": digest,
                        "salt": salt,
                    }
                )
            place.connection.execute(sealed.insert(), rows, execution_options=OWN)
    links = []
    for number, content in contents(place, sealed, ids[0], ids[-1]):
        link = link_of(link, number, content, key)
        links.append(
            {
                "transaction_id": number,
                "content": content,
                "link": link,
                "key_name": name_of_key(key),
            }
        )
    place.connection.execute(chain.insert(), links, execution_options=OWN)
