from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import read
from flask_continuum.engine.errors import PlanBlocked
from flask_continuum.engine.revert import Reason, plan_revert, plan_undo
from tests.engine import hierarchy
from tests.support.statements import statements


@pytest.fixture
def world(engine: sa.Engine) -> Any:
    return hierarchy.build(engine)


def write_tree(world: Any) -> None:
    with world.sessions() as session:
        article = world.Article(id=1, title="t", body="b")
        note = world.Note(id=2, title="n", stars=3, parent=article)
        session.add_all([article, note, world.Item(id=3, title="i", parent=note)])
        session.commit()
        article.body = "c"
        session.commit()


def delete_tree(world: Any) -> None:
    with world.sessions() as session:
        for key in (3, 2, 1):
            session.delete(session.get(world.Item, key))
            session.flush()
        session.commit()


def check_tree(world: Any) -> None:
    with world.sessions() as session:
        item = session.get(world.Item, 3)
        assert type(item) is world.Item and type(item.parent) is world.Note
        assert item.parent.stars == 3
        assert type(item.parent.parent) is world.Article and item.parent.parent.body == "c"


def test_a_version_is_of_its_own_class_and_read_whole(world: Any, engine: sa.Engine) -> None:
    write_tree(world)
    with world.sessions() as session:
        for model in (world.Item, world.Article):
            newest, oldest = read.timeline(session, model, (1,))
            assert [c.key for c in newest.fields] == ["body"]
            assert {c.key for c in oldest.fields} == {"id", "kind", "title", "body"}
        with statements(engine) as sent:
            rows = read.records(session, world.Item).items
            assert [type(row.version).__name__ for row in rows] == [
                "ArticleVersion",
                "ItemVersion",
                "NoteVersion",
            ]
            assert rows[0].version.body == "c" and rows[2].version.stars == 3
        assert len(sent) == 1
        (stats,) = [s for s in read.model_stats(session, world.manager) if s.model is world.Item]
        assert (stats.live, stats.changes) == (3, 4)


def test_a_tree_comes_back_from_its_root(world: Any) -> None:
    write_tree(world)
    delete_tree(world)
    with world.sessions() as session:
        plan = plan_revert(session, read.newest(session, world.Item, (1,)))
        assert [step.id for step in plan.records[0].relations] == ["children+2"]
        assert [(r.key, r.via) for r in plan.along] == [
            ((2,), "children+2"),
            ((3,), "children+2/children+3"),
        ]
        plan.apply(session)
        session.commit()
    check_tree(world)


def test_a_tree_comes_back_by_undo(world: Any) -> None:
    write_tree(world)
    delete_tree(world)
    with world.sessions() as session:
        newest = read.transactions(session, world.manager).items[0].transaction
        plan_undo(session, newest).apply(session)
        session.commit()
    check_tree(world)


def test_only_part_of_a_tree(world: Any) -> None:
    write_tree(world)
    delete_tree(world)
    with world.sessions() as session:
        plan = plan_revert(session, read.newest(session, world.Item, (1,)))
        plan.apply(session, relations=())
        session.commit()
        assert [item.id for item in session.scalars(sa.select(world.Item))] == [1]


def write_circle(world: Any) -> None:
    """Two records that point to each other, with collections of every kind around them."""
    with world.sessions() as session:
        person = world.Person(
            id=1,
            code="x",
            country=world.Country(id=1),
            visited=[world.Country(id=2)],
            followers=[world.Person(id=2, code="y")],
        )
        session.add(person)
        session.flush()
        post = world.Post(id=1, person=person)
        session.add_all([post, world.Memo(id=1, secret="s", person=person)])
        session.flush()
        person.best = post
        session.commit()


def clear_circle(world: Any) -> None:
    with world.sessions() as session:
        person = session.get(world.Person, 1)
        person.best = None
        person.followers = []
        session.flush()
        session.delete(session.get(world.Post, 1))
        session.delete(session.get(world.Memo, 1))
        session.flush()
        session.delete(person)
        session.commit()


def test_records_that_point_to_each_other_come_back(world: Any) -> None:
    write_circle(world)
    clear_circle(world)
    with world.sessions() as session:
        plan = plan_revert(session, read.versions_of(session, world.Person, (1,))[0])
        steps = {step.id for step in plan.records[0].relations}
        assert steps == {"visited+2", "posts+1", "memos+1", "followers+2", "best+1"}
        plan.apply(session, relations=steps - {"memos+1"})
        session.commit()
        person = session.get(world.Person, 1)
        assert person.best is person.posts[0]
        assert [c.id for c in person.visited] == [2] and person.country.id == 1
        assert [p.id for p in person.followers] == [2]


def test_what_cannot_be_without_an_unrecorded_value_is_refused_in_words(world: Any) -> None:
    write_circle(world)
    clear_circle(world)
    with world.sessions() as session:
        plan = plan_revert(session, read.newest(session, world.Memo, (1,)))
        (blocked,) = plan.blocked
        assert (blocked.key, blocked.reason) == ("secret", Reason.REQUIRED_NOT_RECORDED)
        with pytest.raises(PlanBlocked, match="“secret” is not kept in the history, and"):
            plan.apply(session)
        assert session.get(world.Memo, 1) is None


def test_a_target_without_history_that_is_gone_is_said_to_be(world: Any) -> None:
    write_circle(world)
    with world.sessions() as session:
        person = session.get(world.Person, 1)
        person.country = None
        session.delete(session.get(world.Country, 1))
        session.commit()
        plan = plan_revert(session, read.versions_of(session, world.Person, (1,))[0])
        (lost,) = plan.records[0].impossible
        assert (lost.key, lost.reason, lost.blocks) == (
            "country_id",
            Reason.MISSING_TARGET,
            False,
        )
        assert plan.records[0].fields == ()
