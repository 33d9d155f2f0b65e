"""Objects that sessions merge, expire, detach, lose and find again."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import make_transient, scoped_session

from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom


def names(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    found = rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)
    return [(row[1], row[4]) for row in found]


@pytest.fixture
def section(newsroom: Newsroom) -> Any:
    with newsroom.commit() as session:
        section = newsroom.Section(id=1, name="City")
        session.add(section)
        session.flush()
        session.refresh(section)
    return section


def test_a_detached_object_that_is_merged(newsroom: Newsroom, section: Any) -> None:
    detached = newsroom.Section(id=1, name="merged")
    with newsroom.commit() as session:
        session.merge(detached)
    assert names(newsroom) == [("City", 0), ("merged", 1)]


def test_merging_what_is_the_same_is_nothing(newsroom: Newsroom, section: Any) -> None:
    with newsroom.commit() as session:
        session.merge(newsroom.Section(id=1, name="City"))
    assert names(newsroom) == [("City", 0)]


def test_merging_what_is_not_there_is_an_insert(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.merge(newsroom.Section(id=5, name="new"))
    assert names(newsroom) == [("new", 0)]


def test_an_object_changed_while_detached(newsroom: Newsroom) -> None:
    with newsroom.sessions(expire_on_commit=False) as session:
        kept = newsroom.Section(id=1, name="City")
        session.add(kept)
        session.commit()
    kept.name = "changed outside"
    with newsroom.commit() as session:
        session.add(kept)
    assert names(newsroom) == [("City", 0), ("changed outside", 1)]


def test_an_object_that_takes_the_key_of_one_deleted_in_the_same_flush(
    newsroom: Newsroom, section: Any
) -> None:
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Section, 1))
        session.add(newsroom.Section(id=1, name="other"))
    assert names(newsroom) == [("City", 0), ("other", 1)]


def test_an_object_expired_in_the_middle(newsroom: Newsroom, section: Any) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "first"
        session.flush()
        session.expire(found)
        found.name = "second"
    assert names(newsroom) == [("City", 0), ("second", 1)]


def test_a_change_that_is_expired_before_the_flush(newsroom: Newsroom, section: Any) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "never sent"
        session.expire(found)
    assert names(newsroom) == [("City", 0)]


def test_an_expunged_change_is_nothing(newsroom: Newsroom, section: Any) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "never sent"
        session.expunge(found)
    assert names(newsroom) == [("City", 0)]


def test_an_object_made_transient_and_added_again(newsroom: Newsroom, section: Any) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        session.delete(found)
        session.flush()
        make_transient(found)
        found.name = "back"
        session.add(found)
    assert names(newsroom) == [("City", 0), ("back", 1)]


def test_reading_history_without_autoflush_sees_what_was_flushed(
    newsroom: Newsroom, section: Any
) -> None:
    version = newsroom.registry_of(newsroom.Section).version_class
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "flushed"
        session.flush()
        found.name = "pending"
        with session.no_autoflush:
            query = sa.select(version.name).order_by(version.transaction_id)
            assert session.scalars(query).all() == ["City", "flushed"]
        assert session.scalars(query).all() == ["City", "pending"]
    assert names(newsroom) == [("City", 0), ("pending", 1)]


def test_a_scoped_session(newsroom: Newsroom) -> None:
    session = scoped_session(newsroom.sessions)
    session.add(newsroom.Section(id=1, name="City"))
    session.commit()
    session.remove()
    session.get(newsroom.Section, 1).name = "Metro"
    session.commit()
    session.remove()
    assert names(newsroom) == [("City", 0), ("Metro", 1)]


def test_a_closed_session_that_is_used_again(newsroom: Newsroom, section: Any) -> None:
    session = newsroom.sessions()
    session.get(newsroom.Section, 1).name = "lost"
    session.flush()
    session.close()
    session.get(newsroom.Section, 1).name = "kept"
    session.commit()
    session.close()
    assert names(newsroom) == [("City", 0), ("kept", 1)]


def test_a_lost_connection_loses_both(newsroom: Newsroom, section: Any) -> None:
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "lost"
        session.flush()
        session.connection().invalidate()
        with pytest.raises(sa.exc.PendingRollbackError):
            session.commit()
        session.rollback()
        session.get(newsroom.Section, 1).name = "kept"
        session.commit()
    assert names(newsroom) == [("City", 0), ("kept", 1)]


def test_two_sessions_on_one_connection(newsroom: Newsroom, section: Any) -> None:
    with newsroom.engine.connect() as connection, connection.begin():
        first = newsroom.sessions(bind=connection, join_transaction_mode="rollback_only")
        second = newsroom.sessions(bind=connection, join_transaction_mode="rollback_only")
        first.get(newsroom.Section, 1).name = "first"
        first.flush()
        second.add(newsroom.Section(id=2, name="second"))
        second.flush()
        first.close()
        second.close()
    assert names(newsroom) == [("City", 0), ("first", 1), ("second", 0)]
