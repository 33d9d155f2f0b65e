"""PostgreSQL's triggers: what is written past the application, by whom, and with which rights."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.dialects.postgresql import create_trigger, drop_trigger, sync_trigger
from flask_continuum.engine.dialects import dialect_for
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.native import installing
from flask_continuum.engine.native.bodies import setting_name
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom, build
from tests.support.marks import on

pytestmark = on("postgresql")


@pytest.fixture
def newsroom(engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(engine, options={"native_versioning": True})
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=i, name=f"s{i}") for i in (1, 2)])
    yield newsroom
    check(newsroom.engine, newsroom.manager)


def psql(engine: sa.Engine, *commands: str, **environment: str) -> None:
    """Run commands in the real client, as one session."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run(
        ["psql", "-v", "ON_ERROR_STOP=1", "-qX", url],
        input=";\n".join(commands) + ";",
        env={**os.environ, **environment},
        text=True,
        check=True,
    )


def sections(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def transactions(newsroom: Newsroom) -> list[Any]:
    (history,) = newsroom.manager.registry.history.values()
    table = history.transaction
    with newsroom.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)).mappings())


def test_what_psql_changes_is_told_with_who_it_was(newsroom: Newsroom) -> None:
    psql(
        newsroom.engine,
        "BEGIN",
        "UPDATE section SET name = 'x' WHERE id = 1",
        "DELETE FROM section WHERE id = 2",
        "INSERT INTO section VALUES (3, 'new')",
        "COMMIT",
        PGAPPNAME="nightly",
    )
    assert sections(newsroom) == [
        (1, "s1", 1, 2, 0),
        (1, "x", 2, None, 1),
        (2, "s2", 1, 2, 0),
        (2, "s2", 2, None, 2),
        (3, "new", 2, None, 0),
    ]
    _, outside = transactions(newsroom)
    assert outside["kind"] == "outside"
    assert outside["context"]["db_user"] == newsroom.engine.url.username
    assert outside["context"]["application"] == "nightly"
    assert outside["context"]["client"] in ("127.0.0.1", "::1")
    assert outside["uid"]


def test_what_psql_does_not_change_in_net_leaves_nothing(newsroom: Newsroom) -> None:
    psql(newsroom.engine, "UPDATE section SET name = name")
    psql(newsroom.engine, "BEGIN", "DELETE FROM section", "ROLLBACK")
    assert len(sections(newsroom)) == 2
    assert len(transactions(newsroom)) == 1


def test_a_savepoint_takes_the_transaction_of_the_trigger_back(newsroom: Newsroom) -> None:
    psql(
        newsroom.engine,
        "BEGIN",
        "SAVEPOINT s",
        "UPDATE section SET name = 'lost'",
        "ROLLBACK TO s",
        "UPDATE section SET name = 'kept' WHERE id = 1",
        "COMMIT",
    )
    assert sections(newsroom)[:2] == [(1, "s1", 1, 2, 0), (1, "kept", 2, None, 1)]
    assert [each["kind"] for each in transactions(newsroom)] == [None, "outside"]


def test_truncate_is_a_deletion_of_everything(newsroom: Newsroom) -> None:
    psql(newsroom.engine, "TRUNCATE section CASCADE")
    assert [row[1:] for row in sections(newsroom)] == [
        ("s1", 1, 2, 0),
        ("s1", 2, None, 2),
        ("s2", 1, 2, 0),
        ("s2", 2, None, 2),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO section VALUES (1, 'x'), (3, 'new') "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        "WITH u AS (UPDATE section SET name = 'x' WHERE id = 1) "
        "INSERT INTO section VALUES (3, 'new') RETURNING id",
        "MERGE INTO section s USING (VALUES (1, 'x'), (3, 'new')) v(id, name) ON s.id = v.id "
        "WHEN MATCHED THEN UPDATE SET name = v.name "
        "WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name)",
    ],
    ids=["upsert", "cte", "merge"],
)
def test_statements_that_do_several_things(newsroom: Newsroom, statement: str) -> None:
    psql(newsroom.engine, statement)
    assert sections(newsroom) == [
        (1, "s1", 1, 2, 0),
        (1, "x", 2, None, 1),
        (2, "s2", 1, None, 0),
        (3, "new", 2, None, 0),
    ]


def test_who_writes_the_table_needs_no_rights_on_its_history(newsroom: Newsroom) -> None:
    name = f"continuum_writer_{os.getpid()}"
    with newsroom.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")
        connection.exec_driver_sql(f"GRANT SELECT, UPDATE ON section TO {name}")
    try:
        psql(newsroom.engine, f"SET ROLE {name}", "UPDATE section SET name = 'x' WHERE id = 1")
    finally:
        with newsroom.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")
    assert sections(newsroom)[1] == (1, "x", 2, None, 1)


def test_names_are_not_taken_from_temporary_tables(newsroom: Newsroom) -> None:
    """Nor from the schemas that a session would find first."""
    psql(
        newsroom.engine,
        "CREATE TEMP TABLE section_version (LIKE public.section_version)",
        "CREATE SCHEMA other",
        "CREATE TABLE other.transaction (LIKE public.transaction)",
        "SET search_path = other, public",
        "UPDATE public.section SET name = 'x' WHERE id = 1",
    )
    assert sections(newsroom)[1] == (1, "x", 2, None, 1)


def test_a_program_that_overtakes_the_application(newsroom: Newsroom) -> None:
    """The application's transaction goes on under another row of the same identity."""
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 2).name = "slow"
        session.flush()
        psql(newsroom.engine, "UPDATE section SET name = 'quick' WHERE id = 1")
        session.get(newsroom.Section, 1, populate_existing=True).name = "slow too"
        session.commit()
    found = [row[1:] for row in sections(newsroom) if row[0] == 1]
    assert found == [("s1", 1, 3, 0), ("quick", 3, 4, 1), ("slow too", 4, None, 1)]
    _, first, outside, again = transactions(newsroom)
    assert (first["uid"], outside["kind"]) == (again["uid"], "outside")


def test_text_of_the_application_belongs_to_its_transaction(newsroom: Newsroom) -> None:
    with newsroom.commit(reason="by hand") as session:
        session.execute(sa.text("UPDATE section SET name = 'x' WHERE id = 1"))
        session.connection().exec_driver_sql("DELETE FROM section WHERE id = 2")
    assert [(each["kind"], each["reason"]) for each in transactions(newsroom)] == [
        (None, None),
        (None, "by hand"),
    ]
    assert [row[-1] for row in sections(newsroom)] == [0, 1, 0, 2]


def test_a_connection_that_commits_by_itself(newsroom: Newsroom) -> None:
    """Each of its statements is a transaction, which is told as somebody else's."""
    with newsroom.sessions() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        session.get(newsroom.Section, 1).name = "x"
        session.commit()
    assert sections(newsroom)[:2] == [(1, "s1", 1, 2, 0), (1, "x", 2, None, 1)]
    assert [each["kind"] for each in transactions(newsroom)] == [None, "outside"]


@pytest.fixture
def partitioned(engine: sa.Engine) -> Newsroom:
    """A newsroom whose places are in partitions, one of them in ``place_at``."""
    newsroom = build(engine, options={"native_versioning": True})
    table = newsroom.registry_of(newsroom.Place).table
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE place")
        connection.exec_driver_sql(
            "CREATE TABLE place (country varchar(10), number int, name varchar(50), "
            "note varchar(50), PRIMARY KEY (country, number)) PARTITION BY LIST (country)"
        )
        for name in ("at", "de"):
            connection.exec_driver_sql(
                f"CREATE TABLE place_{name} PARTITION OF place FOR VALUES IN ('{name}')"
            )
        installing.install(connection, newsroom.manager.registry, [table])
    with newsroom.commit() as session:
        session.add(newsroom.Place(country="at", number=1, name="Graz"))
        session.flush()
        session.get(newsroom.Place, ("at", 1)).name = "Wien"
    return newsroom


def test_partitioned_tables(partitioned: Newsroom) -> None:
    psql(partitioned.engine, "UPDATE place SET country = 'de'")
    assert rows(partitioned.engine, partitioned.registry_of(partitioned.Place).table) == [
        ("at", 1, "Wien", 1, 2, 0),
        ("at", 1, "Wien", 2, None, 2),
        ("de", 1, "Wien", 2, None, 0),
    ]
    check(partitioned.engine, partitioned.manager)


# -- installing --------------------------------------------------------------------------------


def test_drift_is_found_and_mended(newsroom: Newsroom) -> None:
    registry = newsroom.manager.registry
    with newsroom.engine.begin() as connection:
        assert list(installing.drift(connection, registry)) == []
        connection.exec_driver_sql("DROP TRIGGER section_version_update ON section")
        connection.exec_driver_sql("ALTER TABLE tag DISABLE TRIGGER tag_version_insert")
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION place_version_writes() RETURNS trigger "
            "LANGUAGE plpgsql AS 'BEGIN /* continuum:0123456789abcdef */ RETURN NULL; END'"
        )
        found = {(each.name, each.is_missing) for each in installing.drift(connection, registry)}
        assert {("section_version_update", True), ("tag_version_insert", True)} <= found
        assert ("place_version_writes", False) in found
        installing.sync(connection, registry)
        assert list(installing.drift(connection, registry)) == []


def test_helpers_of_migrations(newsroom: Newsroom) -> None:
    section = newsroom.Section.__table__
    registry = newsroom.manager.registry
    with newsroom.sessions() as session:
        drop_trigger(session, "section", metadata=section.metadata)
        found = list(installing.drift(session.connection(), registry))
        assert {each.table.live for each in found} == {section}
        create_trigger(session, section)
        assert list(installing.drift(session.connection(), registry)) == []
        drop_trigger(session, "section", metadata=section.metadata)
        sync_trigger(session, "section_version", metadata=section.metadata)
        assert list(installing.drift(session.connection(), registry)) == []
        with pytest.raises(ImproperlyConfigured, match="'sectoin'"):
            sync_trigger(session, "sectoin", metadata=section.metadata)
        session.commit()


def test_dropping_tables_drops_functions(newsroom: Newsroom) -> None:
    newsroom.base.metadata.drop_all(newsroom.engine)
    with newsroom.engine.connect() as connection:
        count = "SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%continuum:%'"
        assert connection.exec_driver_sql(count.replace("%", "%%")).scalar() == 0
    newsroom.base.metadata.create_all(newsroom.engine)


# -- limits ------------------------------------------------------------------------------------


def test_what_is_taken_back_later_leaves_the_row_of_an_outside_transaction(
    newsroom: Newsroom,
) -> None:
    psql(
        newsroom.engine,
        "BEGIN",
        "UPDATE section SET name = 'x' WHERE id = 1",
        "UPDATE section SET name = 's1' WHERE id = 1",
        "COMMIT",
    )
    assert len(sections(newsroom)) == 2
    _, empty = transactions(newsroom)
    assert empty["kind"] == "outside"
    (history,) = newsroom.manager.registry.history.values()
    with newsroom.engine.begin() as connection:  # what the check would hold against it
        connection.execute(history.transaction.delete().where(history.transaction.c.id == 2))


def test_settings_name_the_transaction(newsroom: Newsroom) -> None:
    (history,) = newsroom.manager.registry.history.values()
    with newsroom.engine.connect() as connection:
        name = setting_name(history.transaction, dialect_for(connection))
    psql(
        newsroom.engine,
        "BEGIN",
        f"SET LOCAL {name} = '{{1}}'",
        "INSERT INTO section VALUES (3, 'new')",
        "COMMIT",
    )
    assert sections(newsroom)[-1] == (3, "new", 1, None, 0)
    assert len(transactions(newsroom)) == 1


def test_what_is_written_to_a_partition_by_its_name_is_not_seen(partitioned: Newsroom) -> None:
    """The next statement on the table as a whole records what has become of its rows."""
    table = partitioned.registry_of(partitioned.Place).table
    psql(partitioned.engine, "UPDATE place_at SET name = 'Linz'")
    assert rows(partitioned.engine, table) == [("at", 1, "Wien", 1, None, 0)]
    psql(partitioned.engine, "UPDATE place SET name = name")
    assert rows(partitioned.engine, table) == [
        ("at", 1, "Wien", 1, 2, 0),
        ("at", 1, "Linz", 2, None, 1),
    ]
    check(partitioned.engine, partitioned.manager)
