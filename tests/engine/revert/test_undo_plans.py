from __future__ import annotations

from typing import Any

import pytest

from flask_continuum.engine import read
from flask_continuum.engine.errors import PlanBlocked, ReverterException, StalePlan
from flask_continuum.engine.read.transactions import transaction_by_uid
from flask_continuum.engine.revert import Action, Plan, State, plan_undo
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def newest(newsroom: Newsroom, session: Any) -> Any:
    return read.transactions(session, newsroom.manager, limit=1).items[0].transaction


def states(plan: Plan) -> dict[str, dict[str, State]]:
    return {
        record.model.__name__: {step.key: step.state for step in record.fields}
        for record in plan.records
    }


def start(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(
            newsroom.Article(
                id=1,
                title="a",
                words=1,
                body="text",
                section=newsroom.Section(id=1, name="City"),
                tags=[newsroom.Tag(id=1, name="x"), newsroom.Tag(id=2, name="y")],
                comments=[newsroom.Comment(id=1, text="one")],
            )
        )


def test_undo_takes_back_all_that_a_transaction_did(newsroom: Newsroom) -> None:
    start(newsroom)
    with newsroom.commit(actor="import") as session:
        article = session.get(newsroom.Article, 1)
        article.title, article.words = "b", 2
        article.tags = [session.get(newsroom.Tag, 2), newsroom.Tag(id=3, name="z")]
        session.delete(session.get(newsroom.Comment, 1))
        session.add(newsroom.Section(id=2, name="Metro"))
    with newsroom.session() as session:
        transaction = newest(newsroom, session)
        uid = transaction.uid
        with statements(newsroom.engine) as sent:
            plan = plan_undo(session, transaction)
        assert {text.split()[0] for text in sent} == {"SELECT"}
        actions = {(r.model.__name__, r.key): r.action for r in plan.records}
        assert actions == {
            ("Article", (1,)): Action.CHANGE,
            ("Comment", (1,)): Action.RECREATE,
            ("Section", (2,)): Action.DELETE,
            ("Tag", (3,)): Action.DELETE,
        }
        assert not plan.has_conflicts
        plan.apply(session, reason="wrong file")
        session.commit()
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        assert (article.title, article.words) == ("a", 1)
        assert {t.name for t in article.tags} == {"x", "y"}
        assert [c.text for c in article.comments] == ["one"]
        assert session.get(newsroom.Section, 2) is None
        assert session.get(newsroom.Tag, 3) is None
        undo = newest(newsroom, session)
        assert (undo.kind, undo.reason) == ("undo", "wrong file")
        assert undo.context == {"undoes": uid}
        undone = read.transaction_by_uid(session, newsroom.manager, uid)
        assert plan_undo(session, undone).is_empty


def test_an_undo_can_be_undone(newsroom: Newsroom) -> None:
    start(newsroom)
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    for _ in range(2):
        with newsroom.commit() as session:
            plan_undo(session, newest(newsroom, session)).apply(session)
    with newsroom.session() as session:
        assert session.get(newsroom.Article, 1) is None
        assert session.get(newsroom.Comment, 1) is None
        plan_undo(session, newest(newsroom, session)).apply(session)
        session.commit()
        article = session.get(newsroom.Article, 1)
        assert [c.id for c in article.comments] == [1]
        assert {t.id for t in article.tags} == {1, 2}
        assert len(read.lives(session, newsroom.Article, (1,))) == 1


def test_each_field_is_clean_done_or_in_conflict(newsroom: Newsroom) -> None:
    start(newsroom)
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.title, article.words, article.body = "b", 2, "other"
    with newsroom.session() as session:
        transaction = newest(newsroom, session)
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.words, article.body = 1, "third"
    with newsroom.session() as session:
        plan = plan_undo(session, transaction)
        assert states(plan) == {
            "Article": {"title": State.CLEAN, "body": State.CONFLICT, "words": State.DONE}
        }
        conflict = plan.records[0].fields[1]
        assert (conflict.then, conflict.left, conflict.now) == ("text", "other", "third")
        plan.apply(session)
        session.commit()
        article = session.get(newsroom.Article, 1)
        assert (article.title, article.words, article.body) == ("a", 1, "third")
        plan_undo(session, transaction).apply(session, fields=["body"])
        assert article.body == "text"


def test_what_was_created_and_changed_since_stays(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.session() as session:
        transaction = newest(newsroom, session)
    with newsroom.commit() as session:
        session.get(newsroom.Tag, 1).name = "b"
    with newsroom.commit() as session:
        plan = plan_undo(session, transaction)
        assert plan.records[0].state is State.CONFLICT
        assert plan.apply(session) == []
        assert session.get(newsroom.Tag, 1) is not None
        plan.apply(session, fields={(1,): ()})
    with newsroom.session() as session:
        assert session.get(newsroom.Tag, 1) is None


def test_a_deletion_that_takes_others_along_has_to_be_asked_for(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a"))
    with newsroom.session() as session:
        transaction = newest(newsroom, session)
    with newsroom.commit() as session:
        session.add(newsroom.Comment(id=1, text="later", article_id=1))
    with newsroom.commit() as session:
        plan = plan_undo(session, transaction)
        assert plan.records[0].state is State.CONFLICT
        assert [(s.id, s.ticked) for s in plan.records[0].relations] == [("comments-1", False)]
        assert plan.apply(session) == []
        with pytest.raises(PlanBlocked, match="Article 1 would delete 1 related record with it"):
            plan.apply(session, fields={0: ()})
        plan.apply(session, fields={0: ()}, relations=["comments-1"])
    with newsroom.session() as session:
        assert session.get(newsroom.Article, 1) is None
        assert session.get(newsroom.Comment, 1) is None


def test_a_record_that_is_gone_by_now_is_said_to_be(newsroom: Newsroom) -> None:
    start(newsroom)
    with newsroom.commit() as session:
        session.get(newsroom.Comment, 1).text = "two"
    with newsroom.session() as session:
        transaction = newest(newsroom, session)
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Comment, 1))
    with newsroom.session() as session:
        plan = plan_undo(session, transaction)
        assert plan.is_empty
        assert [i.words for i in plan.records[0].impossible] == [
            "The record was deleted since, and stays deleted."
        ]


def test_an_undo_is_stale_when_something_changes(newsroom: Newsroom) -> None:
    start(newsroom)
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).title = "b"
    with newsroom.session() as session:
        plan = plan_undo(session, newest(newsroom, session))
        session.rollback()
        with newsroom.commit() as other:
            other.get(newsroom.Article, 1).title = "c"
        with pytest.raises(StalePlan) as raised:
            plan.apply(session)
        assert [c.new for e in raised.value.entries for c in e.fields if c.key == "title"] == ["c"]


def test_planning_an_undo_costs_the_same_for_any_number_of_records(newsroom: Newsroom) -> None:
    costs = []
    for number in (2, 60):
        with newsroom.commit() as session:
            session.add_all(
                newsroom.Article(title=f"{number}.{n}", tags=[newsroom.Tag(name=f"{number}.{n}")])
                for n in range(number)
            )
        with newsroom.session() as session:
            transaction = newest(newsroom, session)
            with statements(newsroom.engine) as sent:
                plan = plan_undo(session, transaction)
            assert len(plan.records) == 2 * number
            costs.append(len(sent))
    assert costs[0] == costs[1] <= 30


def test_a_value_may_stand_in_the_place_of_what_was_before(newsroom: Newsroom) -> None:
    start(newsroom)
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).title = "b"
    with newsroom.session() as session:
        number = newest(newsroom, session).uid
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).title = "c"
    with newsroom.session() as session:
        transaction = transaction_by_uid(session, newsroom.manager, number)
        plan = plan_undo(session, transaction, values={"title": "a and c"})
        assert states(plan) == {"Article": {"title": State.CONFLICT}}
        plan.apply(session)
        assert session.get(newsroom.Article, 1).title == "c"
        plan.apply(session, fields={0: ["title"]})
        assert session.get(newsroom.Article, 1).title == "a and c"
        with pytest.raises(ReverterException, match="no field 'words'"):
            plan_undo(session, transaction, values={"words": 3})
