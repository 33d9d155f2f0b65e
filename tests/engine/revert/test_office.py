from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import read
from flask_continuum.engine.errors import PlanBlocked, ReverterException
from flask_continuum.engine.revert import Action, Reason, State, plan_revert, plan_undo
from tests.engine.invariants import check
from tests.engine.revert import office as models


@pytest.fixture
def office(engine: sa.Engine) -> Iterator[Any]:
    office = models.build(engine)
    with office.sessions() as session:
        session.add_all(
            [
                office.Person(id=1, name="Ana"),
                office.Person(id=2, name="Ben"),
                office.Badge(id=1, code="a", person_id=1),
                office.Badge(id=2, code="b", person_id=2),
                office.Desk(id=1, person_id=1),
                office.Team(country="pt", number=1, name="north", budget=5),
                office.Membership(person_id=1, country="pt", number=1, role="lead"),
            ]
        )
        session.commit()
    yield office
    check(office.engine, office.manager)
    office.manager.detach()


def first(session: Any, model: Any, *key: Any) -> Any:
    return read.versions_of(session, model, key)[0]


def newest(office: Any, session: Any) -> Any:
    return read.transactions(session, office.manager, limit=1).items[0].transaction


def test_one_takes_the_place_of_another(office: Any) -> None:
    with office.sessions() as session:
        ana, new = session.get(office.Person, 1), office.Badge(id=3, code="c")
        ana.badge = new
        session.delete(ana.desk)
        ana.desk = None
        session.flush()
        ana.desk = office.Desk(id=2)
        session.commit()
        session.delete(session.get(office.Badge, 1))
        session.commit()
    with office.sessions() as session:
        plan = plan_revert(session, first(session, office.Person, 1))
        assert {s.id: (s.kind.value, s.ticked) for s in plan.records[0].relations} == {
            "badge+1": ("recreate", True),
            "badge-3": ("unlink", True),
            "desk+1": ("recreate", False),
            "desk-2": ("remove", False),
        }
        assert plan.taken == ()
        with pytest.raises(
            PlanBlocked, match=r"only one “desk”.*Ask for both \(desk-2 and desk\+1"
        ):
            plan.apply(session, relations=["desk+1"])
        plan.apply(session, relations=["badge+1", "badge-3", "desk+1", "desk-2"])
        session.commit()
        ana = session.get(office.Person, 1)
        assert (ana.badge.id, ana.desk.id) == (1, 1)
        assert session.get(office.Badge, 3).person_id is None
        assert session.get(office.Desk, 2) is None


def test_an_association_object_comes_back_with_what_its_key_points_to(office: Any) -> None:
    with office.sessions() as session:
        session.delete(session.get(office.Team, ("pt", 1)))
        session.commit()
    with office.sessions() as session:
        version = first(session, office.Membership, 1, "pt", 1)
        plan = plan_revert(session, version)
        assert [s.id for s in plan.records[0].relations] == ["team+pt,1"]
        assert plan.asks == ("team+pt,1/budget",)
        with pytest.raises(PlanBlocked, match=r"without what it points to.*\(team\+pt,1\)"):
            plan.apply(session, relations=())
        with pytest.raises(PlanBlocked, match=r"values=\{'team\+pt,1/budget': …\}"):
            plan.apply(session)
        plan = plan_revert(session, version, values={"team+pt,1/budget": 7, "role": "guest"})
        assert plan.asks == ()
        plan.apply(session)
        session.commit()
        member = session.get(office.Membership, (1, "pt", 1))
        assert (member.role, member.team.name, member.team.budget) == ("guest", "north", 7)


def test_a_person_comes_back_with_association_objects(office: Any) -> None:
    with office.sessions() as session:
        ana = session.get(office.Person, 1)
        ana.badge = None
        session.delete(ana)
        session.commit()
    with office.sessions() as session:
        plan_revert(session, read.newest(session, office.Person, (1,))).apply(session)
        session.commit()
        ana = session.get(office.Person, 1)
        assert [(m.role, m.team.number) for m in ana.memberships] == [("lead", 1)]
        assert ana.desk.id == 1


def test_what_is_not_recorded_is_asked_for_by_an_undo_too(office: Any) -> None:
    with office.sessions() as session:
        session.delete(session.get(office.Team, ("pt", 1)))
        session.commit()
        transaction = newest(office, session)
        plan = plan_undo(session, transaction)
        assert plan.asks == ("team:pt,1/budget",)
        with pytest.raises(ReverterException, match="Did you mean 'team:pt,1/budget'"):
            plan_undo(session, transaction, values={"team:pt,1/budgets": 1})
        plan_undo(session, transaction, values={"team:pt,1/budget": 1}).apply(session)
        session.commit()
        assert session.get(office.Team, ("pt", 1)).memberships[0].role == "lead"


def test_a_record_is_changed_where_it_is_now(office: Any) -> None:
    with office.sessions() as session:
        session.get(office.Team, ("pt", 1)).name = "south"
        session.commit()
        session.get(office.Team, ("pt", 1)).country = "es"
        session.commit()
        session.add(office.Team(country="pt", number=1, name="another", budget=1))
        session.commit()
    with office.sessions() as session:
        for version in read.versions_of(session, office.Team, ("pt", 1))[:1]:
            plan = plan_revert(session, version, relations=())
            (record,) = plan.records
            assert (record.action, record.key) == (Action.CHANGE, ("es", 1))
            assert [(i.reason, i.words) for i in record.impossible] == [
                (Reason.KEY_CHANGED, "The record has the key es, 1 since, and keeps it.")
            ]
            plan.apply(session)
            session.commit()
        assert session.get(office.Team, ("es", 1)).name == "north"
        assert session.get(office.Team, ("pt", 1)).name == "another"
        left = read.versions_of(session, office.Team, ("pt", 1))[2]
        assert left.moved_to is not None
        (record,) = plan_revert(session, left, relations=()).records
        assert (record.key, [(s.key, s.then) for s in record.fields]) == (
            ("es", 1),
            [("name", "south")],
        )


def test_a_foreign_key_follows_the_record_that_it_pointed_to(office: Any) -> None:
    with office.sessions() as session:
        badge = session.get(office.Badge, 2)
        badge.person_id = None
        session.flush()
        session.get(office.Person, 2).id = 9
        session.commit()
        plan = plan_revert(session, first(session, office.Badge, 2), relations=())
        (step,) = plan.records[0].fields
        assert (step.key, step.now, step.then, plan.along) == ("person_id", None, 9, ())
        plan.apply(session)
        session.commit()
        assert session.get(office.Badge, 2).person.name == "Ben"


def test_a_changed_key_is_undone_with_all_that_followed_it(office: Any) -> None:
    with office.sessions() as session:
        team = session.get(office.Team, ("pt", 1))
        team.country, team.name = "es", "south"
        session.commit()
        transaction = newest(office, session)
        team.number = 4
        session.commit()
        moved_on = plan_undo(session, transaction)
        fields = {s.key: s.state for r in moved_on.records for s in r.fields if r.key == ("es", 4)}
        assert fields == {"country": State.CLEAN, "name": State.CLEAN}
        team.number = 1
        session.commit()
        plan = plan_undo(session, transaction)
        assert {(r.model.__name__, r.key, r.action) for r in plan.records} == {
            ("Team", ("es", 1), Action.CHANGE),
            ("Membership", (1, "es", 1), Action.CHANGE),
        }
        plan.apply(session)
        session.commit()
        team = session.get(office.Team, ("pt", 1))
        assert (team.name, [m.role for m in team.memberships]) == ("north", ["lead"])
        assert plan_undo(session, transaction).is_empty
        plan_undo(session, newest(office, session)).apply(session)
        session.commit()
        assert session.get(office.Team, ("es", 1)).memberships[0].role == "lead"


def test_unique_values_pass_back_from_one_record_to_another(office: Any) -> None:
    with office.sessions() as session:
        one, two = session.get(office.Badge, 1), session.get(office.Badge, 2)
        session.delete(one)
        session.flush()
        two.code = "a"
        session.flush()
        session.add(office.Badge(id=3, code="b", person_id=1))
        session.commit()
        plan = plan_undo(session, newest(office, session))
        assert plan.taken == ()
        plan.apply(session)
        session.commit()
        badges = session.scalars(sa.select(office.Badge).order_by(office.Badge.id))
        assert [(b.id, b.code, b.person_id) for b in badges] == [(1, "a", 1), (2, "b", 2)]


def test_a_value_that_is_taken_is_told_before_anything_is_written(office: Any) -> None:
    with office.sessions() as session:
        session.delete(session.get(office.Badge, 1))
        session.commit()
        session.add(office.Badge(id=3, code="a"))
        session.commit()
        version = first(session, office.Badge, 1)
        plan = plan_revert(session, version)
        (taken,) = plan.taken
        assert (taken.fields, taken.values, taken.holder) == (
            ("code",),
            ("a",),
            (office.Badge, (3,)),
        )
        with pytest.raises(PlanBlocked, match="Badge 1 cannot have code = 'a' again: Badge 3 has"):
            plan.apply(session)
        assert not session.new and not session.dirty
        plan_revert(session, version, values={"code": "free"}).apply(session)
        session.commit()
        assert session.get(office.Badge, 1).code == "free"


def test_names_that_are_none_are_refused(office: Any) -> None:
    with office.sessions() as session:
        version = first(session, office.Team, "pt", 1)
        for wrong, words in (
            ({"fields": ["names"]}, "Team has no field 'names'. Did you mean 'name'?"),
            ({"fields": "name"}, "fields is a collection"),
            ({"fields": ["number"]}, "Team.number cannot be set back"),
            ({"values": {"nane": 1}}, "no field 'nane'.*Did you mean 'name'"),
            ({"relations": ["memberships.persons"]}, "Membership has no relationship 'persons'"),
            ({"relations": ["versions"]}, "Team.versions .* is view-only"),
        ):
            with pytest.raises(ReverterException, match=words):
                plan_revert(session, version, **wrong)
