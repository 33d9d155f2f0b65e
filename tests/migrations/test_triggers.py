"""Triggers follow the models by generated migrations, there and back, with their data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum import doctor, verify
from flask_continuum.engine.maintenance.checkup.symptoms import SymptomKind
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.native.catalogue import read_catalogue
from tests.engine.invariants import rows
from tests.support.migrations import Migrations, make_migrations
from tests.support.native import NATIVE

pytestmark = pytest.mark.parametrize("database_kind", NATIVE, indirect=True)


@dataclass(frozen=True)
class Stage:
    """The models of one release."""

    Article: Any
    metadata: sa.MetaData
    manager: VersioningManager
    sessions: sessionmaker[Session]
    engine: sa.Engine

    def outside(self, statement: str) -> None:
        """Write as another program does."""
        other = sa.create_engine(self.engine.url)
        with other.begin() as connection:
            connection.exec_driver_sql(statement)
        other.dispose()

    def history(self) -> list[tuple[Any, ...]]:
        """What the versions hold: the key, the other columns, the operation."""
        found = rows(self.engine, self.manager.registry.of(self.Article).table)
        return [(*row[:-3], row[-1]) for row in found]

    def triggers(self) -> int:
        with self.engine.connect() as connection:
            return len(read_catalogue(connection, None))

    def symptoms(self) -> set[SymptomKind]:
        with self.sessions() as session:
            assert verify(session, self.manager).is_clean
            kinds = {each.kind for each in doctor(session, self.manager).symptoms}
        return kinds - {SymptomKind.HISTORY_INCOMPLETE}


@pytest.fixture
def release(engine: sa.Engine) -> Iterator[Callable[..., Stage]]:
    """Define the models of a release; those of the one before are versioned no longer."""
    managers: list[VersioningManager] = []

    def release(native: bool = True, **columns: Any) -> Stage:
        for manager in managers:
            manager.detach()

        class Base(DeclarativeBase):
            pass

        found = {name: sa.Column(kind) for name, kind in columns.items()}
        marks = {"__tablename__": "article", "__versioned__": {"native_versioning": native}}
        key = {"id": sa.Column(sa.Integer, primary_key=True)}
        article: Any = type("Article", (Base,), {**marks, **key, **found})
        manager = VersioningManager(user_cls=None)
        sessions = sessionmaker(engine)
        manager.attach(Base, sessions, engine)
        managers.append(manager)
        Base.registry.configure()
        return Stage(article, Base.metadata, manager, sessions, engine)

    yield release
    for manager in managers:
        manager.detach()


def migrate(folder: Path, stage: Stage) -> str:
    """Generate a migration for a release and run it there, back and there again."""
    migrations = Migrations(folder, stage.engine, stage.metadata)
    script = migrations.generate()
    migrations.run(command.upgrade, "head")
    migrations.run(command.check)
    migrations.run(command.downgrade, "-1")
    migrations.run(command.upgrade, "head")
    migrations.run(command.check)
    return script


def test_triggers_are_made_follow_and_go(
    engine: sa.Engine, release: Callable[..., Stage], tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    first = release(title=sa.String(50))
    make_migrations(folder, engine, first.metadata)
    script = migrate(folder, first)
    assert "op.create_history_trigger(" in script
    first.outside("INSERT INTO article (id, title) VALUES (1, 'a')")
    assert first.history() == [(1, "a", 0)]
    assert first.symptoms() == set()

    second = release(title=sa.String(80), mood=sa.String(20))
    script = migrate(folder, second)
    assert script.index("op.drop_history_trigger(") < script.index("mood")
    second.outside("UPDATE article SET mood = 'glad'")
    assert second.history() == [(1, "a", None, 0), (1, "a", "glad", 1)]
    assert second.symptoms() == set()

    third = release(mood=sa.String(20))
    migrate(folder, third)
    third.outside("UPDATE article SET mood = 'sad'")
    assert third.history()[-1][1] == "sad"
    assert third.symptoms() == set()

    fourth = release(native=False, mood=sa.String(20))
    assert fourth.triggers()
    assert SymptomKind.TRIGGER_LEFT in fourth.symptoms()
    migrate(folder, fourth)
    assert fourth.triggers() == 0
    assert fourth.symptoms() == set()


def test_a_missing_one_and_an_older_one_are_found_and_mended(
    engine: sa.Engine, release: Callable[..., Stage], tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    stage = release(title=sa.String(50))
    make_migrations(folder, engine, stage.metadata)
    stage.metadata.create_all(engine)
    assert stage.symptoms() == set()
    with engine.begin() as connection:
        *_, one = (each for each in read_catalogue(connection, None) if each.table is not None)
        connection.exec_driver_sql(one.drop[0])
    assert stage.symptoms() == {SymptomKind.TRIGGER_MISSING}
    assert one.name in migrate(folder, stage)
    assert stage.symptoms() == set()

    with engine.begin() as connection:
        first = read_catalogue(connection, None)[0]
        for statement in first.create:
            connection.exec_driver_sql(_restamped(statement))
    assert stage.symptoms() == {SymptomKind.TRIGGER_OUTDATED}
    migrate(folder, stage)
    assert stage.symptoms() == set()


def _restamped(statement: str) -> str:
    """Return a statement whose text says that it is another."""
    before, mark, after = statement.partition("-- continuum:")
    return f"{before}{mark}{'0' * 16}{after[16:]}" if mark else statement


def test_syncing_by_hand_and_as_sql(
    engine: sa.Engine, release: Callable[..., Stage], tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    stage = release(title=sa.String(50))
    migrations = make_migrations(folder, engine, stage.metadata)
    stage.metadata.create_all(engine)
    with engine.begin() as connection:
        for each in reversed(read_catalogue(connection, None)):
            connection.exec_driver_sql(each.drop[0])
    migrations.write('op.sync_history_trigger("article")', 'op.sync_history_trigger("article")')
    written = migrations.run(command.upgrade, "head", sql=True)
    assert "CREATE TRIGGER" in written and "-- continuum:" in written
    assert stage.triggers() == 0
    migrations.run(command.upgrade, "head")
    assert stage.symptoms() == set()
    migrations.run(command.downgrade, "base")
    assert stage.symptoms() == set()
