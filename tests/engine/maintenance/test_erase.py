"""What is erased is nowhere, and the history says that it was erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum import (
    NOT_RECORDED,
    Erased,
    HistoryWriteError,
    ImproperlyConfigured,
    Operation,
    blame,
    erase,
    history_of_field,
    plan_revert,
    prune,
    verify,
)
from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.read.timeline import timeline
from tests.engine.invariants import check
from tests.engine.maintenance.people import Club, build, write_story
from tests.support.statements import statements

SECRET = "xyzzy"


@pytest.fixture(params=["validity"])
def club(engine: sa.Engine, request: pytest.FixtureRequest) -> Iterator[Club]:
    made = build(engine, strategy=request.param)
    write_story(made, SECRET)
    assert made.texts().count(SECRET) > 20
    yield made


def forget(club: Club, **more: Any) -> Any:
    with club.sessions() as session:
        found = erase(
            session, (club.Member, 1), club.manager, live=True, reasons=True, reason="asked", **more
        )
    return found


@pytest.mark.parametrize("club", ["validity", "subquery"], indirect=True)
def test_it_is_found_nowhere(club: Club) -> None:
    found = forget(club)
    assert SECRET not in club.texts()
    assert found.records == {"member": 1, "address": 1, "letter": 1}
    assert found.live == {"member": 1, "trainer": 1, "address": 1, "circle_member": 1}
    assert found.versions["member_version"]["name"] == 3
    assert set(found.versions) == {
        "member_version", "trainer_version", "address_version", "letter_version",
        "circle_member_version",
    }  # fmt: skip
    assert found.traces["activity"] == 2
    check(club.engine, club.manager)
    with club.sessions() as session:
        assert verify(session, club.manager).is_clean
        assert session.get(club.Member, 2).name == "Ada Low"
        assert session.get(club.Letter, 2).words == "from Ada"
        assert [v.name for v in session.get(club.Member, 2).versions] == ["Ada", "Ada Low"]
        (log,) = session.scalars(
            sa.select(club.manager.transaction_cls).filter_by(kind="erase")
        ).all()
        assert (log.actor, log.reason) == ("Ada", "asked")
        assert log.context["erased"]["of"] == "member 1"
        assert "facts" in log.context["erased"]["columns"]["member"]


def test_the_secret_leaves_no_trace_in_the_bytes(engine: sa.Engine) -> None:
    texts = set()
    for secret in ("plugh", "a longer one"):
        club = build(engine)
        write_story(club, secret)
        with club.sessions() as session:
            table = club.base.metadata.tables["transaction"]
            session.execute(table.update().values(issued_at=datetime(2026, 1, 1), uid="same"))
            session.commit()
        forget(club)
        with club.sessions() as session:
            session.execute(table.update().values(issued_at=datetime(2026, 1, 1), uid="same"))
            session.commit()
        texts.add(club.texts())
        club.manager.detach()
        club.base.metadata.drop_all(engine)
    assert len(texts) == 1


def test_a_dry_run_counts_the_same_and_writes_nothing(club: Club) -> None:
    before = club.texts()
    counted = forget(club, dry_run=True)
    assert club.texts() == before
    assert counted.transactions == ()
    found = forget(club)
    assert (found.versions, found.live, found.traces) == (
        counted.versions, counted.live, counted.traces,
    )  # fmt: skip
    again = forget(club)
    assert again.total == 0
    assert again.transactions == ()


def test_an_error_takes_all_of_it_back(club: Club) -> None:
    before = club.texts()

    def refuse(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "transaction_meta" in statement and "UPDATE" in statement:
            raise RuntimeError("no more of this")

    sa.event.listen(club.engine, "before_cursor_execute", refuse)
    try:
        with club.sessions() as session, pytest.raises(RuntimeError):
            erase(session, (club.Member, 1), club.manager, live=True)
    finally:
        sa.event.remove(club.engine, "before_cursor_execute", refuse)
    assert club.texts() == before


def test_live_rows_stay_unless_they_are_meant(club: Club) -> None:
    with club.sessions() as session:
        found = erase(session, session.get(club.Member, 1), club.manager)
        assert found.live == {}
        member = session.get(club.Member, 1)
        assert member.name == f"{SECRET} other name"
        *_, newest = member.versions
        assert newest.name == member.name
        assert [version.name for version in member.versions] == [None, None, member.name]
        assert verify(session, club.manager).is_clean
    check(club.engine, club.manager)


def test_a_field_alone(club: Club) -> None:
    with club.sessions() as session:
        found = erase(session, (club.Member, 1), club.manager, fields=["points"])
        assert found.versions == {"member_version": {"points": 2}}
        assert found.traces == {}
        versions = session.get(club.Member, 1).versions
        assert [version.points for version in versions] == [None, None, 3]
        with pytest.raises(ValueError, match="Did you mean 'points'"):
            erase(session, (club.Member, 1), club.manager, fields=["point"])
        with pytest.raises(ValueError, match="part of the key"):
            erase(session, (club.Member, 1), club.manager, fields=["id"])


def test_reading_says_that_it_was_erased(club: Club) -> None:
    (number,) = forget(club).transactions
    with club.sessions() as session:
        entries = timeline(session, club.Member, (1,)).items
        assert entries[0].transaction.kind == "erase"
        erasing, *_, first = entries
        changes = {change.key: change for change in erasing.fields}
        old = changes["name"].old
        assert isinstance(old, Erased)
        assert not old
        assert (old.transaction_id, old.by) == (number, "Ada")
        assert isinstance(old.at, datetime)
        assert changes["name"].new == ""
        assert changes["email"].new is None
        born = {change.key: change.new for change in first.fields}
        assert isinstance(born["facts"], Erased)
        assert born["points"] == 1
        assert first.version.changeset["name"] == [None, old]
        # what changed between two erased values is not known
        assert all("name" not in {c.key for c in each.fields} for each in entries[1:-1])

        name, email = history_of_field(session, (club.Member, 1), "email").items
        assert (name.value, email.value) == (None, old)
        assert not email.exact
        found = blame(session, (club.Member, 1))
        assert found["points"].value == 3
        as_of_first = blame(session, first.version)
        assert as_of_first["name"].value == old
        assert as_of_first["name"].version is None


def test_reading_costs_a_constant_number_of_statements(club: Club) -> None:
    forget(club)
    with club.sessions() as session:
        with statements(club.engine) as few:
            timeline(session, club.Member, (1,), limit=2)
        session.expunge_all()
        with statements(club.engine) as many:
            timeline(session, club.Member, (1,), limit=50)
    assert len(few) == len(many)


def test_an_erased_value_is_never_written_back(club: Club) -> None:
    forget(club, values={"name": "somebody"})
    with club.sessions() as session:
        member = session.get(club.Member, 1)
        assert member.name == "somebody"
        plan = plan_revert(session, member.versions[0])
        (record,) = plan.records
        assert {step.key for step in record.fields} == {"points"}
        assert {"name", "email", "facts", "salary"} <= {i.key for i in record.impossible}
        plan.apply(session)
        session.commit()
        assert (member.name, member.points, member.email) == ("somebody", 1, None)


def test_a_deleted_record_comes_back_without_it(club: Club) -> None:
    forget(club)
    with club.sessions() as session:
        version = club.manager.registry.of(club.Letter).version_class
        deleted = sa.select(version).filter_by(id=1, operation_type=Operation.DELETE)
        gone = session.scalars(deleted).one()
        plan_revert(session, gone.previous).apply(session)
        session.commit()
        assert session.get(club.Letter, 1).words is None


def test_another_record_under_the_same_key_is_left_alone(club: Club) -> None:
    with club.sessions() as session:
        session.add(club.Letter(id=1, words="of somebody else", member_id=2))
        session.commit()
        session.get(club.Letter, 1).words = "of somebody else again"
        session.commit()
    forget(club)
    with club.sessions() as session:
        assert SECRET not in club.texts()
        words = [version.words for version in session.get(club.Letter, 1).versions]
        assert words == [None, None, None, "of somebody else", "of somebody else again"]


def test_earlier_keys_are_followed(club: Club) -> None:
    with club.sessions() as session:
        session.get(club.Member, 1).address_id = None
        session.flush()
        session.get(club.Address, 1).id = 9
        session.commit()
        session.get(club.Address, 9).street = f"{SECRET} once more"
        session.commit()
        found = erase(session, (club.Address, 9), club.manager, live=True)
        assert found.records == {"address": 2}
    assert f"{SECRET} street" not in club.texts()
    assert f"{SECRET} once more" not in club.texts()


@pytest.mark.parametrize("asked", ["by the key it has", "by the one it had"])
def test_earlier_keys_are_followed_where_the_change_was_pruned(club: Club, asked: str) -> None:
    with club.sessions() as session:
        session.get(club.Member, 1).address_id = None
        session.flush()
        session.get(club.Address, 1).id = 9
        session.commit()
        for number in range(2):
            session.get(club.Address, 9).street = f"{SECRET} once more {number}"
            session.commit()
        session.add(club.Address(id=8, street="of somebody else"))
        session.commit()
        assert prune(session, club.manager, models=[club.Address], keep=1)["address"]
        address = club.manager.registry.of(club.Address).version_class
        streets = session.scalars(sa.select(address.street).where(address.id == 1)).all()
        assert f"{SECRET} new street" in streets
        left = session.get(club.Address, 9).versions
        assert [version.street for version in left] == [f"{SECRET} once more 1"]
        former = session.scalars(
            sa.select(address).where(address.id == 1, address.operation_type != Operation.DELETE)
        ).one()
        record = (club.Address, 9) if asked == "by the key it has" else former
        found = erase(session, record, club.manager, live=True)
        assert found.records == {"address": 2}
        assert verify(session, club.manager).is_clean
    assert f"{SECRET} new street" not in club.texts()
    assert f"{SECRET} once more" not in club.texts()
    assert "of somebody else" in club.texts()


def test_what_a_user_s_transactions_say_of_pruning_stays(club: Club) -> None:
    club.acting = Attribution(user_id=1, actor=SECRET, context={"endpoint": SECRET})
    with club.sessions() as session:
        session.get(club.Member, 2).points = 9
        session.commit()
        prune(session, club.manager, keep=1)
    club.acting = Attribution(user_id=2, actor="Ada")
    forget(club)
    with club.sessions() as session:
        transaction = club.manager.transaction_cls
        theirs = session.scalars(
            sa.select(transaction.context)
            .where(transaction.user_id == 1, transaction.context.is_not(None))
            .order_by(transaction.id)
        ).all()
        assert "member" in theirs[-2]["pruned"]
        assert theirs[-1]["prune"]["keep"] == 1
        assert verify(session, club.manager).is_clean
    assert SECRET not in club.texts()


def test_a_unique_or_missing_value_is_asked_for(club: Club) -> None:
    with club.sessions() as session:
        with pytest.raises(ImproperlyConfigured, match="Nothing of Circle is marked"):
            erase(session, (club.Circle, 1), club.manager)
        session.get(club.Member, 1).points = 8
        with pytest.raises(HistoryWriteError):
            erase(session, (club.Member, 1), club.manager)
        session.flush()
        with pytest.raises(HistoryWriteError):
            erase(session, (club.Member, 1), club.manager)


def test_erased_is_not_what_was_never_recorded() -> None:
    assert Erased(1) != NOT_RECORDED
    assert Erased(1) is not None
