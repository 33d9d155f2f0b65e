"""What was written past the application is told of as such, wherever a change is shown."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask import render_template_string
from flask_login import login_user

from flask_continuum.admin.feed_query import KINDS
from tests.admin.newsroom import Newsroom

PLACE = {"db_user": "app_ro", "application": "psql", "client": "10.0.0.7"}
SENTENCE = "Outside the application, by the database user app_ro (psql, 10.0.0.7)"
SHORT = "Outside the application: psql, 10.0.0.7"


@pytest.fixture
def told(newsroom: Newsroom, story):
    """The story, in which a trigger has written #2."""
    session = newsroom.db.session

    def write(context: object, number: int = 2) -> None:
        session.execute(
            sa.text(
                "UPDATE \"transaction\" SET kind = 'outside', actor = NULL, user_id = NULL, "
                "context = :context WHERE id = :number"
            ),
            {"context": json.dumps(context), "number": number},
        )
        session.commit()

    write(PLACE)
    return write


def test_every_page_of_the_change_says_who_the_database_says_it_was(newsroom, told, maya):
    row = maya.get("/history/changes?kind=outside&format=json").json
    (item,) = (item for day in row["days"] for item in day["items"])
    uid_page = item["transaction"]["url"]
    for address in ("/history/changes", "/history/records/article/1"):
        page = maya.get(address).text
        assert "Database user app_ro" in page and SHORT in page, address
    for address in (uid_page, "/history/records/article/1/2"):
        page = maya.get(address).text
        assert "Database user app_ro" in page and SENTENCE in page, address
    assert item["person"] == {"name": "Database user app_ro", "kind": "program", "url": None}
    assert [pill["words"] for pill in item["pills"]] == [SHORT]


def test_the_feed_can_be_narrowed_to_it(newsroom, told, maya):
    assert "outside" in KINDS
    narrowed = maya.get("/history/changes?kind=outside")
    assert "#2" in narrowed.text and "#3" not in narrowed.text
    others = maya.get("/history/changes?kind=plain")
    assert "#3" in others.text and "app_ro" not in others.text


def test_files_say_it_too(newsroom, told, maya):
    for address in ("/history/changes?kind=outside&", "/history/records/article/1?"):
        response = maya.get(f"{address}format=jsonl")
        lines = [json.loads(line) for line in response.text.splitlines()]
        line = next(line for line in lines if line["transaction"] == "2")
        assert (line["kind"], line["by"]) == ("outside", "Database user app_ro")
        assert line["from"] == "10.0.0.7"


@pytest.mark.parametrize(
    ("context", "name", "sentence"),
    [
        (None, "A program outside the application", "Outside the application"),
        ([1], "A program outside the application", "Outside the application"),
        ({"db_user": 7}, "A program outside the application", "Outside the application"),
        (
            {"application": "sqlite3"},
            "A program outside the application",
            "Outside the application: sqlite3",
        ),
        (
            {"db_user": "<b>x</b>"},
            "Database user &lt;b&gt;x&lt;/b&gt;",
            "Outside the application, by the database user &lt;b&gt;x&lt;/b&gt;",
        ),
    ],
)
def test_what_the_database_does_not_know_is_left_out(newsroom, told, maya, context, name, sentence):
    told(context)
    page = maya.get("/history/records/article/1/2").text
    assert name in page and sentence in page and "<b>x" not in page


def test_it_has_the_same_name_in_the_application_s_own_pages(newsroom, story, told):
    told(PLACE, 4)
    with newsroom.app.test_request_context("/"):
        login_user(newsroom.db.session.get(newsroom.models.User, 1))
        shown = render_template_string("{{ last_change(article) }}", article=story)
    assert "Database user app_ro" in shown
