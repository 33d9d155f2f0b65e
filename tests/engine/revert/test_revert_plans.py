from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from flask_continuum.engine import read
from flask_continuum.engine.errors import PlanBlocked, ReverterException, StalePlan
from flask_continuum.engine.revert import Action, Reason, RelationKind, plan_revert
from flask_continuum.engine.revert.work import Work
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def first_version(newsroom: Newsroom, session: Any, model: Any, *key: Any) -> Any:
    return read.versions_of(session, model, key)[0]


def write_story(newsroom: Newsroom) -> int:
    """An article with a section, two tags and two comments, changed once."""
    with newsroom.commit(actor="Maya") as session:
        article = newsroom.Article(
            id=1,
            title="Bridge",
            words=10,
            section=newsroom.Section(id=1, name="City"),
            tags=[newsroom.Tag(id=1, name="a"), newsroom.Tag(id=2, name="b")],
            comments=[newsroom.Comment(id=1, text="c1"), newsroom.Comment(id=2, text="c2")],
        )
        session.add(article)
    with newsroom.commit(actor="Tom") as session:
        article = session.get(newsroom.Article, 1)
        article.title, article.words = "Bridge reopens", None
    return 1


def test_a_plan_says_what_each_field_becomes(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        (record,) = plan.records
        assert (plan.kind, record.action) == ("revert", Action.CHANGE)
        assert [(s.key, s.now, s.then) for s in record.fields] == [
            ("title", "Bridge reopens", "Bridge"),
            ("words", None, 10),
        ]
        assert record.relations == () and not plan.is_empty
        assert record.base == newsroom.ids(session, newsroom.Article, 1)[-1]


def test_planning_writes_and_flushes_nothing(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.session() as session:
        version = first_version(newsroom, session, newsroom.Article, 1)
        article = session.get(newsroom.Article, 1)
        article.words = 5
        with statements(newsroom.engine) as sent:
            plan = plan_revert(session, version)
        assert article in session.dirty
        assert {text.split()[0] for text in sent} == {"SELECT"}
        assert [(s.key, s.now) for s in plan.records[0].fields] == [
            ("title", "Bridge reopens"),
            ("words", 5),
        ]


def test_applying_a_plan_is_one_new_transaction_that_says_what_it_is(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit(actor="Ines", user_id=7) as session:
        version = first_version(newsroom, session, newsroom.Article, 1)
        at = version.transaction_id
        (live,) = plan_revert(session, version).apply(session, reason="the import was wrong")
        assert (live.title, live.words) == ("Bridge", 10)
    with newsroom.session() as session:
        entry = read.timeline(session, newsroom.Article, (1,)).items[0]
        transaction = entry.transaction
        assert (transaction.kind, transaction.actor, transaction.user_id) == ("revert", "Ines", 7)
        assert transaction.reason == "the import was wrong"
        assert transaction.context["reverts"] == {
            "table": "article",
            "key": [1],
            "transaction": at,
        }
        assert {c.key for c in entry.fields} == {"title", "words", "revision"}
        assert session.get(newsroom.Article, 1).revision == 3


def test_chosen_fields_only(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        plan.apply(session, fields={"words"})
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        assert (article.title, article.words) == ("Bridge reopens", 10)
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        with pytest.raises(ValueError, match="would not set words"):
            plan.apply(session, fields={0: {"words"}})
        with pytest.raises(ValueError, match="no relation steps nothing"):
            plan.apply(session, relations={"nothing"})


def test_validators_run_and_nothing_is_half_done(newsroom: Newsroom) -> None:
    write_story(newsroom)
    newsroom.Article.forbidden.add("Bridge")
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        session.add(newsroom.Tag(id=5, name="kept"))
        with pytest.raises(ValueError, match="this title is forbidden"):
            plan.apply(session)
        session.commit()
        article = session.get(newsroom.Article, 1)
        assert (article.title, article.words) == ("Bridge reopens", None)
        assert session.get(newsroom.Tag, 5) is not None
        newest = read.timeline(session, newsroom.Tag, (5,)).items[0]
        assert newest.transaction.kind is None


def test_a_changed_record_makes_the_plan_stale_and_says_what_changed(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        with newsroom.commit(actor="Tom") as other:
            other.get(newsroom.Article, 1).body = "new text"
        session.rollback()
        with pytest.raises(StalePlan) as raised:
            plan.apply(session)
        (entry,) = raised.value.entries
        assert entry.transaction.actor == "Tom"
        assert [c.key for c in entry.fields if c.key != "revision"] == ["body"]
        session.commit()
        assert session.get(newsroom.Article, 1).title == "Bridge reopens"


def test_the_fingerprint_changes_with_what_the_plan_would_do(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.session() as session:
        version = first_version(newsroom, session, newsroom.Article, 1)
        before = plan_revert(session, version).fingerprint
        assert plan_revert(session, version).fingerprint == before
        assert plan_revert(session, version, fields=["words"]).fingerprint != before
        with newsroom.commit() as other:
            other.add(newsroom.Comment(id=3, text="c3", article_id=1))
        session.rollback()
        assert plan_revert(session, version).fingerprint != before


def test_relations_are_recreated_removed_linked_and_unlinked(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        session.delete(session.get(newsroom.Comment, 1))
        article.comments.append(newsroom.Comment(id=3, text="c3"))
        article.tags = [session.get(newsroom.Tag, 2), newsroom.Tag(id=3, name="c")]
        other = newsroom.Article(id=2, title="other")
        session.add(other)
        session.flush()
        session.get(newsroom.Comment, 2).article_id = 2
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        steps = {s.id: (s.kind, s.ticked) for s in plan.records[0].relations}
        assert steps == {
            "comments+1": (RelationKind.RECREATE, True),
            "comments+2": (RelationKind.RELINK, True),
            "comments-3": (RelationKind.REMOVE, False),
            "tags+1": (RelationKind.LINK, True),
            "tags-3": (RelationKind.UNLINK, True),
        }
        plan.apply(session)
        session.commit()
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        assert [c.id for c in article.comments] == [1, 2, 3]
        assert session.get(newsroom.Comment, 1).text == "c1"
        assert {t.id for t in article.tags} == {1, 2}
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        assert [s.id for s in plan.records[0].relations] == ["comments-3"]
        plan.apply(session, fields=(), relations={"comments-3"})
        session.commit()
        assert session.get(newsroom.Comment, 3) is None


def test_a_deleted_record_comes_back_with_what_went_with_it(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    with newsroom.session() as session:
        gone = read.newest(session, newsroom.Article, (1,))
        plan = plan_revert(session, gone)
        assert plan.kind == "restore"
        assert plan.records[0].action is Action.RECREATE and plan.records[0].keeps_key
        assert sorted(s.id for s in plan.records[0].relations) == [
            "comments+1",
            "comments+2",
            "tags+1",
            "tags+2",
        ]
        (live,) = plan.apply(session)[:1]
        session.commit()
        assert (live.id, live.title, live.section.name) == (1, "Bridge reopens", "City")
        assert [c.text for c in live.comments] == ["c1", "c2"]
        assert {t.name for t in live.tags} == {"a", "b"}
    with newsroom.session() as session:
        page = read.timeline(session, newsroom.Article, (1,))
        assert [e.operation.name for e in page] == ["INSERT", "DELETE", "UPDATE", "INSERT"]
        assert page.items[0].restored and page.items[0].transaction.kind == "restore"
        assert read.newest(session, newsroom.Article, (1,)).index == 3
        assert len(read.lives(session, newsroom.Article, (1,))) == 1


def test_a_deleted_parent_is_recreated_first(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).section = None
        session.delete(session.get(newsroom.Section, 1))
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        (step,) = [s for s in plan.records[0].fields if s.key == "section_id"]
        assert step.needs == "section+1"
        kinds = {s.id: s.kind for s in plan.records[0].relations}
        assert kinds["section+1"] is RelationKind.RECREATE
        plan.apply(session)
        session.commit()
        assert session.get(newsroom.Article, 1).section.name == "City"


def test_without_its_parent_the_foreign_key_stays(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).section = None
        session.delete(session.get(newsroom.Section, 1))
    with newsroom.commit() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        plan.apply(session, relations=())
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        assert (article.title, article.section_id) == ("Bridge", None)


def test_the_key_of_another_record_is_left_alone(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="another"))
    with newsroom.session() as session:
        if newsroom.engine.dialect.name == "postgresql":
            session.execute(sa.text("SELECT setval('article_id_seq', 10)"))
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Article, 1))
        assert plan.records[0].action is Action.RECREATE and not plan.records[0].keeps_key
        live = plan.apply(session)[0]
        session.commit()
        assert live.id != 1 and live.title == "Bridge"
        assert [c.article_id for c in live.comments] == [live.id, live.id]
        assert session.get(newsroom.Article, 1).title == "another"


def test_a_unique_value_that_is_taken_is_told_in_words(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit() as session:
        session.get(newsroom.Tag, 1).name = "b"
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=2, name="a"))
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Tag, 1))
        with pytest.raises(
            PlanBlocked, match=r"Tag 1 cannot have name = 'a' again: Tag 2 has it by now"
        ) as caught:
            plan.apply(session)
        assert caught.value.holder == (newsroom.Tag, (2,))
        session.commit()
        assert session.get(newsroom.Tag, 1).name == "b"


def test_what_a_database_says_is_the_cause_and_not_the_message(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit() as session:
        session.get(newsroom.Tag, 1).name = "b"
    said = IntegrityError("UPDATE", {}, Exception("row (1, sesame) violates a check"))

    def fail(self: Work, **how: Any) -> list[Any]:
        raise said

    monkeypatch.setattr(Work, "carry_out", fail)
    with newsroom.session() as session:
        plan = plan_revert(session, first_version(newsroom, session, newsroom.Tag, 1))
        with pytest.raises(PlanBlocked, match="refused the change of Tag 1, so") as caught:
            plan.apply(session)
        assert "sesame" not in str(caught.value) and caught.value.__cause__ is said


def test_reverting_to_a_deletion_deletes(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Tag, 1))
    with newsroom.commit() as session:
        plan_revert(session, read.newest(session, newsroom.Tag, (1,))).apply(session)
    with newsroom.session() as session:
        deletion = read.versions_of(session, newsroom.Tag, (1,))[1]
        plan = plan_revert(session, deletion)
        assert plan.records[0].action is Action.DELETE
        assert plan.apply(session) == []
        session.commit()
        assert session.get(newsroom.Tag, 1) is None


def test_excluded_columns_are_never_restored(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="t", token="secret"))
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.title, article.token = "u", "changed"
    with newsroom.commit() as session:
        version = first_version(newsroom, session, newsroom.Article, 1)
        plan_revert(session, version).apply(session)
        assert session.get(newsroom.Article, 1).token == "changed"
        session.delete(session.get(newsroom.Article, 1))
    with newsroom.session() as session:
        plan = plan_revert(session, read.newest(session, newsroom.Article, (1,)))
        assert [(i.key, i.reason, i.blocks) for i in plan.records[0].impossible] == [
            ("token", Reason.NOT_RECORDED, False)
        ]
        (live,) = plan.apply(session)
        assert live.token is None


def test_both_nothings_of_json_come_back_as_they_were(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(
            [
                newsroom.Article(id=1, title="NULL"),
                newsroom.Article(id=2, title="null", settings=None),
            ]
        )
    for change in ("changed", "deleted"):
        with newsroom.commit() as session:
            for key in (1, 2):
                article = session.get(newsroom.Article, key)
                if change == "changed":
                    article.settings = {"a": 1}
                else:
                    session.delete(article)
        with newsroom.commit() as session:
            for key in (1, 2):
                version = first_version(newsroom, session, newsroom.Article, key)
                plan_revert(session, version).apply(session)
        with newsroom.session() as session:
            table = newsroom.Article.__table__
            rows = session.execute(
                sa.select(table.c.id, table.c.settings.is_(sa.null())).order_by(table.c.id)
            )
            assert [(key, bool(null)) for key, null in rows] == [(1, True), (2, False)]


def test_an_unknown_relationship_is_named(newsroom: Newsroom) -> None:
    write_story(newsroom)
    with newsroom.session() as session:
        version = first_version(newsroom, session, newsroom.Article, 1)
        with pytest.raises(ReverterException, match=r"no relationship 'tag'.*Did you mean 'tags'"):
            plan_revert(session, version, relations=["tag"])


def test_a_plan_costs_the_same_for_any_number_of_children(newsroom: Newsroom) -> None:
    costs = []
    for key, number in ((1, 2), (2, 40)):
        with newsroom.commit() as session:
            session.add(
                newsroom.Article(
                    id=key,
                    title="t",
                    comments=[newsroom.Comment(text=str(n)) for n in range(number)],
                    tags=[newsroom.Tag(name=f"{key}.{n}") for n in range(number)],
                )
            )
        with newsroom.commit() as session:
            session.delete(session.get(newsroom.Article, key))
        with newsroom.session() as session:
            version = read.newest(session, newsroom.Article, (key,))
            with statements(newsroom.engine) as sent:
                plan = plan_revert(session, version)
            assert len(plan.records[0].relations) == 2 * number
            costs.append(len(sent))
    assert costs[0] == costs[1] <= 25
