"""The tables of plugins: nothing is left to migrate, and those of another package count on."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.orm import DeclarativeBase, sessionmaker

import flask_continuum.migrations  # noqa: F401, as in env.py
from flask_continuum import VersioningManager
from flask_continuum.plugins import (
    ActivityPlugin,
    TransactionChangesPlugin,
    TransactionMetaPlugin,
)
from tests.migrations.test_autogenerate import differences
from tests.support.marks import on

UNNUMBERED = {
    "postgresql": "ALTER TABLE activity ALTER COLUMN id DROP DEFAULT",
    "mysql": "ALTER TABLE activity MODIFY id BIGINT NOT NULL",
}


@pytest.fixture
def manager() -> Any:
    plugins = [TransactionChangesPlugin(), TransactionMetaPlugin(), ActivityPlugin()]
    manager = VersioningManager(user_cls=None, plugins=plugins)
    yield manager
    # what make_versioned() takes, it takes from every class that is still mapped
    declared = {sa.inspect(model).registry for model in manager.registry.options}
    manager.reset()
    for each in declared:
        each.dispose(cascade=True)


def define(manager: VersioningManager, engine: sa.Engine) -> tuple[Any, Any]:
    class Base(DeclarativeBase):
        pass

    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)

    Base.metadata.create_all(engine)
    return Thing, sessions


def test_nothing_is_left_after_create_all(manager: VersioningManager, engine: sa.Engine) -> None:
    thing, _ = define(manager, engine)
    assert {"activity", "transaction_changes", "transaction_meta"} <= set(thing.metadata.tables)
    assert differences(engine, thing.metadata) == []


@on("postgresql", "mariadb")
def test_activities_that_another_package_numbered_count_on(
    manager: VersioningManager, engine: sa.Engine
) -> None:
    thing, sessions = define(manager, engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(UNNUMBERED[engine.dialect.name])
        connection.exec_driver_sql("INSERT INTO activity (id, transaction_id) VALUES (7, 0)")
    assert differences(engine, thing.metadata) == [("adopt_history", "activity")]
    with engine.begin() as connection:
        Operations(MigrationContext.configure(connection)).adopt_history("activity")  # type: ignore[attr-defined]
    assert differences(engine, thing.metadata) == []
    manager.configure()
    activity = manager.activity_cls  # type: ignore[attr-defined]
    with sessions() as session:
        done = activity(verb="add", object=thing())
        session.add(done)
        session.commit()
        assert (done.id, done.object_tx_id) == (8, done.transaction_id)
    with engine.begin() as connection:
        Operations(MigrationContext.configure(connection)).release_history("activity")  # type: ignore[attr-defined]
    assert differences(engine, thing.metadata) == [("adopt_history", "activity")]
