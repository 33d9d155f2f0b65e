"""Fixtures every test may use: databases, and what becomes of tests that lack one.

``database`` and ``engine`` run a test on SQLite, PostgreSQL and MariaDB; a test or module that
needs fewer says ``pytestmark = on("sqlite")`` (:mod:`tests.support.marks`). Each test finds its
database empty and may leave in it what it likes.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.availability import LeftOut
from tests.support.databases import KINDS, Database, Source, Unavailable, open_source
from tests.support.kept import Kept, Lent
from tests.support.managers import MANAGERS, Managers, detach
from tests.support.native import is_elsewhere, leave_out

LEFT_OUT = pytest.StashKey[LeftOut]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = LeftOut()
    config.stash[MANAGERS] = Managers()
    config.stash[MANAGERS].watch()


def pytest_collection_finish() -> None:
    # What has been imported stays: the garbage collection need not go through it again and again.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    with request.config.stash[MANAGERS].noted() as made:
        fixturedef.addfinalizer(lambda: detach(made))  # before the fixture's own: runs after them
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with item.config.stash[MANAGERS].noted() as made:
        try:
            return (yield)
        finally:
            detach(made)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, [item for item in items if is_elsewhere(item)])
    # Playwright keeps an event loop running in this thread, in which asyncio.run() refuses to
    # start: tests with a browser come last. They are also the slowest.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skips = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    lines = terminalreporter.config.stash[LEFT_OUT].summarise(
        reason.removeprefix("Skipped: ") for reason in skips
    )
    if lines:
        terminalreporter.section("not everything was tested")
        for line in lines:
            terminalreporter.line(line, yellow=True)


@pytest.fixture(scope="session")
def left_out(pytestconfig: pytest.Config) -> LeftOut:
    """Where a test says that the machine lacks what it needs."""
    return pytestconfig.stash[LEFT_OUT]


class Sources:
    """The sources of databases of this run, each opened when first needed."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out
        self._sources: dict[str, Source | Unavailable] = {}

    def of(self, kind: str) -> Source:
        """The source of ``kind``; the running test is left out when there is none."""
        if kind not in self._sources:
            try:
                self._sources[kind] = open_source(kind)
            except Unavailable as unavailable:
                self._sources[kind] = unavailable
        source = self._sources[kind]
        if isinstance(source, Unavailable):
            self._left_out.leave_out(str(source))
        return source

    def close(self) -> None:
        for source in self._sources.values():
            if isinstance(source, Source):
                source.close()


@pytest.fixture(scope="session")
def sources(left_out: LeftOut) -> Iterator[Sources]:
    sources = Sources(left_out)
    yield sources
    sources.close()


@pytest.fixture(scope="session")
def kept(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Databases that keep their tables from test to test."""
    kept = Kept(tmp_path_factory.mktemp("kept"))
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def lent(pytestconfig: pytest.Config) -> Iterator[Lent]:
    """Models that are lent from test to test."""
    lent = Lent(pytestconfig.stash[MANAGERS])
    yield lent
    lent.close()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that a test runs on: each in turn."""
    kind: str = request.param
    return kind


@pytest.fixture
def database(database_kind: str, sources: Sources, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind in turn."""
    with sources.of(database_kind).database(tmp_path) as database:
        yield database


@pytest.fixture
def second_database(database: Database, sources: Sources, tmp_path: Path) -> Iterator[Database]:
    """Another empty database of the same kind."""
    with sources.of(database.kind).database(tmp_path) as second:
        yield second


@pytest.fixture
def engine(database: Database) -> sa.Engine:
    """An engine for ``database``, with SQLAlchemy's and the driver's defaults."""
    return database.create_engine()
