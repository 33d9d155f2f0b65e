"""Random programs against a plain oracle: history is the difference between committed states."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build

KEYS = st.integers(1, 3)
STEP = st.one_of(
    st.tuples(st.just("put"), KEYS, st.sampled_from("abAB")),
    st.tuples(st.just("delete"), KEYS, st.none()),
    st.tuples(st.sampled_from(["link", "unlink"]), st.integers(1, 2), st.integers(1, 2)),
    st.tuples(
        st.sampled_from(
            ["flush", "read", "savepoint", "release", "back", "commit", "commit", "rollback"]
        ),
        st.none(),
        st.none(),
    ),
)
PROGRAMS = st.lists(STEP, min_size=4, max_size=30)
EXAMPLES = {"sqlite": 60, "postgresql": 15, "mysql": 15}
MORE = int(os.environ.get("CONTINUUM_TEST_PROGRAMS", "1"))
"""How many times as many programs are run."""


@dataclass
class State:
    """What the database holds, and what deleted records held last in this transaction."""

    sections: dict[int, str] = field(default_factory=dict)
    links: set[tuple[int, int]] = field(default_factory=set)
    last: dict[int, str] = field(default_factory=dict)


@dataclass
class Oracle:
    """Versions that must be there, as (value, operation) by record."""

    committed: State = field(default_factory=State)
    now: State = field(default_factory=State)
    stack: list[State] = field(default_factory=list)
    sections: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    links: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def commit(self) -> None:
        before, after = self.committed.sections, self.now.sections
        for key in before.keys() | after.keys():
            chain = self.sections.setdefault(key, [])
            if key not in before:
                chain.append((after[key], 0))
            elif key not in after:
                chain.append((self.now.last[key], 2))
            elif before[key] != after[key]:
                chain.append((after[key], 1))
        for pair in self.committed.links ^ self.now.links:
            self.links.setdefault(pair, []).append(0 if pair in self.now.links else 2)
        self.now.last = {}
        self.committed = deepcopy(self.now)
        self.stack.clear()

    def rollback(self) -> None:
        self.now = deepcopy(self.committed)
        self.stack.clear()


def run(newsroom: Newsroom, program: list[tuple[Any, Any, Any]]) -> Oracle:
    oracle = Oracle()
    with newsroom.sessions() as session:
        savepoints: list[Any] = []
        for name, one, two in [*program, ("commit", None, None)]:
            step(newsroom, session, oracle, savepoints, name, one, two)
    return oracle


def step(
    newsroom: Newsroom,
    session: Session,
    oracle: Oracle,
    savepoints: list[Any],
    name: str,
    one: Any,
    two: Any,
) -> None:
    now = oracle.now
    if name == "put":
        section = session.get(newsroom.Section, one)
        if section is None:
            session.add(newsroom.Section(id=one, name=two))
        else:
            section.name = two
        now.sections[one] = two
    elif name == "delete":
        section = session.get(newsroom.Section, one)
        if section is not None:
            session.flush()
            now.last[one] = now.sections.pop(one)
            session.delete(section)
            session.flush()
    elif name in ("link", "unlink"):
        article, tag = session.get(newsroom.Article, one), session.get(newsroom.Tag, two)
        if name == "link" and tag not in article.tags:
            article.tags.append(tag)
            now.links.add((one, two))
        elif name == "unlink" and tag in article.tags:
            article.tags.remove(tag)
            now.links.discard((one, two))
    elif name == "flush":
        session.flush()
    elif name == "read":
        version = newsroom.registry_of(newsroom.Section).version_class
        session.scalars(sa.select(version)).all()
    elif name == "savepoint":
        savepoints.append(session.begin_nested())
        oracle.stack.append(deepcopy(now))
    elif name == "release" and savepoints:
        savepoints.pop().commit()
        oracle.stack.pop()
    elif name == "back" and savepoints:
        savepoints.pop().rollback()
        oracle.now = oracle.stack.pop()
    elif name == "commit":
        session.flush()
        while savepoints:
            savepoints.pop().commit()
        session.commit()
        oracle.commit()
    elif name == "rollback":
        while savepoints:
            savepoints.pop().rollback()
        session.rollback()
        oracle.rollback()


@pytest.fixture(params=["commit", "flush"])
def newsroom(request: pytest.FixtureRequest, engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(engine)
    newsroom.manager.write = request.param
    with newsroom.commit() as session:
        session.add_all(newsroom.Article(id=i, title=f"a{i}") for i in (1, 2))
        session.add_all(newsroom.Tag(id=i, name=f"t{i}") for i in (1, 2))
    yield newsroom
    newsroom.manager.detach()


def clear(newsroom: Newsroom) -> None:
    """Empty what a program has written, past all listeners."""
    section = newsroom.registry_of(newsroom.Section).table
    link = newsroom.manager.registry.link_table(newsroom.article_tag)
    (history,) = newsroom.manager.registry.history.values()
    assert link is not None
    tables = (section.live, section.version, link.live, link.version)
    with newsroom.engine.begin() as connection:
        for table in tables:
            connection.exec_driver_sql(f"DELETE FROM {table.name}")
        quoted = connection.dialect.identifier_preparer.format_table(history.transaction)
        connection.exec_driver_sql(f"DELETE FROM {quoted} WHERE id > 1")


def test_history_is_the_difference_between_committed_states(newsroom: Newsroom) -> None:
    section = newsroom.registry_of(newsroom.Section).table
    link = newsroom.manager.registry.link_table(newsroom.article_tag)
    assert link is not None

    @settings(
        max_examples=EXAMPLES[newsroom.engine.dialect.name] * MORE,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(PROGRAMS)
    def programs(program: list[tuple[Any, Any, Any]]) -> None:
        clear(newsroom)
        oracle = run(newsroom, program)
        check(newsroom.engine, newsroom.manager)
        with newsroom.engine.connect() as connection:
            found: dict[int, list[tuple[str, int]]] = {}
            for row in connection.execute(
                sa.select(
                    section.version.c.id, section.version.c.name, section.operation_type
                ).order_by(section.transaction_id)
            ):
                found.setdefault(row[0], []).append((row[1], row[2]))
            links: dict[tuple[int, int], list[int]] = {}
            for row in connection.execute(
                sa.select(*link.version_key, link.operation_type).order_by(link.transaction_id)
            ):
                links.setdefault((row[0], row[1]), []).append(row[2])
        assert found == {key: chain for key, chain in oracle.sections.items() if chain}
        assert links == oracle.links

    programs()
