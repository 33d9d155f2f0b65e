"""Reverts, restorations and undos through the pages, from plan to undo."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from flask_continuum.engine.errors import PlanBlocked
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.pages import read

PLAN = "/history/records/article/1/1/revert"


def article(newsroom, number=1):
    newsroom.db.session.expire_all()
    return newsroom.db.session.get(newsroom.models.Article, number)


def plan_at(client, address):
    response = client.get(address)
    assert response.status_code == 200, response.text
    return read(response.text).plan


def send(client, form):
    return client.post(form.action, data=form.values)


def newest(newsroom):
    manager = newsroom.continuum.db.metadata.info["continuum"].manager
    transaction = manager.registry.transaction_class_for(newsroom.models.Article)
    return newsroom.db.session.query(transaction).order_by(transaction.id.desc()).first()


def test_a_plan_writes_nothing(newsroom, story, maya):
    before = newest(newsroom).id
    page = read(maya.get(PLAN).text)
    assert "Nothing has changed yet" in page.text
    assert page.plan.values.getlist("field") == ["title", "body", "settings", "section_id"]
    assert newest(newsroom).id == before


def test_chosen_fields_and_relations_come_back_and_others_stay(newsroom, story, maya):
    form = plan_at(maya, PLAN)
    form.values.setlist("field", ["title"])
    form.values.setlist("relation", ["tags+1"])
    form.values["reason"] = "The title was better"
    response = send(maya, form)
    assert response.status_code == 303
    after = article(newsroom)
    assert after.title == "Harbour bridge"
    assert after.body.startswith("The work cost 38")
    assert after.section.name == "Transport"
    assert [tag.name for tag in after.tags] == ["draft", "harbour"]
    made = newest(newsroom)
    assert (made.kind, made.reason, made.user_id) == ("revert", "The title was better", 1)
    timeline = read(maya.get(response.location).text)
    assert "“Harbour bridge reopens” was reverted." in timeline.text
    assert "reverted Title and Tags to #1" in timeline.text
    assert "The title was better" in timeline.text


def test_a_message_is_shown_once_and_leads_to_the_undo(newsroom, story, maya):
    location = send(maya, plan_at(maya, PLAN)).location
    first = read(maya.get(location).text)
    assert "Undo…" in first.text
    assert "was reverted" not in read(maya.get(location).text).text
    undo = next(link for link in first.links if link.endswith("/undo"))
    response = send(maya, plan_at(maya, undo))
    assert response.status_code == 303
    assert article(newsroom).title == "Harbour bridge reopens"
    assert article(newsroom).section.name == "Transport"
    assert newest(newsroom).kind == "undo"
    done = read(maya.get(response.location).text).text
    assert "was undone" in done and "Undoes #7" in done
    assert "undoing #7" in read(maya.get("/history/records/article/1").text).text


def test_hidden_values_never_come_back_whatever_the_form_says(newsroom, story, maya):
    form = plan_at(maya, PLAN)
    form.values.setlist("field", ["title", "api_token", "id", "nonsense"])
    form.values.setlist("relation", ["nonsense+1"])
    assert send(maya, form).status_code == 303
    assert article(newsroom).title == "Harbour bridge"
    assert article(newsroom).api_token == "open"


def test_a_removal_is_not_ticked_in_advance(newsroom, story, maya):
    page = read(maya.get(PLAN).text)
    assert "Remove" in page.text
    assert set(page.plan.values.getlist("relation")) == {"tags+1", "tags-2"}
    send(maya, page.plan)
    assert len(article(newsroom).comments) == 1
    form = plan_at(maya, PLAN)
    form.values.add("relation", "comments-1")
    send(maya, form)
    assert article(newsroom).comments == []


def test_a_deleted_record_is_restored(newsroom, story, maya):
    listed = read(maya.get("/history/records/article?deleted=1").text)
    assert "<script>alert('gone')</script>" in listed.text
    (restore,) = (link for link in listed.links if link.endswith("/revert"))
    form = plan_at(maya, restore)
    response = send(maya, form)
    assert response.status_code == 303
    assert article(newsroom, 2).title == "<script>alert('gone')</script>"
    assert article(newsroom, 2).api_token is None
    page = read(maya.get(response.location).text)
    assert "was restored" in page.text
    assert "restored the article from #6" in page.text
    assert newest(newsroom).kind == "restore"


def test_what_went_with_a_deleted_record_comes_back_with_it(newsroom, story, maya):
    newsroom.db.session.delete(story)
    newsroom.db.session.commit()
    number = newest(newsroom).id
    timeline = read(maya.get("/history/records/article/1").text)
    assert f"/history/records/article/1/{number}/revert" in timeline.links
    page = read(maya.get(f"/history/records/article/1/{number}/revert").text)
    assert "Restore article 1" in page.text
    assert "It comes back under its old key, 1" in page.text
    assert set(page.plan.values.getlist("relation")) == {"comments+1", "tags+2"}
    assert send(maya, page.plan).status_code == 303
    after = article(newsroom)
    assert [comment.text for comment in after.comments] == ["Great news"]
    assert [tag.name for tag in after.tags] == ["harbour"]
    assert after.api_token is None  # a secret does not come back


def test_going_back_to_a_deletion_deletes(newsroom, story, maya):
    send(maya, plan_at(maya, "/history/records/article/2/6/revert"))
    page = read(maya.get("/history/records/article/2/6/revert").text)
    assert "Delete article 2" in page.text
    assert send(maya, page.plan).status_code == 303
    assert article(newsroom, 2) is None


def test_a_stale_plan_is_refused_and_ticks_and_reason_are_kept(newsroom, story, maya):
    form = plan_at(maya, PLAN)
    form.values.setlist("field", ["title", "body"])
    form.values["reason"] = "Wrong <b>figure</b>"
    changed = article(newsroom)
    changed.body = "Somebody wrote this meanwhile."
    changed.words = 5
    newsroom.db.session.commit()
    response = send(maya, form)
    assert response.status_code == 409
    page = read(response.text)
    assert "the article changed while you were reading" in page.text
    assert "Somebody wrote this meanwhile" in page.text, page.text
    assert "1 of 2 fields meet your plan" in page.text
    assert "In your plan" in page.text and "Not in your plan" in page.text
    assert "Compare instead" not in page.text
    assert article(newsroom).title == "Harbour bridge reopens"
    (onward,) = (each for each in page.forms if each.values.get("chosen") == "1")
    review = read(send(maya, onward).text)
    assert review.plan.values.getlist("field") == ["title", "body"]
    assert review.plan.values["reason"] == "Wrong <b>figure</b>"
    assert send(maya, review.plan).status_code == 303
    assert article(newsroom).body.startswith("The work cost 41")


def test_nothing_happens_twice(newsroom, story, maya):
    form = plan_at(maya, PLAN)
    assert send(maya, form).status_code == 303
    assert send(maya, form).status_code == 409
    page = read(maya.get(PLAN).text)
    assert page.plan.values.getlist("field") == []


def test_tick_links_choose_steps(newsroom, story, maya):
    page = read(maya.get(PLAN).text)
    none, every = (
        next(link for link in page.links if "chosen=1" in link and ("field=" in link) == some)
        for some in (False, True)
    )
    assert plan_at(maya, none).values.getlist("field") == []
    assert len(plan_at(maya, every).values.getlist("field")) == 4


def test_the_last_change_alone_can_be_ticked(newsroom, story, maya):
    changed = article(newsroom)
    changed.body = "New words."
    changed.tags = []
    newsroom.db.session.commit()
    html = maya.get(PLAN).text
    assert "only what #7 changed" in html
    link = next(link for link in read(html).links if link.endswith("&field=body"))
    form = plan_at(maya, link)
    assert form.values.getlist("field") == ["body"]
    assert form.values.getlist("relation") == []


def test_a_link_that_comes_back_is_called_as_it_is_today(newsroom, story, maya):
    page = read(maya.get(PLAN).text)
    assert "Transport" in page.text and "Metro" in page.text
    assert "Section 1, called City then. The link comes back, the name does not." in page.text


def test_only_versions_can_be_gone_back_to(newsroom, story, maya):
    assert maya.get("/history/records/article/1/4/revert").status_code == 404  # links only
    assert maya.get("/history/records/article/1/99/revert").status_code == 404
    assert maya.get("/history/records/article/99/1/revert").status_code == 404


def test_what_a_validator_refuses_is_told(newsroom, story, maya):
    def refuse(target, value, old, initiator):
        raise ValueError("Titles are frozen until Monday.")

    sa.event.listen(newsroom.models.Article.title, "set", refuse)
    form = plan_at(maya, PLAN)
    form.values["reason"] = "please"
    response = send(maya, form)
    sa.event.remove(newsroom.models.Article.title, "set", refuse)
    assert response.status_code == 409
    page = read(response.text)
    assert "Titles are frozen until Monday." in page.text
    assert page.plan.values["reason"] == "please"
    assert article(newsroom).section.name == "Transport"


def test_a_database_that_refuses_tells_no_values(newsroom, story, maya, monkeypatch):
    def fail(self, session, **chosen):
        raise IntegrityError("UPDATE", {}, sqlite3.IntegrityError("row (sesame) violates"))

    monkeypatch.setattr(Plan, "apply", fail)
    response = send(maya, plan_at(maya, PLAN))
    assert response.status_code == 409
    assert "The database refused it" in response.text
    assert "sesame" not in response.text


def test_a_hidden_record_in_the_way_is_not_named(newsroom, story, maya, monkeypatch):
    class TagsAreHidden(DefaultPolicy):
        def decide(self, action, user, *, model=None, **about):
            if model is newsroom.models.Tag:
                return deny("Tags are for others.")
            return super().decide(action, user, model=model, **about)

    def fail(self, session, **chosen):
        raise PlanBlocked("Tag 2 has it by now.", (newsroom.models.Tag, (2,)))

    monkeypatch.setattr(Plan, "apply", fail)
    told = send(maya, plan_at(maya, PLAN))
    assert told.status_code == 409 and "Tag 2 has it by now." in told.text
    policy = TagsAreHidden(lambda user: True)
    state = newsroom.app.extensions["continuum"]
    newsroom.app.extensions["continuum"] = replace(state, policy=policy)
    untold = send(maya, plan_at(maya, PLAN))
    assert untold.status_code == 409 and "Tag 2 has it" not in untold.text
    assert "The database refused it" in untold.text


def test_a_link_is_not_set_through_the_other_record_where_its_field_is_denied(
    newsroom, story, maya
):
    """An article gets its comment back only from who may set the comment's article."""
    other = newsroom.models.Article(title="Elsewhere")
    newsroom.db.session.add(other)
    story.comments[0].article = other
    newsroom.db.session.commit()
    plan = "/history/records/article/1/3/revert"
    assert "comments" in " ".join(plan_at(maya, plan).values.getlist("relation"))

    class CommentsStay(DefaultPolicy):
        def decide(self, action, user, *, model=None, field=None, **about):
            if action is Action.REVERT and model is newsroom.models.Comment and field:
                return deny("Comments stay where they are.")
            return super().decide(action, user, model=model, field=field, **about)

    state = newsroom.app.extensions["continuum"]
    newsroom.app.extensions["continuum"] = replace(state, policy=CommentsStay(lambda user: True))
    page = read(maya.get(plan).text)
    assert "comments" not in " ".join(page.plan.values.getlist("relation"))
    assert "Comments stay where they are." in page.text


# --- undo --------------------------------------------------------------------------------------


def test_an_undo_puts_back_what_is_unchanged_and_leaves_the_rest(newsroom, story, maya):
    changed = article(newsroom)
    changed.settings = {"by": "somebody else"}
    newsroom.db.session.commit()
    page = read(maya.get("/history/transactions/3/undo").text)
    assert "1 conflict" in page.text and "4 clean" in page.text
    assert send(maya, page.plan).status_code == 303
    after = article(newsroom)
    assert after.settings == {"by": "somebody else"}
    assert after.section.name == "City"
    assert after.comments == []
    assert newsroom.db.session.query(newsroom.models.Section).count() == 1


def test_a_conflict_can_be_decided_for_what_was_before(newsroom, story, maya):
    changed = article(newsroom)
    changed.settings = {"by": "somebody else"}
    newsroom.db.session.commit()
    form = plan_at(maya, "/history/transactions/3/undo")
    (name,) = (name for name in form.values if name.startswith("resolve-"))
    assert form.values[name] == "now"
    form.values[name] = "before"
    assert send(maya, form).status_code == 303
    assert article(newsroom).settings["wordCount"] == 812


def test_what_is_clean_of_a_record_with_conflicts_is_shown_and_can_be_left_alone(
    newsroom, story, maya
):
    changed = article(newsroom)
    changed.settings = {"by": "somebody else"}
    newsroom.db.session.commit()
    page = read(maya.get("/history/transactions/3/undo").text)
    clean = page.text[page.text.index("unchanged since") :]
    assert "Transport" in clean and "City" in clean
    (name,) = (name for name in page.plan.values if name.startswith("resolve-"))
    assert name.split("-")[1] in page.plan.values.poplist("record")
    page.plan.values.poplist("relation")
    page.plan.values[name] = "before"
    assert send(maya, page.plan).status_code == 303
    after = article(newsroom)
    assert after.settings["wordCount"] == 812
    assert after.section.name == "Transport"


def test_unticked_records_are_left_alone(newsroom, story, maya):
    form = plan_at(maya, "/history/transactions/3/undo")
    form.values.poplist("record")
    form.values.poplist("relation")
    before = newest(newsroom).id
    send(maya, form)
    assert newest(newsroom).id == before
    assert article(newsroom).section.name == "Transport"


def test_a_stale_undo_is_refused(newsroom, story, maya):
    form = plan_at(maya, "/history/transactions/3/undo")
    form.values["reason"] = "It was an accident"
    changed = article(newsroom)
    changed.section = newsroom.models.Section(name="Sports")
    newsroom.db.session.commit()
    response = send(maya, form)
    assert response.status_code == 409
    page = read(response.text)
    assert "Not undone: something changed while you were reading" in page.text
    assert "What #7 changed in article 1" in page.text
    assert "1 of 1 field meets your plan" in page.text and "Sports" in page.text
    (onward,) = (each for each in page.forms if each.values.get("chosen") == "1")
    review = read(send(maya, onward).text)
    assert review.plan.values["reason"] == "It was an accident"
    assert article(newsroom).section.name == "Sports"


def test_a_refused_undo_tells_of_links_too(newsroom, story, maya):
    """Of the record that it would give its links back, whose own row nobody touched."""
    form = plan_at(maya, "/history/transactions/4/undo")
    changed = article(newsroom)
    draft = newsroom.db.session.query(newsroom.models.Tag).filter_by(name="draft").one()
    changed.tags = [draft, newsroom.models.Tag(name="tunnel")]
    newsroom.db.session.commit()
    response = send(maya, form)
    assert response.status_code == 409
    text = read(response.text).text
    assert "What #7 changed" in text and "tunnel" in text
    assert [tag.name for tag in article(newsroom).tags] == ["draft", "tunnel"]


def test_an_undone_deletion_brings_the_record_back(newsroom, story, maya):
    assert send(maya, plan_at(maya, "/history/transactions/6/undo")).status_code == 303
    assert article(newsroom, 2).title == "<script>alert('gone')</script>"


def test_an_undone_creation_deletes(newsroom, story, maya):
    send(maya, plan_at(maya, "/history/transactions/6/undo"))
    page = read(maya.get("/history/transactions/5/undo").text)
    form = page.plan
    for name in [name for name in form.values if name.startswith("resolve-")]:
        form.values[name] = "before"
    assert send(maya, form).status_code == 303
    assert article(newsroom, 2) is None


def test_a_refusal_names_nobody_whose_change_may_not_be_seen(newsroom, story, maya):
    form = plan_at(maya, PLAN)
    changed = article(newsroom)
    changed.body = "Somebody wrote this meanwhile."
    with newsroom.continuum.transaction(actor="A secret agent"):
        newsroom.db.session.commit()

    class NewestIsHidden(DefaultPolicy):
        def decide(self, action, user, *, version=None, **about):
            if "meanwhile" in (getattr(version, "body", "") or ""):
                return deny("Not yet.")
            return super().decide(action, user, version=version, **about)

    state = newsroom.app.extensions["continuum"]
    policy = NewestIsHidden(lambda user: True)
    # the record itself is there to be seen: only its newest version is not
    newsroom.app.extensions["continuum"] = replace(state, policy=policy)
    response = send(maya, form)
    assert response.status_code in (404, 409)
    assert "secret agent" not in response.text and "meanwhile" not in response.text
