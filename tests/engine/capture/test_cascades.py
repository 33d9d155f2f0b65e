"""P2 and P4: what foreign keys make the database do by itself, captured where options say so."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Timer
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.capture.library import Library, build_library, mind_foreign_keys
from tests.engine.invariants import check, rows
from tests.support.marks import on
from tests.support.statements import statements


@pytest.fixture
def library(borrow: Any) -> Iterator[Library]:
    """Two authors with two books each, chapters, notes and links; checked after each test."""
    with borrow(build_library) as library:
        fill(library)
        yield library


def fill(library: Library) -> None:
    with library.commit() as session:
        session.add_all(library.Author(id=i, name=f"author {i}") for i in (1, 2))
        session.add_all(library.Genre(id=i) for i in (1, 2))
        session.flush()
        session.add_all(
            library.Book(id=i, title=f"book {i}", author_id=(i + 1) // 2, editor_id=2 - i % 2)
            for i in (1, 2, 3, 4)
        )
        session.flush()
        session.add_all(library.Chapter(id=i, title=f"c {i}", book_id=i) for i in (1, 2, 3, 4))
        session.add_all(library.Shelf(id=i, author_id=i) for i in (1, 2))
        session.flush()
        session.add_all(library.Note(id=i, chapter_id=i, book_id=i) for i in (1, 2))
        session.add(library.Note(id=3, chapter_id=3, book_id=1))
        session.add_all(library.Label(id=i, shelf_id=i) for i in (1, 2))
        session.execute(
            library.book_genre.insert(),
            [{"book_id": b, "genre_id": g} for b in (1, 3) for g in (1, 2)],
        )


def deleted(*keys: int, of: tuple[int, ...] = (1, 2, 3, 4)) -> dict[int, list[int]]:
    return {key: [0, 2] if key in keys else [0] for key in of}


def assert_first_author_is_gone(library: Library) -> None:
    books = library.history(library.Book)
    is_native = library.manager.registry.of(library.Note).table.is_native
    if is_native and library.engine.dialect.name == "sqlite":
        # triggers see what a row loses by one foreign key before it goes by another
        books = [(*row[:3], row[3] or row[0], *row[4:]) if row[-1] == 2 else row for row in books]
    assert books == [
        (1, "book 1", 1, 1, 1, 2, 0),
        (1, "book 1", 1, 1, 2, None, 2),
        (2, "book 2", 1, 2, 1, 2, 0),
        (2, "book 2", 1, 2, 2, None, 2),
        (3, "book 3", 2, 1, 1, 2, 0),
        (3, "book 3", 2, None, 2, None, 1),
        (4, "book 4", 2, 2, 1, None, 0),
    ]
    assert library.operations(library.Chapter) == deleted(1, 2)
    notes = library.history(library.Note)
    if is_native:
        # triggers see what a row loses by one foreign key before it goes by another
        notes = [(*row[:2], row[2] or row[0], *row[3:]) if row[-1] == 2 else row for row in notes]
    assert notes == [
        (1, 1, 1, 1, 2, 0),
        (1, 1, 1, 2, None, 2),
        (2, 2, 2, 1, 2, 0),
        (2, 2, 2, 2, None, 2),
        (3, 3, 1, 1, 2, 0),
        (3, 3, None, 2, None, 1),
    ]
    assert library.operations(library.Label) == deleted(1, of=(1, 2))
    assert library.links() == [
        (1, 1, 1, 2, 0),
        (1, 1, 2, None, 2),
        (1, 2, 1, 2, 0),
        (1, 2, 2, None, 2),
        (3, 1, 1, None, 0),
        (3, 2, 1, None, 0),
    ]


# -- every way to delete an unversioned parent, to the last level ------------------------------


def test_deleting_an_object(library: Library) -> None:
    with library.commit() as session:
        session.delete(session.get(library.Author, 1))
    assert_first_author_is_gone(library)


def test_deleting_an_object_whose_children_are_loaded(library: Library) -> None:
    """What is loaded, the ORM deletes; what is not, the database does. Each is noted once."""
    with library.commit() as session:
        author = session.get(library.Author, 1)
        assert len(author.books[0].chapters) == 1
        session.delete(author)
    assert_first_author_is_gone(library)


def test_deleting_by_criteria(library: Library) -> None:
    with library.commit() as session:
        session.execute(sa.delete(library.Author).where(library.Author.name == "author 1"))
    assert_first_author_is_gone(library)


def test_deleting_through_a_query(library: Library) -> None:
    with library.commit() as session:
        session.query(library.Author).filter_by(id=1).delete()
    assert_first_author_is_gone(library)


def test_deleting_with_returning(library: Library) -> None:
    with library.commit() as session:
        author = library.Author
        statement = sa.delete(author).where(author.id == 1).returning(author.name)
        assert session.execute(statement).all() == [("author 1",)]
    assert_first_author_is_gone(library)


def test_deleting_on_a_plain_connection(library: Library) -> None:
    with library.engine.begin() as connection:
        connection.execute(library.Author.__table__.delete().where(library.Author.id == 1))
    assert_first_author_is_gone(library)


def test_deleting_for_several_parameter_sets(library: Library) -> None:
    """Nobody is called 'author 3', and the second is not the one with id 1."""
    table = library.Author.__table__
    criteria = (table.c.id == sa.bindparam("i")) & (table.c.name == sa.bindparam("n"))
    with library.engine.begin() as connection:
        connection.execute(
            table.delete().where(criteria),
            [{"i": 1, "n": "author 1"}, {"i": 2, "n": "author 3"}],
        )
    assert_first_author_is_gone(library)


def test_deleting_nothing(library: Library) -> None:
    with library.commit() as session:
        session.execute(sa.delete(library.Author).where(library.Author.id == 9))
    assert library.operations(library.Book) == deleted()


# -- versioned parents -------------------------------------------------------------------------


def test_deleting_a_versioned_parent(library: Library) -> None:
    with library.commit() as session:
        session.delete(session.get(library.Book, 1))
    assert library.operations(library.Book) == deleted(1)
    assert library.operations(library.Chapter) == deleted(1)
    assert library.operations(library.Note) == {1: [0, 2], 2: [0], 3: [0, 1]}
    assert [row[:2] for row in library.links() if row[-1] == 2] == [(1, 1), (1, 2)]


def test_deleting_versioned_parents_by_criteria(library: Library) -> None:
    with library.commit() as session:
        session.execute(sa.delete(library.Book).where(library.Book.id < 3))
    assert library.operations(library.Book) == deleted(1, 2)
    assert library.operations(library.Chapter) == deleted(1, 2)


def test_deleting_the_other_end_of_links(library: Library) -> None:
    with library.commit() as session:
        session.delete(session.get(library.Genre, 2))
    assert [row[:2] for row in library.links() if row[-1] == 2] == [(1, 2), (3, 2)]
    assert library.operations(library.Book) == deleted()


# -- the same table ----------------------------------------------------------------------------


@pytest.fixture
def tree(library: Library) -> Library:
    """1 with 2 below it, 3 below that, 4 below that; 5 and 6 are each other's twins; 7."""
    with library.commit() as session:
        for key, parent in ((1, None), (2, 1), (3, 2), (4, 3), (5, None), (6, 1), (7, None)):
            session.add(library.Node(id=key, parent_id=parent))
            session.flush()
        session.get(library.Node, 5).twin_id = 6
        session.get(library.Node, 6).twin_id = 5
    return library


def test_a_tree_goes_as_a_whole(tree: Library) -> None:
    with tree.commit() as session:
        session.delete(session.get(tree.Node, 1))
    expected = {key: [0, 2] for key in (1, 2, 3, 4, 6)} | {5: [0, 1], 7: [0]}
    assert tree.operations(tree.Node) == expected


def test_parents_and_children_named_by_one_statement(tree: Library) -> None:
    with tree.commit() as session:
        session.execute(sa.delete(tree.Node).where(tree.Node.id.in_([1, 3, 5])))
    assert tree.operations(tree.Node) == {k: [0, 2] for k in range(1, 7)} | {7: [0]}


def test_parents_and_children_deleted_by_one_flush(tree: Library) -> None:
    with tree.commit() as session:
        session.delete(session.get(tree.Node, 6))
        session.delete(session.get(tree.Node, 5))
    found = tree.operations(tree.Node)
    assert (found[5], found[6]) == ([0, 2], [0, 2])


def test_a_circle_comes_to_an_end(tree: Library) -> None:
    with tree.commit() as session:
        session.get(tree.Node, 1).parent_id = 4
    with tree.commit() as session:
        session.execute(sa.delete(tree.Node).where(tree.Node.id == 2))
    found = tree.operations(tree.Node)
    assert [key for key, each in found.items() if each[-1] == 2] == [1, 2, 3, 4, 6]


# -- what the same transaction did before ------------------------------------------------------


def test_a_child_that_was_changed_before(library: Library) -> None:
    with library.commit() as session:
        session.get(library.Chapter, 1).title = "changed"
        session.flush()
        session.execute(sa.delete(library.Book).where(library.Book.id == 1))
    assert library.history(library.Chapter)[:2] == [
        (1, "c 1", 1, 1, 2, 0),
        (1, "changed", 1, 2, None, 2),
    ]


def test_a_child_that_came_before(library: Library) -> None:
    with library.commit() as session:
        session.add(library.Chapter(id=9, title="new", book_id=1))
        session.flush()
        session.expunge_all()
        session.delete(session.get(library.Book, 1))
    assert library.operations(library.Chapter) == deleted(1)


def test_a_child_that_moved_away(library: Library) -> None:
    with library.commit() as session:
        session.get(library.Chapter, 1).book_id = 4
        session.delete(session.get(library.Book, 1))
    assert library.operations(library.Chapter) == {1: [0, 1], 2: [0], 3: [0], 4: [0]}


def test_a_child_that_lost_one_parent_and_then_the_other(library: Library) -> None:
    with library.commit() as session:
        session.execute(sa.delete(library.Book).where(library.Book.id == 1))
        session.execute(sa.delete(library.Chapter).where(library.Chapter.id == 3))
    assert library.history(library.Note)[3:] == [(3, 3, 1, 1, 2, 0), (3, 3, None, 2, None, 2)]


def test_the_same_keys_again_in_the_same_transaction(library: Library) -> None:
    with library.commit() as session:
        session.execute(sa.delete(library.Book).where(library.Book.id == 4))
        session.add(library.Book(id=4, title="book 4", author_id=2, editor_id=2))
        session.add(library.Chapter(id=4, title="again", book_id=4))
    assert library.operations(library.Book) == deleted()
    assert library.operations(library.Chapter) == {1: [0], 2: [0], 3: [0], 4: [0, 1]}


# -- savepoints, failures ----------------------------------------------------------------------


def test_a_rollback(library: Library) -> None:
    with library.sessions() as session:
        session.delete(session.get(library.Author, 1))
        session.flush()
        session.rollback()
    assert library.operations(library.Book) == deleted()


def test_a_savepoint_rolled_back(library: Library) -> None:
    with library.commit() as session:
        savepoint = session.begin_nested()
        session.execute(sa.delete(library.Author).where(library.Author.id == 1))
        savepoint.rollback()
        session.execute(sa.delete(library.Book).where(library.Book.id == 4))
    assert library.operations(library.Book) == deleted(4)
    assert library.operations(library.Chapter) == deleted(4)


def test_a_savepoint_released(library: Library) -> None:
    with library.commit() as session:
        session.get(library.Chapter, 1).title = "changed"
        with session.begin_nested():
            session.execute(sa.delete(library.Author).where(library.Author.id == 1))
    assert_last_titles(library, {1: "changed"})
    assert library.operations(library.Chapter) == deleted(1, 2)


def assert_last_titles(library: Library, expected: dict[int, str]) -> None:
    found = {row[0]: row[1] for row in library.history(library.Chapter)}
    assert {key: found[key] for key in expected} == expected


def test_a_statement_that_fails_changes_nothing(library: Library) -> None:
    with library.commit() as session:
        with pytest.raises(sa.exc.DBAPIError), session.begin_nested():
            broken = sa.delete(library.Author).where(sa.text("author.id = 1 AND nothing = 1"))
            session.execute(broken, execution_options={"synchronize_session": False})
        session.get(library.Chapter, 1).title = "changed"
    assert library.operations(library.Book) == deleted()


@on("sqlite")
@pytest.mark.orm_only(reason="triggers have written of what the first has removed")
def test_half_of_several_executions_is_not_committed(library: Library) -> None:
    """The second fails; what the first has removed would have no version."""
    author = library.Author.__table__
    refusal = "BEFORE DELETE ON author WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'no'); END"
    with library.engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TRIGGER kept_author {refusal}"))
    try:
        with library.engine.connect() as connection:
            statement = author.delete().where(author.c.id == sa.bindparam("i"))
            with pytest.raises(sa.exc.IntegrityError):
                connection.execute(statement, [{"i": 1}, {"i": 2}])
            with pytest.raises(HistoryWriteError):
                connection.commit()
    finally:
        with library.engine.begin() as connection:
            connection.execute(sa.text("DROP TRIGGER kept_author"))
    assert library.operations(library.Book) == deleted()


def test_a_parent_that_was_gone_already(library: Library) -> None:
    """The criteria name the keys, and do not match."""
    table = library.Author.__table__
    with library.engine.begin() as connection:
        connection.execute(table.delete().where(table.c.id == 1, table.c.name == "nobody"))
    assert library.operations(library.Book) == deleted()


@pytest.mark.orm_only(reason="triggers write in the transaction of each statement")
def test_autocommit_is_refused(library: Library) -> None:
    engine = library.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(HistoryWriteError, match="AUTOCOMMIT"):
        connection.execute(library.Author.__table__.delete())
    assert library.operations(library.Book) == deleted()


@on("postgresql", "mariadb")
@pytest.mark.parametrize("way", ["flush", "criteria"])
def test_a_child_that_comes_meanwhile(library: Library, way: str) -> None:
    """The parent is locked before its children are looked for, so this one is among them."""
    with library.sessions() as other, library.commit() as session:
        other.add(library.Book(id=9, title="late", author_id=1))
        other.flush()
        late = Timer(0.3, other.commit)
        late.start()
        if way == "flush":
            session.delete(session.get(library.Author, 1))
            session.flush()
        else:
            session.execute(sa.delete(library.Author).where(library.Author.id == 1))
        late.join()
    assert library.operations(library.Book)[9] == [0, 2]


# -- keys that change --------------------------------------------------------------------------


@pytest.fixture
def places(library: Library) -> Library:
    with library.commit() as session:
        session.add_all(library.Country(code=code) for code in ("pt", "cz"))
        session.flush()
        session.add(library.City(country_code="pt", number=1, name="Lisbon"))
        session.add(library.City(country_code="cz", number=1, name="Prague"))
        session.flush()
        session.add(library.District(id=1, country_code="pt", city_number=1))
        session.add(library.District(id=2, country_code="cz", city_number=1))
    return library


MOVED = [
    ("cz", 1, "Prague", 1, None, 0),
    ("pt", 1, "Lisbon", 1, 2, 0),
    ("pt", 1, "Lisbon", 2, None, 2),
    ("xx", 1, "Lisbon", 2, None, 0),
]


def assert_moved(places: Library) -> None:
    assert places.history(places.City) == MOVED
    assert places.history(places.District) == [
        (1, "pt", 1, 1, 2, 0),
        (1, "xx", 1, 2, None, 1),
        (2, "cz", 1, 1, None, 0),
    ]


def test_a_key_changed_through_the_orm(places: Library) -> None:
    with places.commit() as session:
        session.get(places.Country, "pt").code = "xx"
    assert_moved(places)


def test_a_key_changed_by_a_statement(places: Library) -> None:
    with places.commit() as session:
        session.execute(
            sa.update(places.Country).where(places.Country.code == "pt").values(code="xx")
        )
    assert_moved(places)


def test_a_key_changed_after_its_city(places: Library) -> None:
    with places.commit() as session:
        session.get(places.City, ("pt", 1)).name = "Lisboa"
        session.flush()
        session.get(places.Country, "pt").code = "xx"
    assert [row[2:] for row in places.history(places.City)[1:]] == [
        ("Lisbon", 1, 2, 0),
        ("Lisboa", 2, None, 2),
        ("Lisboa", 2, None, 0),
    ]


@pytest.mark.orm_only(reason="triggers see keys change")
def test_a_key_changed_to_what_only_the_database_knows_is_refused(places: Library) -> None:
    country = places.Country.__table__
    with places.sessions() as session, pytest.raises(HistoryWriteError, match=r"keys of city"):
        session.execute(country.update().values(code=sa.func.upper(country.c.code)))


def test_a_country_deleted_with_its_composite_keys(places: Library) -> None:
    with places.commit() as session:
        session.delete(session.get(places.Country, "pt"))
    assert places.history(places.City)[1:] == MOVED[1:3]
    assert places.operations(places.District) == {1: [0, 2], 2: [0]}


# -- records that predate their history --------------------------------------------------------


def test_baselines_come_first(engine: sa.Engine, write: str) -> None:
    library = build_library(engine)
    library.manager.write = write
    fill(library)
    history = library.manager.registry.history_of(
        library.manager.registry.of(library.Chapter).table
    ).history_column
    elsewhere = sa.create_engine(engine.url)
    with elsewhere.begin() as connection:
        connection.execute(sa.text("DELETE FROM chapter_version"))
        connection.execute(sa.text("DELETE FROM note_version"))
        names = ["chapter_version", "note_version"]
        connection.execute(history.delete().where(history.c.table_name.in_(names)))
    elsewhere.dispose()
    with library.engine.connect() as connection:
        library.manager.completeness.forget(connection)
    with library.commit() as session:
        session.delete(session.get(library.Book, 1))
    assert library.history(library.Chapter) == [(1, "c 1", 1, 1, 2, 0), (1, "c 1", 1, 2, None, 2)]
    assert library.operations(library.Note) == {1: [0, 2], 3: [0, 1]}
    library.manager.detach()


# -- costs -------------------------------------------------------------------------------------


@pytest.fixture
def quick(database_kind: str, sources: Any, kept: Any, lent: Any) -> Iterator[Library]:
    """The models, written at the commit and with every shortcut."""
    with lent.lend(build_library, kept.of(sources.of(database_kind))) as library:
        library.manager.write = "commit"
        yield library
        check(library.engine, library.manager)


@pytest.mark.parametrize("way", ["flush", "criteria"])
def test_many_cost_what_few_cost(quick: Library, way: str) -> None:
    author, book, chapter = quick.Author, quick.Book, quick.Chapter

    def cost(first: int, count: int) -> int:
        keys = range(first, first + count)
        with quick.commit() as session:
            session.execute(sa.insert(author), [{"id": k} for k in keys])
            session.execute(sa.insert(book), [{"id": k, "author_id": k} for k in keys])
            session.execute(sa.insert(chapter), [{"id": k, "book_id": k} for k in keys])
        with quick.sessions() as session:
            authors = session.scalars(sa.select(author).where(author.id.in_(keys))).all()
            with statements(quick.engine) as found:
                if way == "flush":
                    for each in authors:
                        session.delete(each)
                else:
                    session.execute(sa.delete(author).where(author.id.in_(keys)))
                session.commit()
        assert quick.operations(chapter)[keys[-1]] == [0, 2]
        return len(found)

    cost(1, 1)  # what is asked once
    assert cost(100, 3) == cost(1000, 300)


def test_a_table_that_causes_nothing_costs_nothing(quick: Library) -> None:
    with quick.commit() as session:
        session.add_all([quick.Label(id=8), quick.Label(id=9)])
    with quick.sessions() as session:
        session.execute(quick.Label.__table__.delete().where(quick.Label.id == 8))
        with statements(quick.engine) as found:
            session.execute(quick.Label.__table__.delete().where(quick.Label.id == 9))
        session.rollback()
    assert len(found) == 1, found


@on("postgresql", "mariadb")
def test_servers_that_do_not_mind_foreign_keys(places: Library) -> None:
    """Whoever loads a dump switches them off; what is said to be gone is looked for."""
    is_postgresql = places.engine.dialect.name == "postgresql"
    name, off = (
        ("session_replication_role", "replica") if is_postgresql else ("foreign_key_checks", "0")
    )
    country = places.Country.__table__
    with places.engine.begin() as connection:
        connection.execute(sa.text(f"SET {name} = {off}"))
        connection.execute(country.update().where(country.c.code == "pt").values(code="xx"))
        connection.execute(places.Author.__table__.delete().where(places.Author.id == 1))
        connection.execute(sa.text(f"SET {name} = DEFAULT"))
    assert places.operations(places.Book) == deleted()
    assert places.operations(places.Label) == {1: [0], 2: [0]}
    assert [row[-1] for row in places.history(places.City)] == [0, 0]
    with places.commit() as session:
        session.execute(sa.delete(places.Author).where(places.Author.id == 2))
    assert places.operations(places.Book)[4] == [0, 2]


# -- what is not captured ----------------------------------------------------------------------


@on("sqlite")
def test_sqlite_that_does_not_mind_foreign_keys(library: Library) -> None:
    engine = sa.create_engine(library.engine.url)
    with library.sessions(bind=engine) as session:
        session.execute(sa.delete(library.Author).where(library.Author.id == 1))
        session.commit()
    engine.dispose()
    assert library.operations(library.Book) == deleted()
    assert library.operations(library.Label) == {1: [0], 2: [0]}


def _upsert(table: sa.Table, kind: str) -> Any:
    inserts: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql, "mariadb": mysql}
    return inserts[kind].insert(table)


def _on_conflict(statement: Any, **sets: Any) -> Any:
    if isinstance(statement, mysql.Insert):
        return statement.on_duplicate_key_update(sets)
    return statement.on_conflict_do_update(index_elements=["code"], set_=sets)


@pytest.mark.orm_only(reason="triggers see what follows")
def test_an_upsert_that_changes_what_others_refer_to(places: Library, database_kind: str) -> None:
    """Refused before it is sent; what it finds its row by may be set to what was given."""
    insert = _upsert(places.Country.__table__, database_kind)
    with places.sessions() as session, statements(places.engine) as sent:
        with pytest.raises(HistoryWriteError, match=r"may change code .* in city"):
            session.execute(_on_conflict(insert.values(code="at"), code="ch"))
        assert not [each for each in sent if "INSERT" in each]
    given = insert.inserted if isinstance(insert, mysql.Insert) else insert.excluded
    with places.commit() as session:
        session.execute(_on_conflict(insert.values(code="at"), code=given.code))


@pytest.mark.orm_only(reason="triggers see keys change")
def test_an_upsert_that_changes_keys_is_refused(places: Library, database_kind: str) -> None:
    table = places.Genre.__table__
    insert = _upsert(table, database_kind).values(id=1)
    sets = {"id": table.c.id + 10}
    if isinstance(insert, mysql.Insert):
        statement = insert.on_duplicate_key_update(sets)
    else:
        statement = insert.on_conflict_do_update(index_elements=["id"], set_=sets)
    with places.sessions() as session, pytest.raises(HistoryWriteError, match="primary keys"):
        session.execute(statement)
    if isinstance(insert, mysql.Insert):  # how one asks for the key of a row that is there
        told = insert.on_duplicate_key_update(id=sa.func.last_insert_id(table.c.id))
        with places.commit() as session:
            for _ in range(2):
                session.execute(told)
        assert places.operations(places.Genre) == {1: [0], 2: [0]}  # as they were before


@on("sqlite")
def test_replacing_is_refused(library: Library) -> None:
    """It deletes what it finds, with all that belongs to it."""
    statement = sa.insert(library.Author).prefix_with("OR REPLACE")
    with library.sessions() as session, pytest.raises(HistoryWriteError, match="OR REPLACE"):
        session.execute(statement, [{"id": 1, "name": "another"}])


# -- joined inheritance ------------------------------------------------------------------------


def test_a_record_of_several_tables_goes_as_one(engine: sa.Engine, write: str) -> None:
    class Base(DeclarativeBase):
        pass

    class Owner(Base):
        __tablename__ = "owner"
        id = sa.Column(sa.Integer, primary_key=True)

    class Item(Base):
        __tablename__ = "item"
        __versioned__ = {"database_cascades": "capture"}
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(10))
        owner_id = sa.Column(sa.ForeignKey("owner.id", ondelete="CASCADE"))
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "item"}

    class Boat(Item):
        __tablename__ = "boat"
        id = sa.Column(sa.ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
        sails = sa.Column(sa.Integer)
        __mapper_args__ = {"polymorphic_identity": "boat"}

    mind_foreign_keys(engine)
    manager = VersioningManager(user_cls=None)
    manager.write = write
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.registry.configure()
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add(Owner(id=1))
        session.flush()
        session.add_all([Boat(id=1, owner_id=1, sails=2), Item(id=2, owner_id=1), Boat(id=3)])
        session.commit()
        session.delete(session.get(Owner, 1))
        session.commit()
        session.delete(session.get(Boat, 3))  # as ever: by the ORM, from both tables
        session.commit()
    item, boat = manager.registry.of(Boat).tables
    assert [(row[0], row[-1]) for row in rows(engine, item)] == [
        (1, 0),
        (1, 2),
        (2, 0),
        (2, 2),
        (3, 0),
        (3, 2),
    ]
    assert [(row[0], row[1], row[-1]) for row in rows(engine, boat)] == [
        (1, 2, 0),
        (1, 2, 2),
        (3, None, 0),
        (3, None, 2),
    ]
    check(engine, manager)
    manager.detach()


# -- SET DEFAULT -------------------------------------------------------------------------------


@on("sqlite", "postgresql")
def test_set_default(engine: sa.Engine, write: str) -> None:
    class Base(DeclarativeBase):
        pass

    class Desk(Base):
        __tablename__ = "desk"
        id = sa.Column(sa.Integer, primary_key=True)

    class Task(Base):
        __tablename__ = "task"
        __versioned__ = {"database_cascades": "capture"}
        id = sa.Column(sa.Integer, primary_key=True)
        desk_id = sa.Column(sa.ForeignKey("desk.id", ondelete="SET DEFAULT"), server_default="1")

    mind_foreign_keys(engine)
    manager = VersioningManager(user_cls=None)
    manager.write = write
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.registry.configure()
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add_all([Desk(id=1), Desk(id=2)])
        session.flush()
        session.add_all([Task(id=1, desk_id=1), Task(id=2, desk_id=2)])
        session.commit()
        session.delete(session.get(Desk, 2))
        session.commit()
    assert rows(engine, manager.registry.of(Task).table) == [
        (1, 1, 1, None, 0),
        (2, 2, 1, 2, 0),
        (2, 1, 2, None, 1),
    ]
    check(engine, manager)
    manager.detach()
