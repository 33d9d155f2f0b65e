"""P1, together or not at all: whatever happens in between, a change and its version share fate."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.errors import HistoryWriteError
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom
from tests.support.marks import on


def sections(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def live(newsroom: Newsroom) -> list[str]:
    with newsroom.engine.connect() as connection:
        return list(
            connection.scalars(sa.select(newsroom.Section.name).order_by(newsroom.Section.id))
        )


@pytest.fixture
def section(newsroom: Newsroom) -> int:
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=1, name="City"), newsroom.Section(id=2, name="Sea")])
    return 1


def test_a_savepoint_rolled_back_takes_its_versions_along(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        one, two = session.get(newsroom.Section, 1), session.get(newsroom.Section, 2)
        one.name = "kept"
        session.flush()
        with pytest.raises(RuntimeError), session.begin_nested():
            one.name = "lost"
            two.name = "lost"
            session.add(newsroom.Section(id=3, name="lost"))
            session.flush()
            raise RuntimeError
    assert live(newsroom) == ["kept", "Sea"]
    assert sections(newsroom) == [
        (1, "City", 1, 2, 0),
        (1, "kept", 2, None, 1),
        (2, "Sea", 1, None, 0),
    ]


def test_a_savepoint_released_keeps_its_versions(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session, session.begin_nested():
        session.get(newsroom.Section, 1).name = "Metro"
    assert sections(newsroom)[1] == (1, "Metro", 2, None, 1)


def test_an_outer_savepoint_takes_inner_ones_along(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        outer = session.begin_nested()
        session.get(newsroom.Section, 1).name = "lost"
        session.flush()
        with session.begin_nested():
            session.get(newsroom.Section, 2).name = "lost too"
        outer.rollback()
        session.add(newsroom.Section(id=3, name="kept"))
    assert live(newsroom) == ["City", "Sea", "kept"]
    assert len(sections(newsroom)) == 3


def test_a_deletion_in_a_savepoint_that_is_rolled_back(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        savepoint = session.begin_nested()
        session.delete(session.get(newsroom.Section, 1))
        session.flush()
        savepoint.rollback()
        session.get(newsroom.Section, 2).name = "River"
    assert live(newsroom) == ["City", "River"]


def test_the_first_write_may_come_inside_a_savepoint(newsroom: Newsroom, section: int) -> None:
    """The transaction's row must not be lost with a savepoint that began before it."""
    with newsroom.commit() as session:
        session.connection()
        savepoint = session.begin_nested()
        session.get(newsroom.Section, 1).name = "lost"
        session.flush()
        savepoint.rollback()
        session.get(newsroom.Section, 2).name = "River"
    assert live(newsroom) == ["City", "River"]
    assert sections(newsroom)[-1] == (2, "River", 2, None, 1)


def test_versions_read_inside_a_savepoint_that_is_rolled_back(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        one = session.get(newsroom.Section, 1)
        one.name = "kept"
        session.flush()
        savepoint = session.begin_nested()
        one.name = "lost"
        assert one.versions.count() == 2
        savepoint.rollback()
        session.get(newsroom.Section, 2).name = "River"
    assert live(newsroom) == ["kept", "River"]


def test_a_rolled_back_savepoint_on_an_empty_transaction_leaves_the_database_clean(
    newsroom: Newsroom,
) -> None:
    """SQLite's driver does not begin before a SAVEPOINT; releasing it would then commit."""
    with newsroom.sessions() as session:
        with session.begin_nested():
            session.add(newsroom.Section(id=1, name="lost"))
        session.rollback()
    assert live(newsroom) == []
    assert sections(newsroom) == []


def test_flush_then_commit_of_the_connection(newsroom: Newsroom) -> None:
    """No session.commit() at all: the engine's own COMMIT is what counts."""
    with newsroom.engine.connect() as connection, newsroom.sessions(bind=connection) as session:
        session.add(newsroom.Section(id=1, name="City"))
        session.flush()
        connection.commit()
    assert live(newsroom) == ["City"]
    assert sections(newsroom) == [(1, "City", 1, None, 0)]


def test_flush_then_rollback_of_the_connection(newsroom: Newsroom) -> None:
    with newsroom.engine.connect() as connection, newsroom.sessions(bind=connection) as session:
        session.add(newsroom.Section(id=1, name="City"))
        session.flush()
        connection.rollback()
    assert live(newsroom) == []
    assert sections(newsroom) == []


def break_history(newsroom: Newsroom) -> None:
    """Make the next insertion into the version table fail."""
    table = newsroom.registry_of(newsroom.Section).table
    with newsroom.engine.begin() as connection:
        connection.execute(sa.schema.DropTable(table.version))


def mend_history(newsroom: Newsroom) -> None:
    table = newsroom.registry_of(newsroom.Section).table
    with newsroom.engine.begin() as connection:
        table.version.create(connection)


def test_an_error_while_writing_fails_the_whole_and_leaves_the_pool_clean(
    newsroom: Newsroom,
) -> None:
    break_history(newsroom)
    with newsroom.sessions() as session:
        session.add(newsroom.Section(id=1, name="lost"))
        with pytest.raises(sa.exc.DBAPIError):
            session.commit()
        # as an application does that only closes
    with newsroom.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(newsroom.Section)) == 0
        connection.commit()
    mend_history(newsroom)
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=2, name="kept"))
    assert live(newsroom) == ["kept"]


def test_an_error_in_a_connection_that_goes_on(newsroom: Newsroom) -> None:
    break_history(newsroom)
    with newsroom.engine.connect() as connection:
        session = newsroom.sessions(bind=connection)
        session.add(newsroom.Section(id=1, name="lost"))
        with pytest.raises(sa.exc.DBAPIError):
            session.flush()
            connection.commit()
        session.close()
        connection.rollback()
        connection.execute(sa.insert(newsroom.User), {"id": 1, "name": "Maya"})
        connection.commit()
    mend_history(newsroom)
    assert live(newsroom) == []


@pytest.mark.orm_only(reason="triggers see the row removed")
def test_a_row_that_cannot_be_read_fails_the_transaction(newsroom: Newsroom, section: int) -> None:
    """Fewer rows than keys is never accepted: here something removed the row behind our back."""
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        session.execute(sa.text("DELETE FROM section WHERE id = 1"))
        with pytest.raises(HistoryWriteError, match=r"section.*\(1,\)"):
            session.commit()
    assert live(newsroom) == ["City", "Sea"]


def test_a_session_is_usable_after_a_failed_commit(newsroom: Newsroom, section: int) -> None:
    with newsroom.sessions() as session:
        session.add(newsroom.Section(id=1, name="taken"))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
        session.rollback()
        session.add(newsroom.Section(id=3, name="Sky"))
        session.commit()
    assert live(newsroom) == ["City", "Sea", "Sky"]


@pytest.mark.parametrize("mode", ["create_savepoint", "rollback_only", "conditional_savepoint"])
def test_a_session_inside_somebody_elses_transaction(newsroom: Newsroom, mode: Any) -> None:
    """The pattern of test fixtures: each session.commit() is a transaction of history."""
    table = newsroom.registry_of(newsroom.Section).table
    with newsroom.engine.connect() as connection:
        outer = connection.begin()
        with newsroom.sessions(bind=connection, join_transaction_mode=mode) as session:
            section = newsroom.Section(id=1, name="City")
            session.add(section)
            session.commit()
            section.name = "Metro"
            session.commit()
            found = connection.execute(
                sa.select(table.version.c.name, table.operation_type).order_by(table.transaction_id)
            ).all()
            assert [tuple(each) for each in found] == [("City", 0), ("Metro", 1)]
        outer.rollback()
    assert live(newsroom) == []
    assert sections(newsroom) == []


def test_an_outer_transaction_that_is_committed_after_all(newsroom: Newsroom) -> None:
    with newsroom.engine.connect() as connection:
        outer = connection.begin()
        with newsroom.sessions(
            bind=connection, join_transaction_mode="create_savepoint"
        ) as session:
            section = newsroom.Section(id=1, name="City")
            session.add(section)
            session.commit()
            section.name = "lost"
            session.flush()
            session.rollback()
            section.name = "Metro"
            session.commit()
        outer.commit()
    assert sections(newsroom) == [(1, "City", 1, 2, 0), (1, "Metro", 2, None, 1)]


def test_work_of_an_outer_savepoint_survives_an_inner_session(newsroom: Newsroom) -> None:
    """What one session wrote inside a savepoint that is rolled back must be written again."""
    with newsroom.engine.connect() as connection:
        outer = connection.begin()
        first = newsroom.sessions(bind=connection, join_transaction_mode="rollback_only")
        first.add(newsroom.Section(id=1, name="City"))
        first.flush()
        savepoint = connection.begin_nested()
        with newsroom.sessions(bind=connection, join_transaction_mode="rollback_only") as second:
            second.add(newsroom.Section(id=2, name="lost"))
            second.commit()
        savepoint.rollback()
        first.close()
        outer.commit()
    assert live(newsroom) == ["City"]
    assert sections(newsroom) == [(1, "City", 1, None, 0)]


@pytest.mark.orm_only(reason="triggers write in the transaction of each statement")
def test_autocommit_is_refused_before_anything_is_written(newsroom: Newsroom) -> None:
    engine = newsroom.engine.execution_options(isolation_level="AUTOCOMMIT")
    with newsroom.sessions(bind=engine) as session:
        session.add(newsroom.Section(id=1, name="lost"))
        with pytest.raises(HistoryWriteError, match="AUTOCOMMIT"):
            session.commit()
    assert live(newsroom) == []


@pytest.mark.parametrize("prepare", [True, False])
def test_two_phase_commits(newsroom: Newsroom, prepare: bool) -> None:
    if newsroom.engine.dialect.name == "sqlite":
        with pytest.raises(NotImplementedError), newsroom.engine.connect() as connection:
            connection.begin_twophase()
        return
    with newsroom.engine.connect() as connection:
        if newsroom.engine.dialect.name == "postgresql" and prepare:
            allowed = connection.scalar(sa.text("SHOW max_prepared_transactions"))
            connection.rollback()
            if allowed == "0":
                prepare = False
        transaction = connection.begin_twophase()
        session = newsroom.sessions(bind=connection, join_transaction_mode="control_fully")
        session.add(newsroom.Section(id=1, name="City"))
        session.flush()
        if prepare:
            transaction.prepare()
        transaction.commit()
        session.close()
    assert sections(newsroom) == [(1, "City", 1, None, 0)]


def test_a_connection_that_was_lost_by_garbage_collection(newsroom: Newsroom) -> None:
    """Its info survives in the pool; the next user must not find the old unit of work."""
    import gc
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection = newsroom.engine.connect()
        session = newsroom.sessions(bind=connection)
        session.add(newsroom.Section(id=1, name="lost"))
        session.flush()
        del session, connection
        gc.collect()
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=2, name="kept"))
    assert live(newsroom) == ["kept"]


@on("sqlite")
def test_several_databases_share_the_identity_of_the_transaction(newsroom: Newsroom) -> None:
    other = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    newsroom.base.metadata.create_all(other)
    binds = {newsroom.Place: other, newsroom.Section: newsroom.engine}
    (history,) = newsroom.manager.registry.history.values()

    def uids(engine: sa.Engine) -> list[str]:
        with engine.connect() as connection:
            return list(connection.scalars(sa.select(history.transaction.c.uid)))

    with newsroom.sessions(binds=binds) as session:
        for number in (1, 2):
            session.add(newsroom.Section(id=number, name="City"))
            session.add(newsroom.Place(country="pt", number=number))
            session.commit()
    assert uids(newsroom.engine) == uids(other)
    assert len(set(uids(other))) == 2
    other.dispose()


@on("sqlite")
def test_several_databases_are_written_before_the_first_commit(newsroom: Newsroom) -> None:
    """One session on two databases: when the second cannot be written, the first stays as it is."""
    other = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    newsroom.base.metadata.create_all(other)
    newsroom.manager.track_engine(other)
    with other.begin() as connection:
        connection.execute(sa.schema.DropTable(newsroom.registry_of(newsroom.Place).table.version))
    binds = {newsroom.Place: other, newsroom.Section: newsroom.engine}
    with newsroom.sessions(binds=binds) as session:
        session.add(newsroom.Section(id=1, name="lost"))
        session.add(newsroom.Place(country="pt", number=1, name="lost"))
        with pytest.raises(sa.exc.DBAPIError):
            session.commit()
    assert live(newsroom) == []
    other.dispose()
    check(newsroom.engine, newsroom.manager)
