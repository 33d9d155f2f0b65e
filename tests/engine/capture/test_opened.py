"""``current_transaction``: what is set on it is written with its row, at the commit."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def current(newsroom: Newsroom, session: Session) -> Any:
    return newsroom.manager.unit_of_work(session).current_transaction


def transactions(newsroom: Newsroom) -> list[Any]:
    table = newsroom.base.metadata.tables["transaction"]
    with newsroom.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


@pytest.fixture
def section(newsroom: Newsroom) -> int:
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=1, name="City"), newsroom.Section(id=2, name="Sea")])
    return 1


def test_what_is_set_is_written_with_its_row(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit(user_id=4, kind="import", context={"request": "a"}) as session:
        one = session.get(newsroom.Section, 1)
        assert current(newsroom, session) is None
        one.name = "Metro"
        session.flush()
        with statements(newsroom.engine) as sent:
            found = current(newsroom, session)
            assert (found.user_id, found.kind, found.reason) == (4, "import", None)
            found.reason, found.user_id = "A move", 7
            found.context = {"ticket": 12}
            assert current(newsroom, session) is found
            one.name = "Polis"
        assert sent == []
    # a draft may have been there; the object is that of the row in any case
    assert sa.inspect(found).detached
    (_, row) = transactions(newsroom)
    told = (row.reason, row.user_id, row.kind, row.context)
    assert told == ("A move", 7, "import", {"request": "a", "ticket": 12})
    with newsroom.session() as session:
        assert newsroom.ids(session, newsroom.Section, 1)[-1] == row.id


def test_the_session_knows_it_after_the_commit(newsroom: Newsroom, section: int) -> None:
    with newsroom.session() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        found = current(newsroom, session)
        found.reason = "A move"
        session.commit()
        assert sa.inspect(found).persistent
        version = session.get(newsroom.Section, 1).versions[-1]
        assert version.transaction is found
        assert (found.id, found.reason) == (version.transaction_id, "A move")
        found.reason = "Said afterwards"
        session.commit()
        assert current(newsroom, session) is None
    assert transactions(newsroom)[-1].reason == "Said afterwards"


def test_to_read_its_id_is_to_ask_for_it(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit(context={"request": "a"}) as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        found = current(newsroom, session)
        found.reason, found.context = "A move", {"ticket": 12}
        number = found.id
        assert number is not None
        assert sa.inspect(found).persistent
        assert current(newsroom, session) is found
        found.actor = "Ada"
        newsroom.manager.unit_of_work(session).annotate(reason="Theirs")
    row = transactions(newsroom)[-1]
    assert (row.id, row.reason, row.actor) == (number, "A move", "Ada")
    assert row.context == {"request": "a", "ticket": 12}


def test_it_may_be_changed_after_versions_were_read(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        found = current(newsroom, session)
        found.reason = "First"
        assert session.get(newsroom.Section, 1).versions[-1].transaction.reason == "First"
        found.reason = "Second"
    assert [row.reason for row in transactions(newsroom)] == [None, "Second"]


def test_a_rollback_leaves_nothing_of_it(newsroom: Newsroom, section: int) -> None:
    with newsroom.session() as session:
        session.get(newsroom.Section, 1).name = "lost"
        session.flush()
        lost = current(newsroom, session)
        lost.reason = "lost"
        session.rollback()
        assert lost.id is None
        assert current(newsroom, session) is None
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        assert current(newsroom, session) is not lost
        session.commit()
        assert lost.id is None
    assert [row.reason for row in transactions(newsroom)] == [None, None]


def test_a_savepoint_that_is_rolled_back_keeps_it(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        found = current(newsroom, session)
        savepoint = session.begin_nested()
        session.get(newsroom.Section, 2).name = "lost"
        session.flush()
        savepoint.rollback()
        assert current(newsroom, session) is found
        found.reason = "Kept"
    assert transactions(newsroom)[-1].reason == "Kept"


def test_where_nothing_was_changed_there_is_no_row(newsroom: Newsroom, section: int) -> None:
    with newsroom.session() as session:
        one = session.get(newsroom.Section, 1)
        one.name = "Metro"
        session.flush()
        found = current(newsroom, session)
        found.reason = "lost"
        one.name = "City"
        session.commit()
        assert found.id is None
    assert len(transactions(newsroom)) == 1


def test_what_draws_it_into_the_session_has_it_written(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        found = current(newsroom, session)
        found.reason = "A move"
        session.add(found)
        assert sa.inspect(found).persistent
        number = found.id
    assert [(row.id, row.reason) for row in transactions(newsroom)][1:] == [(number, "A move")]


def test_a_session_inside_an_outer_transaction(newsroom: Newsroom, section: int) -> None:
    with newsroom.engine.begin() as connection, newsroom.sessions(bind=connection) as session:
        for name in ("Metro", "Polis"):
            session.get(newsroom.Section, 1).name = name
            session.flush()
            found = current(newsroom, session)
            found.reason = name
            session.commit()
            assert found.id == session.get(newsroom.Section, 1).versions[-1].transaction_id
    assert [row.reason for row in transactions(newsroom)] == [None, "Metro", "Polis"]
