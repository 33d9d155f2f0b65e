"""P2, nothing slips by: bulk, Core and upsert statements, on three databases."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom
from tests.support.marks import on
from tests.support.statements import statements


def sections(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


@pytest.fixture
def three(newsroom: Newsroom) -> Newsroom:
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in (1, 2, 3))
    return newsroom


BORN = [(1, "s1", 1, None, 0), (2, "s2", 1, None, 0), (3, "s3", 1, None, 0)]


def changed(*keys: int, name: str = "x") -> list[tuple[Any, ...]]:
    found = []
    for key, old, first, _, _ in BORN:
        if key in keys:
            found += [(key, old, first, 2, 0), (key, name, 2, None, 1)]
        else:
            found.append((key, old, first, None, 0))
    return found


def test_update_by_criteria(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(sa.update(three.Section).where(three.Section.id > 1).values(name="x"))
    assert sections(three) == changed(2, 3)


def test_update_by_an_expression(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(sa.update(three.Section).where(three.Section.id == 2).values(name="x" + ""))
        session.execute(
            sa.update(three.Section)
            .where(three.Section.id == 2)
            .values(name=three.Section.name + "y")
            .execution_options(synchronize_session=False)
        )
    assert sections(three) == changed(2, name="xy")


def test_update_by_a_list_of_keys(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(sa.update(three.Section), [{"id": 1, "name": "x"}, {"id": 3, "name": "x"}])
    assert sections(three) == changed(1, 3)


def test_update_with_returning(three: Newsroom) -> None:
    if three.engine.dialect.name == "mysql":
        with three.sessions() as session, pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.update(three.Section).values(name="x").returning(three.Section.id))
        return
    with three.commit() as session:
        found = session.scalars(
            sa.update(three.Section)
            .where(three.Section.id == 1)
            .values(name="x")
            .returning(three.Section)
        ).all()
        assert [section.name for section in found] == ["x"]
    assert sections(three) == changed(1)


def test_update_by_the_value_that_it_changes(three: Newsroom) -> None:
    """The criteria are no longer true afterwards."""
    with three.commit() as session:
        session.execute(sa.update(three.Section).where(three.Section.name == "s2").values(name="x"))
    assert sections(three) == changed(2)


def test_an_update_that_changes_nothing_is_nothing(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(sa.update(three.Section).where(three.Section.id == 1).values(name="s1"))
        session.execute(sa.update(three.Section).where(three.Section.id == 99).values(name="x"))
    assert sections(three) == BORN


def test_delete_by_criteria(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(sa.delete(three.Section).where(three.Section.id != 2))
    assert [(row[0], row[1], row[4]) for row in sections(three)] == [
        (1, "s1", 0),
        (1, "s1", 2),
        (2, "s2", 0),
        (3, "s3", 0),
        (3, "s3", 2),
    ]


def test_update_and_delete_in_one_transaction(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(sa.update(three.Section).where(three.Section.id == 1).values(name="x"))
        session.execute(sa.delete(three.Section).where(three.Section.id == 1))
    assert sections(three)[:2] == [(1, "s1", 1, 2, 0), (1, "x", 2, None, 2)]


def test_legacy_query_methods(three: Newsroom) -> None:
    with three.commit() as session:
        session.query(three.Section).filter(three.Section.id == 1).update({"name": "x"})
        session.query(three.Section).filter(three.Section.id == 2).delete()
    assert [(row[0], row[1], row[4]) for row in sections(three)] == [
        (1, "s1", 0),
        (1, "x", 1),
        (2, "s2", 0),
        (2, "s2", 2),
        (3, "s3", 0),
    ]


@pytest.mark.parametrize(
    "way", ["orm", "orm single", "values", "returning", "core", "mappings", "objects", "given"]
)
def test_every_way_to_insert(newsroom: Newsroom, way: str) -> None:
    model, table = newsroom.Section, newsroom.Section.__table__
    names = [{"name": "a"}, {"name": "b"}]
    with newsroom.commit() as session:
        if way == "orm":
            session.execute(sa.insert(model), names)
        elif way == "orm single":
            for each in names:
                session.execute(sa.insert(model).values(**each))
        elif way == "values":
            session.execute(sa.insert(model).values(names))
        elif way == "returning":
            found = session.scalars(sa.insert(model).returning(model), names).all()
            assert sorted(section.name for section in found) == ["a", "b"]
        elif way == "core":
            session.connection().execute(table.insert(), names)
        elif way == "mappings":
            session.bulk_insert_mappings(model, names)
        elif way == "objects":
            session.bulk_save_objects([model(**each) for each in names])
        elif way == "given":
            session.execute(sa.insert(model), [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    assert [(row[1], row[2], row[4]) for row in sections(newsroom)] == [("a", 1, 0), ("b", 1, 0)]


def test_insert_from_select(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(
            sa.insert(three.Section).from_select(
                ["id", "name"], sa.select(three.Section.id + 10, three.Section.name)
            )
        )
    assert [row for row in sections(three) if row[0] > 10] == [
        (11, "s1", 2, None, 0),
        (12, "s2", 2, None, 0),
        (13, "s3", 2, None, 0),
    ]


def test_bulk_methods_that_update(three: Newsroom) -> None:
    with three.commit() as session:
        session.bulk_update_mappings(three.Section, [{"id": 1, "name": "x"}])
        section = session.get(three.Section, 3)
        section.name = "x"
        session.bulk_save_objects([section])
        session.expunge(section)
    assert sections(three) == changed(1, 3)


def test_core_statements_on_a_plain_connection(three: Newsroom) -> None:
    table = three.Section.__table__
    with three.engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == 1).values(name="x"))
        connection.execute(table.insert(), {"id": 4, "name": "new"})
    assert sections(three) == [*changed(1), (4, "new", 2, None, 0)]
    with three.engine.connect() as connection:
        connection.execute(table.delete())
        connection.rollback()
    assert len(sections(three)) == 5


def test_a_statement_made_by_a_handler_during_a_flush(three: Newsroom) -> None:
    """SQLAlchemy's documentation tells handlers of mapper events to do so."""
    table = three.Section.__table__

    def after_insert(mapper: Any, connection: sa.Connection, tag: Any) -> None:
        connection.execute(table.update().where(table.c.id == 2).values(name="x"))

    sa.event.listen(three.Tag, "after_insert", after_insert)
    with three.commit() as session:
        session.add(three.Tag(name="t"))
    sa.event.remove(three.Tag, "after_insert", after_insert)
    assert sections(three) == changed(2)


def test_link_tables_by_criteria_and_by_values(newsroom: Newsroom) -> None:
    link = newsroom.article_tag
    with newsroom.commit() as session:
        session.add_all([newsroom.Article(id=1, title="a"), newsroom.Article(id=2, title="b")])
        session.add_all(newsroom.Tag(id=i, name=f"t{i}") for i in (1, 2))
        session.flush()
        session.execute(
            link.insert().values([{"article_id": 1, "tag_id": 1}, {"article_id": 1, "tag_id": 2}])
        )
        session.execute(link.insert().values(article_id=2, tag_id=2))
    with newsroom.commit() as session:
        session.execute(link.delete().where(link.c.tag_id == 2))
    table = newsroom.manager.registry.link_table(link)
    assert table is not None
    assert rows(newsroom.engine, table) == [
        (1, 1, 1, None, 0),
        (1, 2, 1, 2, 0),
        (1, 2, 2, None, 2),
        (2, 2, 1, 2, 0),
        (2, 2, 2, None, 2),
    ]


def upsert(newsroom: Newsroom, *, nothing: bool = False) -> Any:
    table = newsroom.Section.__table__
    name = newsroom.engine.dialect.name
    if name == "mysql":
        from sqlalchemy.dialects.mysql import insert as mysql_insert

        if nothing:
            return mysql_insert(table).prefix_with("IGNORE")
        statement = mysql_insert(table)
        return statement.on_duplicate_key_update(name=statement.inserted.name)
    if name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        found: Any = postgresql_insert(table)
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        found = sqlite_insert(table)
    if nothing:
        return found.on_conflict_do_nothing()
    return found.on_conflict_do_update(index_elements=["id"], set_={"name": found.excluded.name})


@pytest.mark.parametrize("many", [True, False])
def test_an_upsert_gives_each_row_its_operation(three: Newsroom, many: bool) -> None:
    given = [{"id": 1, "name": "x"}, {"id": 2, "name": "s2"}, {"id": 4, "name": "new"}]
    with three.commit() as session:
        if many:
            session.execute(upsert(three), given)
        else:
            for each in given:
                session.execute(upsert(three).values(**each))
    assert sections(three) == [*changed(1), (4, "new", 2, None, 0)]


def test_an_upsert_whose_values_are_parameters_of_other_names(three: Newsroom) -> None:
    statement = upsert(three).values(id=sa.bindparam("number"), name=sa.bindparam("called"))
    with three.commit() as session:
        session.connection().execute(
            statement, [{"number": 1, "called": "x"}, {"number": 4, "called": "new"}]
        )
    assert sections(three) == [*changed(1), (4, "new", 2, None, 0)]


def test_an_insert_that_may_find_its_row_there(three: Newsroom) -> None:
    with three.commit() as session:
        session.execute(
            upsert(three, nothing=True), [{"id": 1, "name": "lost"}, {"id": 4, "name": "new"}]
        )
    assert sections(three) == [*BORN, (4, "new", 2, None, 0)]


def test_by_a_unique_value_that_is_not_the_key(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="harbour"))
    table = newsroom.Tag.__table__
    name = newsroom.engine.dialect.name
    if name == "mysql":
        statement: Any = sa.dialects.mysql.insert(table)
        statement = statement.on_duplicate_key_update(name=statement.inserted.name)
    else:
        make = sa.dialects.postgresql if name == "postgresql" else sa.dialects.sqlite
        statement = make.insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=["name"], set_={"name": statement.excluded.name}
        )
    with newsroom.commit() as session:
        session.execute(statement, [{"name": "harbour"}, {"name": "coast"}])
    found = rows(newsroom.engine, newsroom.registry_of(newsroom.Tag).table)
    assert [(row[1], row[4]) for row in found] == [("harbour", 0), ("coast", 0)]


@pytest.mark.orm_only(reason="triggers see keys change")
def test_changing_primary_keys_in_bulk_is_refused(three: Newsroom) -> None:
    with three.sessions() as session:
        statement = sa.update(three.Section).values(id=three.Section.id + 10)
        with pytest.raises(HistoryWriteError, match=r"section.*primary keys.*Nothing was sent"):
            session.execute(statement.execution_options(synchronize_session=False))
        session.rollback()
    assert sections(three) == BORN


@pytest.mark.orm_only(reason="triggers see each of them")
def test_many_parameter_sets_with_other_criteria_are_refused(three: Newsroom) -> None:
    table = three.Section.__table__
    statement = table.update().where(table.c.name == sa.bindparam("old"))
    given = [{"old": "s1", "name": "x"}, {"old": "s2", "name": "y"}]
    refused = pytest.raises(HistoryWriteError, match="parameter sets")
    with three.engine.connect() as connection, refused:
        connection.execute(statement, given)
    assert sections(three) == BORN


@pytest.mark.parametrize("mode", ["refuse", "warn"])
def test_a_model_can_decline(engine: sa.Engine, mode: str) -> None:
    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__ = {"bulk": mode}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(20))

    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    with sessions() as session:
        statement = sa.insert(Thing).values(id=1, name="a")
        if mode == "refuse":
            with pytest.raises(HistoryWriteError, match=r"thing.*'refuse'"):
                session.execute(statement)
        else:
            with pytest.warns(UserWarning, match=r"thing.*'warn'"):
                session.execute(statement)
        session.add(Thing(id=2, name="b"))
        session.commit()
    assert len(rows(engine, manager.registry.of(Thing).table)) == 1
    manager.detach()


def test_statements_do_not_grow_with_rows(
    newsroom: Newsroom, request: pytest.FixtureRequest
) -> None:
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in range(1, 301))

    def cost(count: int, name: str) -> int:
        with newsroom.sessions() as session, statements(newsroom.engine) as found:
            session.execute(
                sa.update(newsroom.Section)
                .where(newsroom.Section.id <= count)
                .values(name=name)
                .execution_options(synchronize_session=False)
            )
            session.commit()
        return len(found)

    cost(1, "which tables are complete is asked once")
    few, many = cost(3, "a"), cost(300, "b")
    if "plain" in request.node.name:  # the fallback takes a list of keys in parts
        assert many <= few + 9
    else:
        assert few == many


@on("postgresql", "mariadb")
def test_a_row_that_another_transaction_holds(three: Newsroom) -> None:
    """The bulk statement waits for it, and both changes are in the chain."""
    import threading

    with three.sessions() as first:
        first.get(three.Section, 1).name = "first"
        first.flush()

        def second() -> None:
            with three.sessions() as session:
                session.execute(
                    sa.update(three.Section)
                    .where(three.Section.id == 1)
                    .values(name="second")
                    .execution_options(synchronize_session=False)
                )
                session.commit()

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        first.commit()
        thread.join()
    assert [row[1] for row in sections(three) if row[0] == 1] == ["s1", "first", "second"]


def test_a_key_that_was_deleted_and_is_given_out_again(newsroom: Newsroom) -> None:
    """SQLite gives out the keys of deleted rows."""
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="old"))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Section, 1))
        session.flush()
        given = [{"name": "new"}, {"name": "newer"}]
        session.execute(sa.insert(newsroom.Section.__table__).values(given))
