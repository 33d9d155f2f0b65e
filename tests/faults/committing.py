"""A process that commits transactions until somebody kills it.

Run as ``python -m tests.faults.committing URL WRITE SEED``. Each transaction writes its name into
several tables at once, so that a part of one is seen for what it is; when it has committed, the
name is printed.
"""

from __future__ import annotations

import random
import sys
from itertools import count

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.engine.newsroom import Newsroom, build

KEYS = range(1, 6)


def main(url: str, write: str, seed: str) -> None:
    """Commit for ever."""
    engine = sa.create_engine(url)
    newsroom = build(engine)  # the tables are there
    newsroom.manager.write = write
    chance = random.Random(seed)
    for number in count(1):
        name = f"{seed}.{number}"
        with newsroom.commit(reason=name) as session:
            write_everywhere(newsroom, session, name, chance)
        print(name, flush=True)


def write_everywhere(
    newsroom: Newsroom, session: Session, name: str, chance: random.Random
) -> None:
    """Leave a mark in all sections, the article, the place and the links."""
    session.execute(sa.update(newsroom.Section).values(name=name))
    article = session.get_one(newsroom.Article, 1)
    article.title = name
    if chance.random() < 0.3:
        session.flush()
        version = newsroom.registry_of(newsroom.Article).version_class
        session.scalars(sa.select(version).where(version.transaction_id > 0).limit(3)).all()
    with session.begin_nested():
        place = session.get(newsroom.Place, ("pt", 1))
        if place is None:
            session.add(newsroom.Place(country="pt", number=1, name=name))
        else:
            session.delete(place)
    tag = session.get_one(newsroom.Tag, chance.choice(KEYS))
    if tag in article.tags:
        article.tags.remove(tag)
    else:
        article.tags.append(tag)


if __name__ == "__main__":
    main(*sys.argv[1:])
