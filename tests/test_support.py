"""The fixtures themselves: databases are empty, failures are loud, statements are counted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from flask_continuum.engine.manager import VersioningManager
from tests.support.availability import LeftOut
from tests.support.databases import Database, Unavailable, open_source
from tests.support.managers import MANAGERS, Managers, detach
from tests.support.marks import on
from tests.support.statements import statements


@pytest.mark.parametrize("again", [False, True])
def test_each_test_finds_its_database_empty(database: Database, again: bool) -> None:
    engine = database.create_engine()
    assert sa.inspect(engine).get_table_names() == []
    metadata = sa.MetaData()
    parent = sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("child", metadata, sa.Column("id", sa.ForeignKey(parent.c.id), primary_key=True))
    metadata.create_all(engine)
    forgotten = engine.connect()
    forgotten.execute(parent.insert().values(id=1))
    # Neither committed nor closed: the cleaning must not wait for its locks.


def test_two_databases_are_apart(
    engine: sa.Engine, database: Database, second_database: Database
) -> None:
    assert second_database.kind == database.kind
    assert second_database.uri != database.uri
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE here (id INTEGER)")
    assert sa.inspect(engine).get_table_names() == ["here"]
    assert sa.inspect(second_database.create_engine()).get_table_names() == []


@on("sqlite")
def test_on_narrows_the_kinds(database: Database) -> None:
    assert database.kind == "sqlite"


def test_on_refuses_unknown_kinds() -> None:
    with pytest.raises(ValueError, match="oracle"):
        on("sqlite", "oracle")


def test_statements_leaves_transaction_control_out(engine: sa.Engine) -> None:
    table = sa.Table("thing", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    table.create(engine)
    with statements(engine) as found, engine.begin() as connection:
        with connection.begin_nested():
            connection.execute(table.insert(), [{"id": 1}, {"id": 2}])
        connection.scalar(sa.select(sa.func.count()).select_from(table))
    with engine.begin() as connection:
        connection.execute(table.delete())
    assert len(found) == 2
    assert len(found.beginning("insert")) == 1
    assert len(found.naming("thing")) == 2
    assert found.naming("thin") == []


@pytest.mark.parametrize(
    ("kind", "variable", "url"),
    [
        ("postgresql", "CONTINUUM_TEST_POSTGRESQL", "postgresql+psycopg://x@127.0.0.1:1/x"),
        ("mariadb", "CONTINUUM_TEST_MARIADB", "mysql+pymysql://x@127.0.0.1:1/"),
    ],
)
def test_a_server_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: str, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(Unavailable, match=rf"{kind} does not answer at .*127\.0\.0\.1:1"):
        open_source(kind)


def test_what_is_missing_is_skipped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("CONTINUUM_REQUIRE_ALL", raising=False)
    left_out = LeftOut()
    with pytest.raises(pytest.skip.Exception):
        left_out.leave_out("no moon")
    assert left_out.summarise(["no moon", "not on Sundays", "no moon"]) == ["left out (2): no moon"]


@pytest.mark.parametrize("variable", ["CI", "CONTINUUM_REQUIRE_ALL"])
def test_what_is_missing_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv(variable, "true")
    with pytest.raises(pytest.fail.Exception, match="no moon"):
        LeftOut().leave_out("no moon")


def test_a_manager_ends_with_what_made_it() -> None:
    managers = Managers()
    with managers.noted() as outer:
        managers.note(kept := VersioningManager(user_cls=None))
        with managers.noted() as inner:
            managers.note(gone := VersioningManager(user_cls=None))
    assert (set(outer), set(inner)) == ({kept}, {gone})
    for manager in (kept, gone):
        manager.apply_class_configuration_listeners(Mapper)
    detach(inner)
    assert (bool(kept._attachments), bool(gone._attachments)) == (True, False)


def test_every_manager_of_a_test_is_noted(pytestconfig: pytest.Config) -> None:
    with pytestconfig.stash[MANAGERS].noted() as made:
        manager = VersioningManager(user_cls=None)
    assert set(made) == {manager}
