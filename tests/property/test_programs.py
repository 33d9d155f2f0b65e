"""Random programs against a plain oracle: history is the difference between committed states.

They write in every way there is, over all kinds of models. After every commit all rows are
compared: live ones, versions, transactions; at the end, everything as it was after each of the
transactions, and what versions were related to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flask_continuum import baseline, prune, repair, vacuum
from flask_continuum.engine.read.families import bases
from tests.property.checks import check_past, check_rows, check_verify
from tests.property.desk import Desk, build
from tests.property.play import Play, Step
from tests.property.programs import PROGRAMS, Do, Furnish

EXAMPLES = {"sqlite": 50, "postgresql": 6, "mysql": 6}
MORE = int(os.environ.get("CONTINUUM_TEST_PROGRAMS", "1"))
"""How many times as many programs are run."""
PARTS = 1 + MORE // 10
"""Into how many tests they are cut, so that several processes have something to do."""


@pytest.fixture(params=["commit", "flush", "native"])
def write(request: pytest.FixtureRequest) -> str:
    """When versions are written, or that triggers do it."""
    found: str = request.param
    return found


@pytest.fixture
def desk(write: str, engine: sa.Engine) -> Iterator[Desk]:
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
    native = write == "native"
    desk = build(engine, native=native)
    desk.manager.write = "commit" if native else write
    yield desk
    desk.manager.detach()


def _prepare(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = OFF")


def run(desk: Desk, program: list[Step]) -> None:
    desk.clear()
    with desk.sessions() as session:
        play = Play(desk, session, check_rows)
        for step in (Furnish(), *program, Do("commit")):
            step.run(play)
    check_past(desk, play.oracle)


@pytest.mark.parametrize("part", range(PARTS))
def test_history_is_the_difference_between_committed_states(desk: Desk, part: int) -> None:
    @settings(
        max_examples=-(-EXAMPLES[desk.dialect.name] * MORE // PARTS),
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(PROGRAMS)
    def programs(program: list[Step]) -> None:
        run(desk, program)

    programs()
    check_verify(desk)


COMMANDS = st.lists(
    st.one_of(
        st.builds(lambda n: ("prune", {"keep": n}), st.integers(1, 3)),
        st.builds(
            lambda age: ("prune", {"older_than": timedelta(milliseconds=age)}), st.integers(0, 200)
        ),
        st.just(("vacuum", {})),
        st.just(("baseline", {})),
        st.just(("repair", {})),
    ),
    min_size=1,
    max_size=4,
)
"""Maintenance with its arguments."""


def test_maintenance_of_whatever_was_written_leaves_nothing_to_find(desk: Desk) -> None:
    @settings(
        max_examples=-(-EXAMPLES[desk.dialect.name] * MORE // 5),
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(PROGRAMS, COMMANDS, st.integers(1, 5))
    def programs(program: list[Step], commands: list[Any], chunk: int) -> None:
        run(desk, program)
        live = rows(desk)
        for name, arguments in commands:
            with desk.sessions() as session:
                if name == "vacuum":
                    for entry in bases(desk.manager.registry):
                        vacuum(session, entry.model)
                    session.commit()
                else:
                    job = {"prune": prune, "baseline": baseline, "repair": repair}[name]
                    done = job(session, desk.manager, chunk=chunk, **arguments)
                    assert name != "repair" or not done.mended, str(done)
            check_verify(desk)
        assert rows(desk) == live

    programs()


def rows(desk: Desk) -> list[list[str]]:
    """All live rows."""
    with desk.engine.connect() as connection:
        return [
            sorted(map(repr, connection.execute(sa.select(table.live))))
            for table in desk.manager.registry.tables.values()
        ]
