"""Transactions that somebody asks for: their id is known before anything is written under it."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom, build
from tests.support.databases import Database
from tests.support.marks import on


def ask(newsroom: Newsroom, session: Session, model: Any = None) -> Any:
    return newsroom.manager.unit_of_work(session).create_transaction(session, model)


def sections(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def transactions(newsroom: Newsroom) -> list[Any]:
    table = newsroom.base.metadata.tables["transaction"]
    with newsroom.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


@pytest.fixture
def section(newsroom: Newsroom) -> int:
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=1, name="City"), newsroom.Section(id=2, name="Sea")])
    return 1


def test_what_is_written_afterwards_is_written_under_its_id(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit(reason="A move", user_id=4) as session:
        asked = ask(newsroom, session)
        number = asked.id
        assert sa.inspect(asked).persistent
        assert (asked.reason, asked.user_id) == ("A move", 4)
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        session.get(newsroom.Section, 2).name = "River"
        session.add(newsroom.Section(id=3, name="Sky"))
        assert ask(newsroom, session) is asked
    with newsroom.session() as session:
        for key in (1, 2, 3):
            assert newsroom.ids(session, newsroom.Section, key)[-1] == number
    assert transactions(newsroom)[-1].id == number
    assert len(transactions(newsroom)) == 2


def test_its_columns_are_written_as_those_of_any_object(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        asked = ask(newsroom, session)
        asked.reason, asked.user_id = "Said before the flush", 7
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        asked.actor = "Ada"
        asked.context = {"ticket": 12}
    found = transactions(newsroom)[-1]
    assert (found.reason, found.user_id, found.actor) == ("Said before the flush", 7, "Ada")
    assert found.context == {"ticket": 12}


def test_its_user_is_set_as_an_object(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        ada = newsroom.User(name="Ada")
        session.add(ada)
        asked = ask(newsroom, session)
        with pytest.raises(ValueError, match="no primary key yet"):
            asked.user = ada
        session.flush()
        asked.user = ada
        session.get(newsroom.Section, 1).name = "Metro"
        expected = ada.id
    assert transactions(newsroom)[-1].user_id == expected
    with newsroom.commit() as session:
        version = session.get(newsroom.Section, 1).versions[-1]
        assert version.transaction.user.name == "Ada"


def test_what_is_known_later_is_added_and_overrules_nothing(
    newsroom: Newsroom, section: int
) -> None:
    unit = newsroom.manager.unit_of_work
    with newsroom.commit(context={"request": "a"}) as session:
        asked = ask(newsroom, session)
        asked.reason = "Mine"
        asked.context = {"request": "b"}
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        unit(session).annotate(kind="revert", reason="Theirs", context={"of": 3})
    found = transactions(newsroom)[-1]
    assert (found.kind, found.reason) == ("revert", "Mine")
    assert found.context == {"request": "b", "of": 3}


def test_it_stays_though_nothing_was_changed(newsroom: Newsroom, section: int) -> None:
    """The invariants, ``verify`` among them, are checked when the test has ended."""
    with newsroom.commit(context={"request": "a"}) as session:
        number = ask(newsroom, session).id
        session.get(newsroom.Section, 1).name = "there"
        session.flush()
        session.get(newsroom.Section, 1).name = "City"
    found = transactions(newsroom)[-1]
    assert found.id == number
    assert found.context == {"request": "a", "empty": "asked for"}
    assert len(sections(newsroom)) == 2


def test_a_savepoint_takes_it_along(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        savepoint = session.begin_nested()
        lost = ask(newsroom, session)
        lost.reason = "lost"
        session.flush()
        session.get(newsroom.Section, 1).name = "lost"
        session.flush()
        savepoint.rollback()
        assert newsroom.manager.unit_of_work(session).current_transaction is None
        assert sa.inspect(lost).transient
        session.get(newsroom.Section, 2).name = "River"
    assert sections(newsroom)[-1] == (2, "River", 2, None, 1)
    assert [each.reason for each in transactions(newsroom)] == [None, None]


def test_a_savepoint_that_is_rolled_back_leaves_the_one_asked_for_before(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        with session.begin_nested():
            asked = ask(newsroom, session)
            number = asked.id
        session.get(newsroom.Section, 1).name = "kept"
        session.flush()
        savepoint = session.begin_nested()
        assert ask(newsroom, session) is asked
        session.get(newsroom.Section, 2).name = "lost"
        session.flush()
        assert session.get(newsroom.Section, 2).versions.count() == 2
        savepoint.rollback()
        assert newsroom.manager.unit_of_work(session).current_transaction is asked
    assert transactions(newsroom)[-1].id == number
    assert sections(newsroom)[1:] == [(1, "kept", 2, None, 1), (2, "Sea", 1, None, 0)]


def test_a_rollback_takes_it_along(newsroom: Newsroom, section: int) -> None:
    with newsroom.sessions() as session:
        lost = ask(newsroom, session)
        session.get(newsroom.Section, 1).name = "lost"
        session.rollback()
        assert sa.inspect(lost).transient
        session.get(newsroom.Section, 1).name = "Metro"
        session.commit()
    assert len(transactions(newsroom)) == 2
    assert len(sections(newsroom)) == 3


def test_a_draft_that_was_read_before_goes_on_under_the_id_asked_for(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        assert session.get(newsroom.Section, 1).versions.count() == 2
        number = ask(newsroom, session).id
        assert session.get(newsroom.Section, 1).versions[-1].transaction_id == number
        session.get(newsroom.Section, 1).name = "Polis"
    assert transactions(newsroom)[-1].id == number
    assert len(transactions(newsroom)) == 2
    assert sections(newsroom)[1] == (1, "Polis", 2, None, 1)


def test_statements_past_the_unit_of_work_are_written_under_it(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        number = ask(newsroom, session).id
        session.execute(sa.update(newsroom.Section).values(name="All"))
        session.execute(sa.delete(newsroom.Section).where(newsroom.Section.id == 2))
    assert [row[1] for row in sections(newsroom)] == ["City", "All", "Sea", "All"]
    assert transactions(newsroom)[-1].id == number


def test_the_object_may_be_dropped_and_found_again(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        number = ask(newsroom, session).id
        gc.collect()
        unit = newsroom.manager.unit_of_work(session)
        assert unit.current_transaction.id == number
        session.expunge(unit.current_transaction)
        assert unit.current_transaction.id == number
        session.get(newsroom.Section, 1).name = "Metro"
    with newsroom.session() as session:
        assert newsroom.manager.unit_of_work(session).current_transaction is None
        assert newsroom.ids(session, newsroom.Section, 1)[-1] == number


def test_two_sessions_have_one_each(newsroom: Newsroom, section: int) -> None:
    with newsroom.sessions() as one:
        first = ask(newsroom, one).id
        one.get(newsroom.Section, 1).name = "Metro"
        one.commit()
        with newsroom.sessions() as two:
            second = ask(newsroom, two).id
            two.get(newsroom.Section, 2).name = "River"
            two.commit()
        third = ask(newsroom, one).id
        one.commit()
    assert first < second < third
    assert [each.id for each in transactions(newsroom)][1:] == [first, second, third]


def test_a_session_inside_an_outer_transaction_asks_once_for_each_commit(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.engine.begin() as connection, newsroom.sessions(bind=connection) as session:
        first = ask(newsroom, session).id
        session.get(newsroom.Section, 1).name = "Metro"
        session.commit()
        second = ask(newsroom, session).id
        session.get(newsroom.Section, 1).name = "Polis"
        session.commit()
    with newsroom.session() as session:
        assert newsroom.ids(session, newsroom.Section, 1)[1:] == [first, second]


def test_make_versions_writes_what_can_be_read(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        unit = newsroom.manager.unit_of_work(session)
        assert not unit.has_changes
        session.get(newsroom.Section, 1).name = "Metro"
        assert unit.is_modified(session)
        unit.make_versions(session)
        assert not unit.is_modified(session)
        assert unit.has_changes
        version = newsroom.registry_of(newsroom.Section).table.version
        count = sa.text(f"SELECT count(*) FROM {version.name}")
        connection = session.connection().execution_options(continuum_own=True)
        assert connection.execute(count).scalar() == 3
    assert len(sections(newsroom)) == 3


def test_a_unit_that_holds_changes_is_not_reset(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        unit = newsroom.manager.unit_of_work(session)
        unit.reset()
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        with pytest.raises(HistoryWriteError, match="Commit the session, or roll it back"):
            unit.reset(session)


def test_the_current_transaction_is_there_once_something_is_changed(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        unit = newsroom.manager.unit_of_work(session)
        one = session.get(newsroom.Section, 1)
        assert unit.current_transaction is None
        one.name = "Metro"
        unit.current_transaction.reason = "A move"
        session.flush()
        number = unit.current_transaction.id
        one.name = "Polis"
    found = transactions(newsroom)[-1]
    assert (found.id, found.reason) == (number, "A move")
    assert len(sections(newsroom)) == 3


def test_with_several_databases_it_is_beside_what_is_written(
    database: Database, second_database: Database
) -> None:
    """A session that was told its databases by models knows nothing of transactions."""
    first, second = database.create_engine(), second_database.create_engine()
    newsroom = build(first)
    newsroom.base.metadata.create_all(second)
    Section, Place = newsroom.Section, newsroom.Place
    told = sessionmaker(binds={Section: first, Place: second})
    newsroom.manager.attach(newsroom.base, told)
    with told() as session:
        session.add(Place(country="pt", number=1, name="warm"))
        asked = ask(newsroom, session)
        asked.reason = "Two at once"
        number = asked.id
        session.add(Section(id=1, name="City"))
        session.commit()
    uids = set()
    for engine, model in ((first, Section), (second, Place)):
        with Session(engine) as session:
            version = newsroom.manager.version_class_map[model]
            (found,) = session.scalars(sa.select(version))
            uids.add(found.transaction.uid)
            if model is Place:
                assert (found.transaction_id, found.transaction.reason) == (number, "Two at once")
    assert len(uids) == 1
    newsroom.manager.detach()


@on("postgresql", "mariadb")
class TestOvertaken:
    """Another transaction commits between asking and writing: only that part moves to a later id.

    SQLite has one writer at a time, which is the one that has asked.
    """

    def test_what_was_overtaken_goes_on_under_another_id(
        self, newsroom: Newsroom, section: int
    ) -> None:
        Section = newsroom.Section
        with newsroom.commit() as session:
            session.add_all([Section(id=n, name="old") for n in (3, 4, 5)])
        with newsroom.sessions() as late:
            asked = ask(newsroom, late)
            number = asked.id
            with newsroom.commit() as early:
                early.get(Section, 1).name = "Metro"
                early.get(Section, 3).name = "new"
                early.delete(early.get(Section, 4))
                early.delete(early.get(Section, 5))
            late.get(Section, 1).name = "City"  # as it was before the other
            late.get(Section, 2).name = "River"
            late.delete(late.get(Section, 3))
            late.add_all([Section(id=n, name="back") for n in (4, 5, 6)])
            late.commit()
        with newsroom.session() as session:
            ids = {n: newsroom.ids(session, Section, n)[-1] for n in range(1, 7)}
        found = transactions(newsroom)
        first, between, last = (each.id for each in found if each.id >= number)
        assert (first, last) == (number, ids[1])
        assert number < between < last
        assert ids == {1: ids[1], 2: number, 3: ids[1], 4: ids[1], 5: ids[1], 6: number}
        by_id = {each.id: each for each in found}
        assert by_id[number].uid == by_id[ids[1]].uid
        assert by_id[number].issued_at == by_id[ids[1]].issued_at
        assert [row[1] for row in sections(newsroom) if row[0] == 1] == ["City", "Metro", "City"]

    def test_when_all_was_overtaken_its_row_stays(self, newsroom: Newsroom, section: int) -> None:
        with newsroom.sessions() as late:
            number = ask(newsroom, late).id
            with newsroom.commit() as early:
                early.get(newsroom.Section, 1).name = "Metro"
            late.get(newsroom.Section, 1).name = "Polis"
            assert late.get(newsroom.Section, 1).versions.count() >= 2
            late.get(newsroom.Section, 1).name = "Urbs"
            late.commit()
        assert number in [each.id for each in transactions(newsroom)]
        assert [row[1] for row in sections(newsroom)] == ["City", "Metro", "Urbs", "Sea"]
