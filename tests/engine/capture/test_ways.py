"""P2: rarer ways to send the same statements; each row gets its own operation, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom
from tests.support.marks import on

Program = Callable[[Newsroom, Session], None]


@pytest.fixture
def three(newsroom: Newsroom) -> Newsroom:
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in (1, 2, 3))
    return newsroom


def written(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    """What the second transaction has written: key, name, operation."""
    table = newsroom.registry_of(newsroom.Section).table
    return [(row[0], row[1], row[4]) for row in rows(newsroom.engine, table) if row[2] == 2]


def _sentinels(newsroom: Newsroom, session: Session) -> None:
    """Several in one statement, which come back in the order in which they were given."""
    names = [{"name": name} for name in "zyxabc"]
    model = newsroom.Section
    statement = sa.insert(model).returning(model, sort_by_parameter_order=True)
    found = session.scalars(statement, names).all()
    assert [section.name for section in found] == [each["name"] for each in names]


def _sentinels_on_a_connection(newsroom: Newsroom, session: Session) -> None:
    table = newsroom.Section.__table__
    statement = table.insert().returning(table.c.name, sort_by_parameter_order=True)
    found = session.connection().execute(statement, [{"name": name} for name in "zyxabc"])
    assert found.scalars().all() == list("zyxabc")


@pytest.mark.parametrize("way", [_sentinels, _sentinels_on_a_connection])
def test_insertions_that_return(newsroom: Newsroom, way: Program) -> None:
    with newsroom.commit() as session:
        way(newsroom, session)
    found = rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)
    assert sorted(row[1:] for row in found) == [(name, 1, None, 0) for name in "abcxyz"]


def _upsert(newsroom: Newsroom) -> Any:
    inserts: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql, "mysql": mysql}
    inserts["mariadb"] = mysql
    table = newsroom.Section.__table__
    insert = inserts[newsroom.engine.dialect.name].insert(table)
    if isinstance(insert, mysql.Insert):
        return insert.on_duplicate_key_update(name=insert.inserted.name)
    return insert.on_conflict_do_update(index_elements=["id"], set_={"name": insert.excluded.name})


@on("mariadb")
@pytest.mark.orm_only(reason="triggers need not read what is streamed")
@pytest.mark.parametrize("upsert", [True, False])
def test_streamed_insertions_are_refused(three: Newsroom, upsert: bool) -> None:
    """What was written is asked while its rows wait; with them fetched, all is well."""
    table = three.Section.__table__
    given = [{"id": n, "name": "x"} for n in (3, 4)] if upsert else [{"name": "x"}]
    statement = (_upsert(three) if upsert else table.insert()).values(given)
    with three.commit() as session:
        with pytest.raises(HistoryWriteError, match=r"streamed.*Nothing was sent"):
            session.execute(
                statement.returning(table.c.id), execution_options={"stream_results": True}
            )
        assert len(session.execute(statement.returning(table.c.id)).all()) == len(given)
    assert [row[1:] for row in written(three)] == ([("x", 1)] if upsert else []) + [("x", 0)]


def test_nulls_that_are_rendered(newsroom: Newsroom) -> None:
    """Rows of other columns each, in one batch and not in one for each."""
    model = newsroom.Tag
    given = [{"id": 1, "name": "a"}, {"id": 2, "name": None}, {"id": 3, "name": "c"}]
    with newsroom.commit() as session:
        session.execute(sa.insert(model).execution_options(render_nulls=True), given)
        session.execute(sa.insert(model), [{"id": 4}, {"id": 5, "name": "e"}])
    found = rows(newsroom.engine, newsroom.registry_of(model).table)
    assert [row[:2] for row in found] == [(1, "a"), (2, None), (3, "c"), (4, None), (5, "e")]


def test_bulk_updates_of_what_is_so_already(three: Newsroom) -> None:
    with three.commit() as session:
        same = {"id": 1, "name": "s1"}
        session.bulk_update_mappings(three.Section, [same, {"id": 2, "name": "x"}])
        session.execute(sa.update(three.Section), [same, {"id": 3, "name": "y"}])
    assert written(three) == [(2, "x", 1), (3, "y", 1)]


def test_many_executions_on_a_connection(three: Newsroom) -> None:
    """One of each kind, some of them of rows that are not there."""
    table = three.Section.__table__
    by_key = table.c.id == sa.bindparam("key")
    with three.engine.begin() as connection:
        connection.execute(table.insert(), [{"id": n, "name": "new"} for n in (4, 5)])
        given = [{"key": n, "name": "x"} for n in (1, 4, 99)]
        connection.execute(table.update().where(by_key), given)
        connection.execute(table.delete().where(by_key), [{"key": n} for n in (2, 5, 98)])
    assert written(three) == [(1, "x", 1), (2, "s2", 2), (4, "x", 0)]


@pytest.mark.parametrize("synchronize", [False, "auto", "evaluate", "fetch"])
def test_legacy_queries_that_write(three: Newsroom, synchronize: Any) -> None:
    with three.commit() as session:
        loaded = session.query(three.Section).all()
        changed = session.query(three.Section).filter(three.Section.id < 3)
        changed.update({three.Section.name: "x"}, synchronize_session=synchronize)
        gone = session.query(three.Section).filter(three.Section.id > 1)
        gone.delete(synchronize_session=synchronize)
        assert len(loaded) == 3
        session.expunge_all()
    assert written(three) == [(1, "x", 1), (2, "x", 2), (3, "s3", 2)]


def test_links_from_a_select(newsroom: Newsroom) -> None:
    """Into a link table, and away again by a subquery."""
    table = newsroom.article_tag
    with newsroom.commit() as session:
        session.add_all([newsroom.Tag(id=n, name=f"t{n}") for n in (1, 2)])
        session.add(newsroom.Article(id=1, title="a"))
        session.flush()
        every = sa.select(newsroom.Article.id, newsroom.Tag.id).join(newsroom.Tag, sa.true())
        session.execute(table.insert().from_select(["article_id", "tag_id"], every))
    with newsroom.commit() as session:
        named = sa.select(newsroom.Tag.id).where(newsroom.Tag.name == "t2")
        session.execute(table.delete().where(table.c.tag_id.in_(named)))
    entry = newsroom.manager.registry.link_table(table)
    assert entry is not None
    found = rows(newsroom.engine, entry)
    assert [(row[1], row[2], row[4]) for row in found] == [(1, 1, 0), (2, 1, 0), (2, 2, 2)]


class Animals:
    """A class with one below it in the same table, and one that declines bulk statements."""

    def __init__(self, engine: sa.Engine) -> None:
        class Base(DeclarativeBase):
            pass

        class Animal(Base):
            __tablename__ = "animal"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True)
            kind = sa.Column(sa.String(10))
            name = sa.Column(sa.String(20))
            __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "animal"}

        class Dog(Animal):
            __mapper_args__ = {"polymorphic_identity": "dog"}

        class Stone(Base):
            __tablename__ = "stone"
            __versioned__ = {"bulk": "warn"}
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.String(20))

        class Star(Base):
            __tablename__ = "star"
            __versioned__ = {"bulk": "refuse"}
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.String(20))

        self.engine, self.Animal, self.Dog = engine, Animal, Dog
        self.Stone, self.Star = Stone, Star
        self.manager = VersioningManager(user_cls=None)
        self.sessions = sessionmaker(engine)
        self.manager.attach(Base, self.sessions, engine)
        Base.metadata.create_all(engine)

    def history(self, model: Any) -> list[tuple[Any, ...]]:
        """Key, name and operation of each version."""
        table = self.manager.registry.of(model).table
        names = table.version.c.keys()
        found = [dict(zip(names, row, strict=True)) for row in rows(self.engine, table)]
        return [(each["id"], each["name"], each["operation_type"]) for each in found]


@pytest.fixture
def animals(engine: sa.Engine, write: str) -> Iterator[Animals]:
    animals = Animals(engine)
    animals.manager.write = write
    yield animals
    animals.manager.detach()


def test_statements_on_a_class_below(animals: Animals) -> None:
    """Its criterion is the mapper's: the others in the table are left alone."""
    with animals.sessions.begin() as session:
        session.add_all([animals.Animal(id=1, name="a"), animals.Dog(id=2, name="b")])
        session.add(animals.Dog(id=3, name="c"))
    with animals.sessions.begin() as session:
        session.execute(sa.update(animals.Dog).values(name="x"))
        session.execute(sa.delete(animals.Dog).where(animals.Dog.id > 2))
        session.execute(sa.delete(animals.Dog).where(animals.Dog.id == 1))
        session.execute(sa.insert(animals.Dog), [{"id": 4, "name": "d", "kind": "dog"}])
    assert animals.history(animals.Animal) == [
        (1, "a", 0),
        (2, "b", 0),
        (2, "x", 1),
        (3, "c", 0),
        (3, "x", 2),
        (4, "d", 0),
    ]
    check(animals.engine, animals.manager)


def test_what_is_refused_is_not_sent(animals: Animals) -> None:
    """In every way; objects are written as ever."""
    star: Any = animals.Star
    with animals.sessions.begin() as session:
        session.add(star(id=1, name="a"))
    ways: list[Callable[[Session], Any]] = [
        lambda session: session.execute(sa.update(star).values(name="x")),
        lambda session: session.execute(sa.delete(star)),
        lambda session: session.query(star).update({"name": "x"}),
        lambda session: session.bulk_insert_mappings(star, [{"id": 2}]),
        lambda session: session.bulk_update_mappings(star, [{"id": 1, "name": "x"}]),
        lambda session: session.connection().execute(star.__table__.insert(), [{"id": 2}]),
    ]
    for way in ways:
        with animals.sessions() as session, pytest.raises(HistoryWriteError, match="'refuse'"):
            way(session)
    assert animals.history(star) == [(1, "a", 0)]
    check(animals.engine, animals.manager)


@pytest.mark.orm_only(reason="triggers see what is warned of")
def test_what_was_only_warned_of_is_caught_up_with(animals: Animals) -> None:
    """The next change of an object records its row as it is then."""
    stone: Any = animals.Stone
    with animals.sessions.begin() as session:
        session.add(stone(id=1, name="a"))
    with animals.sessions.begin() as session, pytest.warns(UserWarning, match="'warn'"):
        session.execute(sa.update(stone).values(name="unseen"))
    assert animals.history(stone) == [(1, "a", 0)]
    with animals.sessions.begin() as session:
        session.get(stone, 1).name = "b"
    assert animals.history(stone) == [(1, "a", 0), (1, "b", 1)]
    check(animals.engine, animals.manager)
