"""Joined inheritance: a record has a version in each of its tables or in none, however written."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, mapped_column, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.capture.shop import run, since
from tests.engine.invariants import check, rows
from tests.support.statements import statements

# -- statements --------------------------------------------------------------------------------


def test_an_update_of_the_root_is_one_of_every_table(shop: Any) -> None:
    run(shop, sa.update(shop.Item).where(shop.Item.id != 2).values(title="x"))
    assert since(shop) == {
        "item": [(1, "item", "x", 2, 1), (3, "article", "x", 2, 1), (4, "review", "x", 2, 1)],
        "article": [(3, "b", 2, 1), (4, "b", 2, 1)],
        "review": [(4, 5, 2, 1)],
    }


@pytest.mark.parametrize("core", [True, False])
def test_an_update_of_a_part_is_one_of_every_table(shop: Any, core: bool) -> None:
    table = shop.Article.__table__
    target = table if core else shop.Article
    run(shop, sa.update(target).where(table.c.body == "b").values(body="c"))
    assert since(shop) == {
        "item": [(2, "article", "a", 2, 1), (3, "article", "a", 2, 1), (4, "review", "r", 2, 1)],
        "article": [(2, "c", 2, 1), (3, "c", 2, 1), (4, "c", 2, 1)],
        "review": [(4, 5, 2, 1)],
    }


@pytest.mark.parametrize("way", ["execute", "mappings", "objects", "query"])
def test_records_are_updated_through_their_classes(shop: Any, way: str) -> None:
    with shop.sessions() as session:
        if way == "execute":
            session.execute(sa.update(shop.Review), [{"id": 4, "title": "x", "stars": 1}])
        elif way == "mappings":
            session.bulk_update_mappings(shop.Review, [{"id": 4, "title": "x", "stars": 1}])
        elif way == "objects":
            review = session.get(shop.Review, 4)
            review.title, review.stars = "x", 1
            session.bulk_save_objects([review])
            session.expunge(review)
        else:
            session.query(shop.Item).filter(shop.Item.id == 4).update({"title": "x"})
            session.query(shop.Review).filter(shop.Review.stars == 5).update({"stars": 1})
        session.commit()
    assert since(shop) == {
        "item": [(4, "review", "x", 2, 1)],
        "article": [(4, "b", 2, 1)],
        "review": [(4, 1, 2, 1)],
    }


@pytest.mark.parametrize("way", ["execute", "mappings", "objects", "core"])
def test_records_are_inserted_into_all_tables(shop: Any, way: str) -> None:
    given = [{"title": t, "body": "b", "stars": 1} for t in ("x", "y")]
    with shop.sessions() as session:
        if way == "execute":
            session.execute(sa.insert(shop.Review), given)
        elif way == "mappings":
            session.bulk_insert_mappings(shop.Review, given, return_defaults=True)
        elif way == "objects":
            session.bulk_save_objects([shop.Review(**e) for e in given], return_defaults=True)
        else:
            for number, each in enumerate(given, 5):
                own = {"id": number, "kind": "review", **each}
                for table in shop.tables[:3]:
                    values = {k: v for k, v in own.items() if k in table.c}
                    session.execute(table.insert(), values)
        session.commit()
    found = since(shop)
    assert [row[1:] for row in found["item"]] == [("review", "x", 2, 0), ("review", "y", 2, 0)]
    assert [row[1:] for row in found["article"]] == [("b", 2, 0)] * 2
    assert [row[1:] for row in found["review"]] == [(1, 2, 0)] * 2


def test_parts_inserted_from_a_select(shop: Any) -> None:
    item, article = shop.tables[:2]
    run(
        shop,
        item.insert().from_select(
            ["id", "kind", "title"],
            sa.select(item.c.id + 10, sa.literal("article"), item.c.title).where(item.c.id == 1),
        ),
        article.insert().from_select(
            ["id", "body"], sa.select(item.c.id, item.c.title).where(item.c.id == 11)
        ),
    )
    assert since(shop) == {"item": [(11, "article", "i", 2, 0)], "article": [(11, "i", 2, 0)]}


def test_a_deletion_part_by_part(shop: Any) -> None:
    review, article, item = shop.tables[2], shop.tables[1], shop.tables[0]
    run(shop, *(t.delete().where(t.c.id == 4) for t in (review, article, item)))
    assert since(shop) == {
        "item": [(4, "review", "r", 2, 2)],
        "article": [(4, "b", 2, 2)],
        "review": [(4, 5, 2, 2)],
    }


def test_parts_that_the_database_deletes_with_the_root(shop: Any) -> None:
    """No cascade has to be captured: where the root is gone, the parts are looked for."""
    run(shop, sa.delete(shop.Item).where(shop.Item.title != "a"))
    assert since(shop) == {
        "item": [(1, "item", "i", 2, 2), (4, "review", "r", 2, 2)],
        "article": [(4, "b", 2, 2)],
        "review": [(4, 5, 2, 2)],
    }


def test_an_object_that_is_deleted_after_a_statement_changed_it(shop: Any) -> None:
    with shop.sessions() as session:
        session.execute(sa.update(shop.tables[0]).where(shop.tables[0].c.id == 4).values(title="x"))
        session.delete(session.get(shop.Review, 4))
        session.commit()
    assert since(shop) == {
        "item": [(4, "review", "x", 2, 2)],
        "article": [(4, "b", 2, 2)],
        "review": [(4, 5, 2, 2)],
    }


def test_an_object_and_a_statement_in_one_transaction(shop: Any) -> None:
    with shop.sessions() as session:
        session.get(shop.Article, 2).body = "x"
        session.flush()
        session.execute(sa.update(shop.tables[0]).values(title="y"))
        session.get(shop.Review, 4).stars = 1
        session.commit()
    found = since(shop)
    assert [row[0] for row in found["item"]] == [1, 2, 3, 4]
    assert [row[:2] for row in found["article"]] == [(2, "x"), (3, "b"), (4, "b")]
    assert found["review"] == [(4, 1, 2, 1)]


def upsert(shop: Any, table: sa.Table, name: str) -> Any:
    if shop.engine.dialect.name == "mysql":
        statement: Any = mysql.insert(table)
        return statement.on_duplicate_key_update({name: statement.inserted[name]})
    made: Any = postgresql if shop.engine.dialect.name == "postgresql" else sqlite
    statement = made.insert(table)
    return statement.on_conflict_do_update(
        index_elements=["id"], set_={name: statement.excluded[name]}
    )


def test_an_upsert_of_a_part_changes_the_record(shop: Any) -> None:
    """A record that gets another part becomes one of another class."""
    item, article = shop.tables[:2]
    with shop.sessions() as session:
        session.execute(item.update().where(item.c.id == 1).values(kind="article"))
        given = [{"id": 1, "body": "new"}, {"id": 2, "body": "b"}, {"id": 3, "body": "x"}]
        session.execute(upsert(shop, article, "body"), given)
        session.commit()
    assert since(shop) == {
        "item": [(1, "article", "i", 2, 1), (3, "article", "a", 2, 1)],
        "article": [(1, "new", 2, 0), (3, "x", 2, 1)],
    }


def test_a_part_that_comes_or_goes_is_a_change_of_the_rest(shop: Any) -> None:
    item, article = shop.tables[:2]
    run(shop, article.insert().values(id=1, body="new"))
    run(shop, article.delete().where(article.c.id == 2))
    run(shop, item.update().where(item.c.id == 2).values(kind="item"))
    run(shop, item.update().where(item.c.id == 1).values(kind="article"))
    assert since(shop) == {
        "item": [
            (1, "item", "i", 2, 1),
            (1, "article", "i", 5, 1),
            (2, "article", "a", 3, 1),
            (2, "item", "a", 4, 1),
        ],
        # the third transaction wrote no article
        "article": [(1, "new", 2, 0), (1, "new", 4, 1), (2, "b", 3, 2)],
    }


def test_a_savepoint_takes_its_parts_along(shop: Any) -> None:
    item, article = shop.tables[:2]
    with shop.sessions() as session:
        with session.begin_nested() as savepoint:
            session.execute(item.update().values(title="lost"))
            savepoint.rollback()
        with session.begin_nested():
            session.execute(article.update().where(article.c.id == 2).values(body="x"))
        session.commit()
    assert since(shop) == {"item": [(2, "article", "a", 2, 1)], "article": [(2, "x", 2, 1)]}


def test_versions_read_in_between_are_written_once(shop: Any) -> None:
    version = shop.manager.registry.of(shop.Article).version_class
    with shop.sessions() as session:
        session.execute(sa.update(shop.tables[0]).where(shop.tables[0].c.id == 2).values(title="x"))
        found = session.scalars(sa.select(version).filter_by(id=2, end_transaction_id=None)).all()
        assert [(v.title, v.body) for v in found if v.operation_type == 1] == [("x", "b")]
        session.execute(sa.delete(shop.tables[0]).where(shop.tables[0].c.id == 2))
        session.commit()
    assert since(shop) == {"item": [(2, "article", "x", 2, 2)], "article": [(2, "b", 2, 2)]}


def test_statements_do_not_grow_with_records(shop: Any, request: pytest.FixtureRequest) -> None:
    with shop.sessions() as session:
        session.add_all(shop.Review(id=i, title="r", body="b", stars=i) for i in range(5, 105))
        session.commit()

    def cost(last: int, title: str) -> int:
        item = shop.tables[0]
        with statements(shop.engine) as sent:
            run(shop, item.update().where(item.c.id <= last).values(title=title))
        return len(sent)

    cost(1, "which tables are complete is asked once")
    few, many = cost(5, "x"), cost(104, "y")
    if "plain" in request.node.name:  # the fallback takes a list of keys in parts
        assert many <= few + 12
    else:
        assert few == many


@pytest.mark.orm_only(reason="triggers see rows, of whatever class")
@pytest.mark.parametrize("beside", [None, {"versioning": False}])
def test_statements_where_not_every_class_is_marked(
    engine: sa.Engine, write: str, beside: dict[str, bool] | None
) -> None:
    """What is not marked has a history where it is in versioned tables; what is left out has not,
    and no statement tells which of its rows are whose."""

    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        id = mapped_column(sa.Integer, primary_key=True)
        kind = mapped_column(sa.String(20))
        name = mapped_column(sa.String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

    class Article(Item):
        __tablename__ = "article"
        __versioned__ = {}
        id = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        body = mapped_column(sa.String(20))
        __mapper_args__ = {"polymorphic_identity": "article"}

    class Photo(Item):
        __tablename__ = "photo"
        __versioned__ = beside
        id = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "photo"}

    manager = VersioningManager(user_cls=None)
    manager.write = write
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add_all([Item(id=1), Article(id=2, body="b"), Photo(id=3)])
        session.commit()
        statement = sa.update(Item.__table__).values(name="x")
        if beside is None:
            session.execute(statement)
            session.execute(sa.update(Article.__table__).values(body="y"))
            session.commit()
        else:
            with pytest.raises(HistoryWriteError, match=r"UPDATE on item.*classes without history"):
                session.execute(statement)
    if beside is None:
        tables = [manager.registry.tables[each.__table__] for each in (Item, Article)]
        found = [[row[:-3] for row in rows(engine, table) if row[-1] == 1] for table in tables]
        assert found == [
            [(1, "item", "x"), (2, "article", "x"), (3, "photo", "x")],
            [(2, "y")],
        ]
        check(engine, manager)
    manager.detach()


def test_criteria_of_another_table(shop: Any) -> None:
    """What the database makes of them is captured: the tables are joined where this is said."""
    item, article, review = shop.tables[:3]
    titled = sa.select(shop.Article.id).where(shop.Article.title == "a", shop.Article.id != 3)
    run(shop, sa.update(shop.Article).where(shop.Article.id.in_(titled)).values(body="x"))
    run(
        shop,
        sa.update(shop.Review)
        .where(review.c.id == article.c.id, article.c.id == item.c.id, shop.Item.title == "r")
        .values(stars=1),
    )
    shop.engine.clear_compiled_cache()  # it warns as it compiles
    with pytest.warns(sa.exc.SAWarning, match="cartesian product"):
        run(shop, sa.update(shop.Article).where(shop.Item.title == "i").values(body="all"))
    found = since(shop)
    assert found["review"] == [(4, 1, 2, 1), (4, 1, 3, 1)]
    assert found["article"] == [
        (2, "x", 2, 1),
        (2, "all", 4, 1),
        (3, "all", 4, 1),
        (4, "b", 3, 1),
        (4, "all", 4, 1),
    ]


def test_an_update_of_several_tables_at_once_is_refused(shop: Any) -> None:
    """MariaDB and MySQL have it; an attribute of a class above is enough."""
    item, article = shop.tables[:2]
    for statement in (
        sa.update(article).where(item.c.id == article.c.id).values({item.c.title: "x"}),
        sa.update(shop.Article).values(title="x", body="y"),
        sa.update(shop.Article).values({shop.Item.title: "x"}),
    ):
        with pytest.raises(HistoryWriteError, match="also sets columns of item"):
            run(shop, statement)
    assert since(shop) == {}


# -- what has not changed ----------------------------------------------------------------------


def test_a_record_that_is_the_same_in_all_tables_has_no_version(shop: Any) -> None:
    with shop.sessions() as session:
        review = session.get(shop.Review, 4)
        review.title, review.body, review.stars = "x", "y", 1
        session.flush()
        review.title, review.body, review.stars = "r", "b", 5
        session.execute(sa.update(shop.Item).where(shop.Item.id < 4).values(title=shop.Item.title))
        session.commit()
    assert since(shop) == {}


@pytest.mark.parametrize(("changed", "table"), [("title", 0), ("body", 1), ("stars", 2)])
def test_a_record_that_differs_in_one_table_has_a_version_in_each(
    shop: Any, changed: str, table: int
) -> None:
    with shop.sessions() as session:
        article, review = session.get(shop.Article, 2), session.get(shop.Review, 4)
        article.title, review.title, review.body, review.stars = "x", "x", "y", 1
        session.flush()
        article.title, review.title, review.body, review.stars = "a", "r", "b", 5
        setattr(review, changed, 7 if changed == "stars" else "7")
        session.commit()
    expected = [[(4, "review", "r", 2, 1)], [(4, "b", 2, 1)], [(4, 5, 2, 1)]]
    value = 7 if changed == "stars" else "7"
    expected[table][0] = (*expected[table][0][:-3], value, 2, 1)
    assert since(shop) == dict(zip(("item", "article", "review"), expected, strict=True))
