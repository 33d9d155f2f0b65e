"""Conflicts of an undo in which both edits can stand."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.admin.newsroom import Newsroom
from tests.admin.pages import Form, read
from tests.admin.test_plans import article, send

UNDO = "/history/transactions/2/undo"
LATER = "The work cost 38 million.\n\nTolls stay suspended until spring."
WITH_BOTH = "The work cost 41 million.\n\nTolls stay suspended until spring."


def name_of(form: Form, label: str, html: str) -> str:
    """The name of the inputs that decide a conflict."""
    start = html.index(f"<legend>{label}</legend>")
    return html[html.index('name="', start) :].split('"')[1]


@pytest.fixture
def edited(newsroom: Newsroom, story: Any) -> Any:
    """The article of the story after somebody went on writing where #2 had not."""
    changed = article(newsroom)
    changed.body = LATER
    changed.title = "Something else"
    newsroom.db.session.commit()
    return changed


def test_both_is_offered_where_the_edits_do_not_touch_and_shows_what_it_makes(
    newsroom: Newsroom, edited: Any, maya: FlaskClient
) -> None:
    html = maya.get(UNDO).text
    assert html.count('value="both"') == 1  # and not for the title, which both have written
    assert "Takes back what #2 did and keeps what came after" in html
    both = html[html.index('value="both"') :]
    shown = read(both[: both.index("</fieldset>")]).text
    assert "41" in shown and "until spring" in shown


def test_both_edits_are_in_what_is_written(
    newsroom: Newsroom, edited: Any, maya: FlaskClient
) -> None:
    html = maya.get(UNDO).text
    form = read(html).plan
    form.values[name_of(form, "Body", html)] = "both"
    assert send(maya, form).status_code == 303
    after = article(newsroom)
    assert (after.body, after.title) == (WITH_BOTH, "Something else")


def test_both_of_edits_that_touch_by_now_is_refused(
    newsroom: Newsroom, edited: Any, maya: FlaskClient
) -> None:
    html = maya.get(UNDO).text
    form = read(html).plan
    form.values[name_of(form, "Title", html)] = "both"  # which the page does not offer
    assert send(maya, form).status_code == 409
    edited.body = "The work cost 39 million.\n\nTolls stay suspended until spring."
    newsroom.db.session.commit()
    form = read(html).plan
    form.values[name_of(form, "Body", html)] = "both"
    response = send(maya, form)
    assert response.status_code == 409
    (onward,) = (each for each in read(response.text).forms if each.values.get("chosen") == "1")
    review = maya.get(onward.action, query_string=onward.values).text
    assert 'value="both"' not in review
    form = read(review).plan
    assert form.values[name_of(form, "Body", review)] == "now"


def test_both_is_kept_by_the_review_of_a_new_plan(
    newsroom: Newsroom, edited: Any, maya: FlaskClient
) -> None:
    html = maya.get(UNDO).text
    form = read(html).plan
    form.values[name_of(form, "Body", html)] = "both"
    edited.words = 5
    newsroom.db.session.commit()
    (onward,) = (
        each for each in read(send(maya, form).text).forms if each.values.get("chosen") == "1"
    )
    review = read(maya.get(onward.action, query_string=onward.values).text)
    assert review.plan.values[name_of(review.plan, "Body", html)] == "both"
    assert send(maya, review.plan).status_code == 303
    assert article(newsroom).body == WITH_BOTH


def test_documents_keep_what_was_done_to_their_other_values(
    newsroom: Newsroom, story: Any, maya: FlaskClient
) -> None:
    changed = article(newsroom)
    changed.settings = {**changed.settings, "by": "Ines"}
    newsroom.db.session.commit()
    html = maya.get("/history/transactions/3/undo").text
    form = read(html).plan
    form.values[name_of(form, "Settings", html)] = "both"
    assert send(maya, form).status_code == 303
    assert article(newsroom).settings == {
        "wordCount": 812,
        "seo": {"keywords": ["bridge"]},
        "by": "Ines",
    }


def test_who_changed_it_since_is_named(newsroom: Newsroom, edited: Any, maya: FlaskClient) -> None:
    edited.words = 7
    with newsroom.continuum.transaction(actor="Jonas Weber"):
        newsroom.db.session.commit()
    page = read(maya.get(UNDO).text)
    assert "It was changed again since, last by Jonas Weber in #8 ." in page.text
