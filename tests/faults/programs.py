"""Fixed programs: between them they write in every way that there is.

A program is a sequence of transactions, a transaction a sequence of steps. A step can be run after
another one has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session

from tests.engine.newsroom import Newsroom

Step = Callable[[Newsroom, Session], Any]
Transaction = tuple[Step, ...]


class Undo(Exception):
    """Leaves a savepoint."""


def furnish(newsroom: Newsroom) -> None:
    """Write what the programs begin with."""
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in (1, 2, 3, 4))
        tags = [newsroom.Tag(id=i, name=f"t{i}") for i in (1, 2, 3)]
        session.add_all(tags)
        session.add(newsroom.Article(id=1, title="a1", section_id=1, tags=tags[:2]))
        session.add(newsroom.Article(id=2, title="a2", tags=tags[1:]))
        session.flush()
        session.add(newsroom.Comment(text="c1", article_id=1))
        session.add(newsroom.Place(country="pt", number=1, name="Lisbon"))


def sections(newsroom: Newsroom) -> sa.Table:
    table: sa.Table = newsroom.Section.__table__
    return table


# -- objects ---------------------------------------------------------------------------------------


def add_and_rename(newsroom: Newsroom, session: Session) -> None:
    session.add(newsroom.Section(id=10, name="new"))
    session.get_one(newsroom.Section, 1).name = "renamed"
    session.flush()
    session.get_one(newsroom.Section, 1).name = "renamed again"
    session.flush()


def change_and_delete(newsroom: Newsroom, session: Session) -> None:
    section = session.get_one(newsroom.Section, 2)
    section.name = "changed"
    session.flush()
    session.delete(section)
    session.flush()


def delete_with_dependents(newsroom: Newsroom, session: Session) -> None:
    session.delete(session.get_one(newsroom.Article, 1))
    session.flush()


def change_a_key(newsroom: Newsroom, session: Session) -> None:
    session.get_one(newsroom.Place, ("pt", 1)).number = 2
    session.flush()


def write_unversioned(newsroom: Newsroom, session: Session) -> None:
    session.add(newsroom.User(name="Maya"))
    session.flush()


# -- links -----------------------------------------------------------------------------------------


def link_and_unlink(newsroom: Newsroom, session: Session) -> None:
    article = session.get_one(newsroom.Article, 1)
    article.tags.append(session.get_one(newsroom.Tag, 3))
    article.tags.remove(session.get_one(newsroom.Tag, 1))
    session.flush()


def clear_links(newsroom: Newsroom, session: Session) -> None:
    article = session.get_one(newsroom.Article, 2)
    article.tags.clear()
    session.flush()


def link_again(newsroom: Newsroom, session: Session) -> None:
    article = session.get_one(newsroom.Article, 2)
    article.tags.append(session.get_one(newsroom.Tag, 2))
    session.flush()


def link_by_statement(newsroom: Newsroom, session: Session) -> None:
    rows = [{"article_id": 2, "tag_id": 1}, {"article_id": 1, "tag_id": 1}]
    session.execute(newsroom.article_tag.insert(), rows)


def unlink_by_statement(newsroom: Newsroom, session: Session) -> None:
    table = newsroom.article_tag
    session.execute(table.delete().where(table.c.tag_id == 2))


# -- statements ------------------------------------------------------------------------------------


def update_by_criteria(newsroom: Newsroom, session: Session) -> None:
    section = newsroom.Section
    session.execute(sa.update(section).where(section.id < 3).values(name=section.name + "!"))


def update_by_keys(newsroom: Newsroom, session: Session) -> None:
    session.execute(
        sa.update(newsroom.Section), [{"id": 3, "name": "three"}, {"id": 4, "name": "four"}]
    )


def insert_many(newsroom: Newsroom, session: Session) -> None:
    session.execute(
        sa.insert(newsroom.Section), [{"id": i, "name": f"many {i}"} for i in range(20, 24)]
    )


def insert_without_keys(newsroom: Newsroom, session: Session) -> None:
    rows = [{"text": "keyless", "article_id": 1}, {"text": "keyless too", "article_id": 2}]
    session.execute(sa.insert(newsroom.Comment), rows)


def insert_from_select(newsroom: Newsroom, session: Session) -> None:
    table = sections(newsroom)
    chosen = sa.select(table.c.id + 100, table.c.name).where(table.c.id < 3)
    session.connection().execute(table.insert().from_select(["id", "name"], chosen))


def delete_by_criteria(newsroom: Newsroom, session: Session) -> None:
    section = newsroom.Section
    session.execute(sa.delete(section).where(section.id.in_([4, 20])))


def delete_after_change(newsroom: Newsroom, session: Session) -> None:
    table = sections(newsroom)
    connection = session.connection()
    connection.execute(table.update().where(table.c.id == 3).values(name="for a moment"))
    connection.execute(table.delete().where(table.c.id == 3))


def upsert(newsroom: Newsroom, session: Session) -> None:
    rows = [{"id": 1, "name": "upserted"}, {"id": 30, "name": "fresh"}]
    table = sections(newsroom)
    session.execute(_upsert(newsroom.engine.dialect.name, table, rows))


def _upsert(name: str, table: sa.Table, rows: list[dict[str, Any]]) -> Any:
    if name == "mysql":
        inserted = mysql.insert(table).values(rows)
        return inserted.on_duplicate_key_update(name=inserted.inserted.name)
    insert: Any = postgresql.insert if name == "postgresql" else sqlite.insert
    statement = insert(table).values(rows)
    return statement.on_conflict_do_update(
        index_elements=["id"], set_={"name": statement.excluded.name}
    )


# -- savepoints ------------------------------------------------------------------------------------


def keep_a_savepoint(newsroom: Newsroom, session: Session) -> None:
    with session.begin_nested():
        session.get_one(newsroom.Section, 1).name = "kept"
        session.add(newsroom.Section(id=40, name="kept"))


def undo_a_savepoint(newsroom: Newsroom, session: Session) -> None:
    try:
        with session.begin_nested():
            session.get_one(newsroom.Section, 2).name = "lost"
            session.delete(session.scalars(sa.select(newsroom.Comment).limit(1)).one())
            session.flush()
            raise Undo
    except Undo:
        session.get_one(newsroom.Section, 3).name = "after"
        session.flush()


def nest_savepoints(newsroom: Newsroom, session: Session) -> None:
    with session.begin_nested():
        session.get_one(newsroom.Section, 4).name = "outer"
        session.flush()
        read(newsroom, session)
        try:
            with session.begin_nested():
                session.get_one(newsroom.Section, 4).name = "inner"
                session.flush()
                read(newsroom, session)
                raise Undo
        except Undo:
            read(newsroom, session)


# -- reading history in between --------------------------------------------------------------------


def read(newsroom: Newsroom, session: Session) -> None:
    version = newsroom.registry_of(newsroom.Section).version_class
    session.scalars(sa.select(version)).all()


def read_links(newsroom: Newsroom, session: Session) -> None:
    link = newsroom.manager.registry.link_table(newsroom.article_tag)
    assert link is not None
    session.execute(sa.select(link.version)).all()


PROGRAMS: dict[str, tuple[Transaction, ...]] = {
    "objects": (
        (write_unversioned, add_and_rename, change_a_key),
        (change_and_delete, delete_with_dependents),
    ),
    "links": (
        (link_and_unlink, read_links, clear_links),
        (link_again, link_by_statement, unlink_by_statement),
    ),
    "statements": (
        (update_by_criteria, update_by_keys, insert_without_keys, upsert),
        (insert_many, insert_from_select, delete_by_criteria, delete_after_change),
    ),
    "savepoints": (
        (undo_a_savepoint, keep_a_savepoint),
        (update_by_criteria, nest_savepoints),
    ),
    "drafts": (
        (add_and_rename, read, update_by_criteria, read, delete_by_criteria, read),
        (upsert, read, undo_a_savepoint, read, keep_a_savepoint),
    ),
}
