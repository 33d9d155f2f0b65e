"""What pages say of versions that were pruned."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_continuum import prune
from tests.admin.newsroom import Newsroom


@pytest.fixture
def pruned(newsroom: Newsroom) -> Newsroom:
    """A section with versions #1 to #5, of which the first three are gone."""
    session, models = newsroom.db.session, newsroom.models
    for number in range(1, 6):
        section = session.get(models.Section, 1) or models.Section(id=1)
        section.name = f"n{number}"
        session.add(section)
        session.commit()
    prune(session, newsroom.continuum.manager, keep=2)
    return newsroom


def test_the_timeline_says_what_is_gone(pruned: Newsroom, maya: FlaskClient) -> None:
    page = maya.get("/history/records/section/1").get_data(as_text=True)
    assert "Versions #1 to #3, 3 in all, were pruned on" in page
    assert "left the section as it begins here: what was before was pruned" in page
    assert "created the section" not in page
    told: Any = maya.get("/history/records/section/1?format=json").get_json()
    (notice,) = told["notices"]
    assert notice["words"]["text"].startswith("Versions #1 to #3, 3 in all, were pruned on")
    assert "#1 to #3" in maya.get("/history/records/section/1/4").get_data(as_text=True)
    assert "were pruned" not in maya.get("/history/records/section/1/5").get_data(as_text=True)


def test_a_link_to_what_is_gone_says_so(pruned: Newsroom, maya: FlaskClient) -> None:
    for address in ("/history/records/section/1/2", "/history/records/section/1/2/revert"):
        answer = maya.get(address)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 404
        assert "<h1>Pruned</h1>" in page
        assert "Versions #1 to #3, 3 in all, were pruned on" in page
        assert 'href="/history/records/section/1/4"' in page
    answer = maya.get("/history/records/section/1/2?format=json")
    assert answer.status_code == 404
    assert "were pruned on" in answer.get_json()["words"]
    assert "<h1>Nothing here</h1>" in maya.get("/history/records/section/1/99").get_data(
        as_text=True
    )


def test_who_may_not_see_the_record_learns_nothing(pruned: Newsroom, tom: FlaskClient) -> None:
    assert "pruned on" not in tom.get("/history/records/section/1/2").get_data(as_text=True)
