"""Changes of tracked children on the timeline of their parent."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.admin.test_exports import lines_of, rows_of

TIMELINE = "/history/records/article/1"


class Careful(DefaultPolicy):
    """Hides what a test says."""

    hidden_relationship = None
    hidden_text = None
    hidden_model = None

    def decide(self, action, user, *, model=None, record=None, version=None, **more):
        relationship = more.get("relationship")
        if relationship is not None and relationship == self.hidden_relationship:
            return deny("not for you")
        if action is Action.VIEW and model is not None and model.__name__ == self.hidden_model:
            return deny("not for you")
        text = getattr(record, "text", None) or getattr(version, "text", None)
        if action is Action.VIEW and text is not None and text == self.hidden_text:
            return deny("not for you")
        return super().decide(action, user, model=model, record=record, version=version, **more)


CAREFUL = Careful(admin_user=lambda user: True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The story; #7 Tom changes a comment, #8 it goes to article 3, #9 eight come and one goes."""
    folder = tmp_path_factory.mktemp("children")
    made = make_newsroom(
        f"sqlite:///{folder / 'told.sqlite'}",
        policy=CAREFUL,
        CONTINUUM_ADMIN_USER=None,
    )
    models, session, continuum = made.models, made.db.session, made.continuum

    @contextmanager
    def step(**said):
        with continuum.transaction(**said):
            yield
            session.commit()

    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        comment = session.get(models.Comment, 1)
        with step(actor=session.get(models.User, 2)):
            comment.text = "Great news!"
        with step():
            comment.article = models.Article(id=3, title="Another")
        with step():
            comments = [models.Comment(text=f"Comment {n}", article_id=1) for n in range(8)]
            session.add_all(comments)
        with step():
            session.delete(comments[0])
    yield made
    close(made)


@pytest.fixture
def client(made, monkeypatch):
    for name in ("hidden_relationship", "hidden_text", "hidden_model"):
        monkeypatch.setattr(CAREFUL, name, None)
    return made.login(made.app.test_client())


def test_what_happened_to_children_is_told(client):
    page = read(client.get(TIMELINE).text)
    for words in (
        "added the comment 1",
        "changed the comment 1",
        "moved the comment 1 away",
        "deleted the comment 2",
        "changed 3 comments more",
    ):
        assert words in page.text, words
    assert "<ins>!</ins>" in client.get(TIMELINE).text  # its difference
    assert page.text.count("added the comment") == 6  # one in #3, five of eight in #9
    assert "/history/records/comment/1/7" in page.links
    assert len(page.ids) == len(set(page.ids))


def test_the_entry_of_a_child_says_no_parent_again(client):
    page = client.get(f"{TIMELINE}?field=comments&operation=created").text
    assert "added the comment" in read(page).text
    assert "<dt>Article</dt>" not in page
    moved = client.get(f"{TIMELINE}?field=comments&operation=changed").text
    assert "<dt>Article</dt>" in moved  # here it is what has changed


@pytest.mark.parametrize(
    ("query", "there", "missing"),
    [
        ("field=comments", "added the comment", "changed Tags"),
        ("field=title", "Harbour bridge reopens", "the comment"),
        ("operation=deleted", "deleted the comment 2", "added the comment"),
        ("user=2", "changed the comment 1", "added the comment"),
    ],
)
def test_filters_narrow_children_too(client, query, there, missing):
    text = read(client.get(f"{TIMELINE}?{query}").text).text
    assert there in text and missing not in text


def test_tom_is_offered_although_he_changed_comments_only(client):
    page = client.get(TIMELINE).text
    assert '<option value="2">Tom Reed</option>' in page
    assert '<option value="comments">Comments</option>' in page


def test_a_hidden_relationship_brings_nothing(client):
    CAREFUL.hidden_relationship = "comments"
    page = client.get(TIMELINE)
    assert "the comment" not in page.text and "Tom Reed" not in page.text
    assert 'value="comments"' not in page.text
    assert client.get(f"{TIMELINE}?field=comments").status_code == 400
    assert "comment" not in client.get(f"{TIMELINE}?format=csv").text


def test_children_of_a_hidden_model_bring_nothing(client):
    CAREFUL.hidden_model = "Comment"
    page = client.get(TIMELINE)
    assert page.status_code == 200 and "omment" not in read(page.text).text


def test_a_child_that_may_not_be_seen_is_left_out(client):
    CAREFUL.hidden_text = "Comment 1"
    text = read(client.get(TIMELINE).text).text
    assert "added the comment 4" in text and "added the comment 3" not in text


def test_files_have_all_children(client):
    lines = lines_of(client.get(f"{TIMELINE}?format=jsonl&field=comments"))
    assert {line["model"] for line in lines} == {"comment"}
    assert [line["operation"] for line in lines].count("created") == 9
    rows = rows_of(client.get(f"{TIMELINE}?format=csv"))
    assert {"article", "comment"} == {row["model"] for row in rows}
