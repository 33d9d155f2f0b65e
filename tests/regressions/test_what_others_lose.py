"""What is known to go wrong elsewhere in ordinary use must go right here: one test each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, relationship, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.support.marks import on


class World:
    def __init__(self, engine: sa.Engine) -> None:
        class Base(DeclarativeBase):
            pass

        link = sa.Table(
            "membership",
            Base.metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False),
            sa.Column("team_id", sa.ForeignKey("team.id"), nullable=False),
            sa.Column("since", sa.String(10), server_default="today"),
        )

        class Person(Base):
            __tablename__ = "person"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.String(50))
            settings = sa.Column(MutableDict.as_mutable(sa.JSON()))
            revision = sa.Column(sa.Integer, nullable=False)
            teams = relationship("Team", secondary=link, backref="people")
            __mapper_args__ = {"version_id_col": revision}

        class Team(Base):
            __tablename__ = "team"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.String(50))

        self.engine, self.Person, self.Team, self.link = engine, Person, Team, link
        self.manager = VersioningManager(user_cls=None)
        self.sessions = sessionmaker(engine)
        self.manager.attach(Base, self.sessions, engine)
        Base.metadata.create_all(engine)

    def rows(self, table: sa.Table) -> list[tuple[Any, ...]]:
        return rows(self.engine, self.manager.registry.tables[table])


@pytest.fixture
def world(engine: sa.Engine) -> Iterator[World]:
    world = World(engine)
    with world.sessions() as session:
        session.add_all(world.Person(id=i, name=f"p{i}", settings={}) for i in (1, 2))
        session.add_all(world.Team(id=i, name=f"t{i}") for i in (1, 2))
        session.commit()
    yield world
    check(engine, world.manager)
    world.manager.detach()


def test_bulk_statements_are_history(world: World) -> None:
    with world.sessions() as session:
        session.execute(sa.update(world.Team).values(name="x"))
        session.execute(sa.delete(world.Team).where(world.Team.id == 2))
        session.commit()
    assert [row[-1] for row in world.rows(world.Team.__table__)] == [0, 1, 0, 2]


def test_a_mutable_value_changed_twice(world: World) -> None:
    with world.sessions() as session:
        person = session.get(world.Person, 1)
        person.settings["a"] = 1
        session.flush()
        person.settings["b"] = 2
        session.commit()
    newest = [row for row in world.rows(world.Person.__table__) if row[0] == 1][-1]
    assert newest[2] == {"a": 1, "b": 2}


def test_a_stale_row_inside_a_savepoint(world: World) -> None:
    """The failed flush must not leave its versions behind, and the session goes on."""
    with world.sessions() as session:
        person = session.get(world.Person, 1)
        session.get(world.Team, 1).name = "kept"
        session.flush()
        with pytest.raises(StaleDataError), session.begin_nested():
            session.get(world.Team, 2).name = "lost"
            session.flush()
            session.execute(sa.text("UPDATE person SET revision = 99 WHERE id = 1"))
            person.name = "lost"
            session.flush()
        session.commit()
    found = world.rows(world.Team.__table__)
    assert [row[1] for row in found] == ["t1", "kept", "t2"]


def test_no_transaction_without_versions(world: World) -> None:
    with world.sessions() as session:
        team = world.Team(id=9, name="came and went")
        session.add(team)
        session.flush()
        session.delete(team)
        session.commit()


def test_link_tables_with_a_key_of_their_own(world: World) -> None:
    with world.sessions() as session:
        person, team = session.get(world.Person, 1), session.get(world.Team, 1)
        person.teams.append(team)
        session.commit()
        person.teams.remove(team)
        session.flush()
        person.teams.append(team)
        session.commit()
        person.teams.clear()
        session.commit()
    # SQLite gives the key of the removed row out again, so there nothing has changed
    again = [] if world.engine.dialect.name == "sqlite" else [1]
    assert [row[-1] for row in world.rows(world.link)] == [0, *again, 2]


def test_a_link_that_is_there_twice_is_one(world: World) -> None:
    given = [{"person_id": 1, "team_id": 1}, {"person_id": 1, "team_id": 1}]
    with world.engine.begin() as connection:
        connection.execute(world.link.insert(), given)
    with world.engine.begin() as connection:
        connection.execute(world.link.delete())
    assert [row[-1] for row in world.rows(world.link)] == [0, 2]


def test_core_statements_on_a_link_table(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(
            world.link.insert(), [{"person_id": 1, "team_id": 1}, {"person_id": 1, "team_id": 2}]
        )
    with world.engine.begin() as connection:
        connection.execute(world.link.delete().where(world.link.c.team_id == 2))
    assert sorted(row[-1] for row in world.rows(world.link)) == [0, 0, 2]


@on("postgresql", "mariadb")
def test_commits_out_of_order(world: World) -> None:
    with world.sessions() as first, world.sessions() as second:
        isolation = {"isolation_level": "READ COMMITTED"}
        first.connection(execution_options=isolation)
        first.get(world.Team, 2).name = "first"
        first.flush()
        second.get(world.Team, 1).name = "second"
        second.commit()
        first.get(world.Team, 1, populate_existing=True).name = "last"
        first.commit()
    names = [row[1] for row in world.rows(world.Team.__table__) if row[0] == 1]
    assert names == ["t1", "second", "last"]


def test_threads_do_not_mix_their_transactions(world: World) -> None:
    failures: list[BaseException] = []
    ready = threading.Barrier(2)

    def work(key: int) -> None:
        try:
            for number in range(5):
                with world.sessions() as session:
                    ready.wait(10)
                    session.get(world.Team, key).name = f"{key}.{number}"
                    session.commit()
        except BaseException as error:
            failures.append(error)
            ready.abort()

    threads = [threading.Thread(target=work, args=(key,)) for key in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = world.rows(world.Team.__table__)
    for key in (1, 2):
        names = [row[1] for row in found if row[0] == key]
        assert names == [f"t{key}", *(f"{key}.{n}" for n in range(5))]


def test_each_database_has_its_own_history(world: World) -> None:
    other = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    world.Team.metadata.create_all(other)
    with world.sessions(binds={world.Team: other, world.Person: world.engine}) as session:
        session.add(world.Team(id=7, name="elsewhere"))
        session.get(world.Person, 1).name = "here"
        session.commit()
    assert [row[1] for row in rows(other, world.manager.registry.tables[world.Team.__table__])] == [
        "elsewhere"
    ]
    check(other, world.manager)
    other.dispose()
