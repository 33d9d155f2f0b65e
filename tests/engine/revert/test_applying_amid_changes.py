from __future__ import annotations

import threading
import time

import pytest

from flask_continuum.engine import read
from flask_continuum.engine.errors import StalePlan
from flask_continuum.engine.revert import plan_revert
from tests.engine.newsroom import Newsroom
from tests.support.marks import on


def write_tag(newsroom: Newsroom) -> None:
    for name in ("a", "b"):
        with newsroom.commit() as session:
            session.merge(newsroom.Tag(id=1, name=name))


def test_a_plan_is_applied_among_other_changes_of_the_session(newsroom: Newsroom) -> None:
    write_tag(newsroom)
    with newsroom.commit(actor="Maya") as session:
        session.add(newsroom.Tag(id=2, name="new"))
        session.flush()
        assert len(read.timeline(session, newsroom.Tag, (2,))) == 1  # a draft
        plan = plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0])
        plan.apply(session, reason="because")
        assert [v.name for v in read.versions_of(session, newsroom.Tag, (1,))] == ["a", "b", "a"]
        session.add(newsroom.Tag(id=3, name="later"))
    with newsroom.session() as session:
        newest, *others = read.transactions(session, newsroom.manager)
        assert len(others) == 2
        transaction = newest.transaction
        assert (transaction.kind, transaction.reason, transaction.actor) == (
            "revert",
            "because",
            "Maya",
        )
        assert [v.id for v in newest.samples[newsroom.Tag]] == [1, 2, 3]
        versions = read.versions_of(session, newsroom.Tag, (1,))
        assert [v.end_transaction_id for v in versions] == [
            versions[1].transaction_id,
            versions[2].transaction_id,
            None,
        ]


def test_a_pending_change_of_the_record_counts_as_what_is_there_now(newsroom: Newsroom) -> None:
    write_tag(newsroom)
    with newsroom.session() as session:
        version = read.versions_of(session, newsroom.Tag, (1,))[0]
        plan = plan_revert(session, version)
        session.get(newsroom.Tag, 1).name = "pending"
        with pytest.raises(StalePlan):
            plan.apply(session)
        assert session.get(newsroom.Tag, 1).name == "pending"
        plan_revert(session, version).apply(session)
        assert session.get(newsroom.Tag, 1).name == "a"
        session.rollback()
        assert session.get(newsroom.Tag, 1).name == "b"
    with newsroom.session() as session:
        assert len(read.versions_of(session, newsroom.Tag, (1,))) == 2


def test_a_plan_made_in_one_session_is_applied_in_another(newsroom: Newsroom) -> None:
    write_tag(newsroom)
    with newsroom.session() as session:
        plan = plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0])
    with newsroom.commit() as session:
        (live,) = plan.apply(session)
        assert live in session
    with newsroom.session() as session:
        assert session.get(newsroom.Tag, 1).name == "a"


def test_a_rolled_back_revert_says_nothing_about_what_comes_after(newsroom: Newsroom) -> None:
    write_tag(newsroom)
    with newsroom.session() as session:
        plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0]).apply(session)
        session.rollback()
        session.add(newsroom.Tag(id=2, name="plain"))
        session.commit()
        assert read.newest(session, newsroom.Tag, (2,)).transaction.kind is None


def test_applying_twice_is_stale(newsroom: Newsroom) -> None:
    write_tag(newsroom)
    with newsroom.commit() as session:
        plan = plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0])
        plan.apply(session)
        with pytest.raises(StalePlan):
            plan.apply(session)
    with newsroom.session() as session:
        assert plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0]).is_empty


@on("postgresql", "mariadb")
def test_of_two_who_apply_at_once_the_second_is_told(newsroom: Newsroom) -> None:
    write_tag(newsroom)
    planned, told = threading.Event(), []

    def second() -> None:
        with newsroom.sessions() as session:
            plan = plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0])
            planned.set()
            try:
                plan.apply(session)
            except StalePlan as stale:
                told.append(stale)

    with newsroom.sessions() as session:
        plan_revert(session, read.versions_of(session, newsroom.Tag, (1,))[0]).apply(session)
        thread = threading.Thread(target=second)
        thread.start()
        assert planned.wait(30)
        time.sleep(0.2)  # it is waiting for the row by now
        assert not told
        session.commit()
        thread.join(30)
    assert len(told) == 1
    with newsroom.session() as session:
        assert len(read.versions_of(session, newsroom.Tag, (1,))) == 3
