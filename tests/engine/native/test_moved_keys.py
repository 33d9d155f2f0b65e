"""Keys that records take over from each other by plain UPDATEs: what triggers tell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.dialects.fragments import OWN
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom, build
from tests.support.native import NATIVE

pytestmark = pytest.mark.parametrize("database_kind", NATIVE, indirect=True)

#: ``1>7`` changes a key, ``+`` inserts, ``-`` deletes, ``|`` commits
SAME = [
    "1>9 2>1 9>2",  # swapped
    "3>4 2>3",  # a chain, in which the key 3 goes on
    "3>4 2>3 1>2",
    "3>4 2>3 4>5",
    "1>9 2>1 9>5",
    "1>7 7>8 8>1",
    "1>7 +1",
    "1>7 2>8 3>9",  # the list in the context grows with each
    "1>7 2>8 -8",
    "1>7 2>1 | 7>2 1>8",
    "-2 1>2",
    "-3 2>3 1>2",
]


def by_hand(newsroom: Newsroom, session: Session) -> Callable[[str], None]:
    """Play steps as statements that only the database knows."""
    statements = {
        "+": "INSERT INTO section (id, name) VALUES (:new, 'new')",
        "-": "DELETE FROM section WHERE id = :old",
        ">": "UPDATE section SET id = :new WHERE id = :old",
    }

    def play(step: str) -> None:
        sign = next(each for each in step if each in statements)
        old, _, new = step.partition(sign)
        keys = {"old": old or new, "new": new}
        session.execute(
            sa.text(statements[sign]).bindparams(
                **{name: int(key) for name, key in keys.items() if f":{name}" in statements[sign]}
            )
        )

    return play


def by_session(newsroom: Newsroom, session: Session) -> Callable[[str], None]:
    """Play steps with objects."""

    def play(step: str) -> None:
        if step[0] == "+":
            session.add(newsroom.Section(id=int(step[1:]), name="new"))
        elif step[0] == "-":
            session.delete(session.get(newsroom.Section, int(step[1:])))
        else:
            old, new = step.split(">")
            session.get(newsroom.Section, int(old)).id = int(new)
        session.flush()

    return play


def history(
    engine: sa.Engine, steps: str, way: Callable[..., Callable[[str], None]], *, native: bool
) -> tuple[list[Any], list[Any]]:
    """Play steps on sections 1, 2 and 3; return the versions and what transactions tell."""
    newsroom = build(engine, options={"native_versioning": native})
    try:
        with newsroom.commit() as session:
            session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in (1, 2, 3))
        for part in steps.split("|"):
            with newsroom.commit() as session:
                play = way(newsroom, session)
                for step in part.split():
                    play(step)
        check(engine, newsroom.manager)
        (found,) = newsroom.manager.registry.history.values()
        with engine.connect() as connection:
            select = sa.select(found.transaction.c.context).order_by(found.transaction.c.id)
            contexts = connection.scalars(select, execution_options=OWN).all()
        for context in contexts:
            if context:
                context["moved"]["section"].sort()
        return rows(engine, newsroom.registry_of(newsroom.Section).table), list(contexts)
    finally:
        newsroom.manager.detach()
        newsroom.base.metadata.drop_all(engine)


@pytest.mark.parametrize("steps", SAME)
def test_they_are_told_as_by_sessions(engine: sa.Engine, steps: str) -> None:
    expected = history(engine, steps, by_session, native=False)
    assert history(engine, steps, by_hand, native=True) == expected
