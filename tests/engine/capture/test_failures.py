"""P1 when no notice is taken of an error: a commit after it has all versions, or is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine.errors import HistoryWriteError
from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom
from tests.support.marks import on


@pytest.fixture
def section(newsroom: Newsroom) -> Any:
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in (1, 2))
    return newsroom.Section.__table__


def live(newsroom: Newsroom) -> list[str]:
    with newsroom.engine.connect() as connection:
        return list(
            connection.scalars(sa.select(newsroom.Section.name).order_by(newsroom.Section.id))
        )


def versions(newsroom: Newsroom, key: int) -> list[Any]:
    found = rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)
    return [(row[1], row[4]) for row in found if row[0] == key]


@contextmanager
def striking(engine: sa.Engine, word: str) -> Iterator[None]:
    """Let the driver fail at every statement that contains a word."""

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
        if word in statement:
            raise engine.dialect.loaded_dbapi.OperationalError("struck by the test")

    sa.event.listen(engine, "do_execute", execute)
    try:
        yield
    finally:
        sa.event.remove(engine, "do_execute", execute)


def test_a_commit_that_fails_leaves_the_pool_clean(
    newsroom: Newsroom, section: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy gives such a connection back with its transaction still open."""

    def do_commit(connection: Any) -> None:
        raise newsroom.engine.dialect.loaded_dbapi.OperationalError("struck by the test")

    with monkeypatch.context() as patch:
        patch.setattr(newsroom.engine.dialect, "do_commit", do_commit)
        session = newsroom.sessions()
        session.get(newsroom.Section, 1).name = "lost"
        with pytest.raises(sa.exc.OperationalError):
            session.commit()
        session.close()
    with newsroom.engine.begin() as connection:
        connection.execute(sa.insert(newsroom.User).values(name="Maya"))
    assert live(newsroom) == ["s1", "s2"]


@pytest.mark.orm_only(reason="triggers need no drafts")
def test_a_draft_that_fails_is_not_committed_without_it(newsroom: Newsroom, section: Any) -> None:
    version = newsroom.registry_of(newsroom.Section).version_class
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "lost"
        if newsroom.manager.write == "flush":
            with pytest.raises(sa.exc.OperationalError), striking(newsroom.engine, "_version"):
                session.flush()
            return  # which is rolled back by the session itself
        session.flush()
        with pytest.raises(sa.exc.OperationalError), striking(newsroom.engine, "_version"):
            session.scalars(sa.select(version)).all()
        with pytest.raises((HistoryWriteError, sa.exc.DBAPIError)):
            session.commit()
    assert live(newsroom) == ["s1", "s2"]


def test_a_savepoint_takes_an_error_along(newsroom: Newsroom, section: Any) -> None:
    version = newsroom.registry_of(newsroom.Section).version_class
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "kept"
        session.flush()
        with pytest.raises(sa.exc.OperationalError), session.begin_nested():
            session.get(newsroom.Section, 2).name = "lost"
            with striking(newsroom.engine, "_version"):
                session.flush()
                session.scalars(sa.select(version)).all()
    assert live(newsroom) == ["kept", "s2"]
    assert versions(newsroom, 1) == [("s1", 0), ("kept", 1)]


def test_a_statement_that_stopped_half_way(newsroom: Newsroom, section: Any) -> None:
    """The rows before the one that is wrong may be there, and no history knows of them."""
    new = [{"id": 3, "name": "half"}, {"id": 1, "name": "taken"}]
    with newsroom.engine.connect() as connection:
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(section), new)
        with pytest.raises((HistoryWriteError, sa.exc.DBAPIError)):
            connection.commit()
        connection.rollback()
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.insert(section), new)
        connection.execute(sa.insert(section), {"id": 4, "name": "kept"})
        connection.commit()
    assert live(newsroom) == ["s1", "s2", "kept"]


def test_links_that_stopped_half_way(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        tags = [newsroom.Tag(id=i, name=f"t{i}") for i in (1, 2)]
        session.add(newsroom.Article(id=1, title="a", tags=tags[:1]))
        session.add(tags[1])
    new = [{"article_id": 1, "tag_id": 2}, {"article_id": 1, "tag_id": 1}]
    with newsroom.engine.connect() as connection:
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(newsroom.article_tag.insert(), new)
        with pytest.raises((HistoryWriteError, sa.exc.DBAPIError)):
            connection.commit()


@on("sqlite", "mariadb")
def test_a_single_statement_that_fails_changes_nothing(newsroom: Newsroom, section: Any) -> None:
    """So the application may try something else in the same transaction."""
    with newsroom.engine.begin() as connection:
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(section), {"id": 1, "name": "taken"})
        connection.execute(sa.update(section).where(section.c.id == 1).values(name="kept"))
    assert live(newsroom) == ["kept", "s2"]


def test_a_savepoint_that_could_not_be_set(newsroom: Newsroom, section: Any) -> None:
    """It must not be taken for the one that is rolled back next."""
    if newsroom.engine.dialect.name == "postgresql":
        pytest.skip("nothing can follow an error but a rollback")
    with newsroom.engine.begin() as connection:
        outer = connection.begin_nested()
        connection.execute(sa.delete(section).where(section.c.id == 1))
        with pytest.raises(sa.exc.OperationalError), striking(newsroom.engine, "SAVEPOINT"):
            connection.begin_nested()
        connection.execute(sa.update(section).where(section.c.id == 2).values(name="lost"))
        outer.rollback()
    assert live(newsroom) == ["s1", "s2"]
    assert versions(newsroom, 1) == [("s1", 0)]


def test_an_outer_savepoint_is_rolled_back_while_an_inner_one_is_open(
    newsroom: Newsroom, section: Any
) -> None:
    with newsroom.engine.begin() as connection:
        outer = connection.begin_nested()
        connection.execute(sa.delete(section).where(section.c.id == 1))
        connection.begin_nested()
        connection.execute(sa.update(section).where(section.c.id == 2).values(name="lost"))
        with pytest.warns(sa.exc.SAWarning, match="already deassociated"):
            outer.rollback()
    assert live(newsroom) == ["s1", "s2"]
    assert versions(newsroom, 1) == [("s1", 0)]


@on("mariadb")
def test_a_deadlock_that_nobody_cares_about(newsroom: Newsroom, section: Any) -> None:
    """The server rolls the whole transaction back, and the application goes on in a new one."""
    first, second = newsroom.engine.connect(), newsroom.engine.connect()
    first.execute(sa.delete(section).where(section.c.id == 1))
    for i in range(3, 10):  # the victim is the one that has done less
        second.execute(sa.insert(newsroom.User).values(id=i, name="Maya"))
    second.execute(sa.update(section).where(section.c.id == 2).values(name="second"))
    waiting = threading.Thread(
        target=second.execute, args=(sa.update(section).where(section.c.id == 1).values(name="x"),)
    )
    waiting.start()
    with pytest.raises(sa.exc.OperationalError, match="1213"):
        first.execute(sa.update(section).where(section.c.id == 2).values(name="first"))
    waiting.join()
    second.commit()
    first.execute(sa.insert(section), {"id": 3, "name": "first"})
    first.commit()
    first.close()
    second.close()
    assert live(newsroom) == ["x", "second", "first"]
    assert versions(newsroom, 1) == [("s1", 0), ("x", 1)]


@on("mariadb")
@pytest.mark.parametrize("whole", [False, True])
def test_a_lock_that_is_not_got_in_time(
    newsroom: Newsroom, section: Any, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """With innodb_rollback_on_timeout the server rolls the whole transaction back.

    The variable is read-only; here its answer is given for it, with what it does.
    """
    connection, other = newsroom.engine.connect(), newsroom.engine.connect()
    if whole:
        variable = "@@innodb_rollback_on_timeout"

        def execute(cursor: Any, query: str, args: Any = None) -> Any:
            if variable in query:
                cursor.connection.rollback()
            return run(cursor, query.replace(variable, "1"), args)

        cursors = type(connection.connection.cursor())
        run = cursors.execute
        monkeypatch.setattr(cursors, "execute", execute)
    other.execute(sa.update(section).where(section.c.id == 2).values(name="other"))
    connection.execute(sa.text("SET SESSION innodb_lock_wait_timeout = 1"))
    connection.execute(sa.delete(section).where(section.c.id == 1))
    with pytest.raises(sa.exc.OperationalError, match="1205"):
        connection.execute(sa.update(section).where(section.c.id == 2).values(name="lost"))
    other.commit()
    connection.execute(sa.insert(section), {"id": 3, "name": "kept"})
    connection.commit()
    connection.execute(sa.text("SET SESSION innodb_lock_wait_timeout = DEFAULT"))
    connection.close()
    other.close()
    assert live(newsroom) == (["s1", "other", "kept"] if whole else ["other", "kept"])
    assert versions(newsroom, 1) == [("s1", 0)] + ([] if whole else [("s1", 2)])


def test_a_session_whose_connection_is_committed_directly(newsroom: Newsroom) -> None:
    """Each transaction has a uid of its own."""
    with newsroom.engine.connect() as connection, newsroom.sessions(bind=connection) as session:
        for key in (1, 2):
            session.add(newsroom.Section(id=key, name="City"))
            session.flush()
            connection.commit()
    (history,) = newsroom.manager.registry.history.values()
    with newsroom.engine.connect() as connection:
        uids = list(connection.scalars(sa.select(history.transaction.c.uid)))
    assert len(set(uids)) == 2


def test_two_sessions_delete_the_same_record(newsroom: Newsroom, section: Any) -> None:
    """The second one deletes nothing, of which SQLAlchemy only warns."""
    with newsroom.sessions() as first, newsroom.sessions() as second:
        theirs = second.get(newsroom.Section, 1)
        second.rollback()  # lets go of what it has locked, or of its snapshot
        second.add(theirs)
        sa.orm.attributes.set_committed_value(theirs, "id", 1)
        sa.orm.attributes.set_committed_value(theirs, "name", "s1")
        first.delete(first.get(newsroom.Section, 1))
        first.commit()
        second.delete(theirs)
        with pytest.warns(sa.exc.SAWarning, match="0 were matched"):
            second.commit()
    assert versions(newsroom, 1) == [("s1", 0), ("s1", 2)]


def test_a_deletion_of_what_is_not_there(newsroom: Newsroom, section: Any) -> None:
    """Neither does it fail nor does history know of it."""
    tag = newsroom.article_tag
    link = newsroom.manager.registry.link_table(tag)
    assert link is not None
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a", tags=[newsroom.Tag(id=1, name="t")]))
        session.add(newsroom.Tag(id=2, name="t2"))
    with newsroom.engine.begin() as connection:
        by_key = section.delete().where(section.c.id == sa.bindparam("key"))
        connection.execute(by_key, [{"key": 1}, {"key": 99}])
        connection.execute(by_key, {"key": 98})
        both = sa.and_(
            tag.c.article_id == sa.bindparam("article_id"), tag.c.tag_id == sa.bindparam("tag_id")
        )
        connection.execute(tag.delete().where(both), {"article_id": 1, "tag_id": 2})
        connection.execute(
            tag.delete().where(both),
            [{"article_id": 1, "tag_id": 1}, {"article_id": 1, "tag_id": 2}],
        )
    assert live(newsroom) == ["s2"]
    assert versions(newsroom, 1) == [("s1", 0), ("s1", 2)]
    assert [(row[:2], row[4]) for row in rows(newsroom.engine, link)] == [((1, 1), 0), ((1, 1), 2)]


def test_an_update_by_keys_of_what_is_not_there(newsroom: Newsroom, section: Any) -> None:
    by_key = section.update().where(section.c.id == sa.bindparam("key"))
    with newsroom.engine.begin() as connection:
        connection.execute(
            by_key.values(name=sa.bindparam("new")),
            [{"key": 1, "new": "one"}, {"key": 99, "new": "none"}],
        )
    assert live(newsroom) == ["one", "s2"]
