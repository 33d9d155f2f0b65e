"""Who looked at which page of the history: noted once, without values, whatever happens."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from flask_continuum.access_log import TABLE, define_table, prune_access_log, read_access_log
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import Newsroom, make_newsroom
from tests.admin.pages import read
from tests.support.databases import Database
from tests.support.statements import statements

TIMELINE = "/history/records/article/1"


class Reserved(DefaultPolicy):
    """Tom may see the history, and neither tags nor who looked."""

    def decide(self, action: Action, user: Any, *, model: Any = None, **about: Any) -> Any:
        if getattr(user, "name", "") == "Tom Reed":
            if action is Action.VIEW_ACCESS_LOG:
                return deny("The access log is for the chief.")
            if model is not None and model.__name__ == "Tag":
                return deny("No tags.")
        return super().decide(action, user, model=model, **about)


def make_logged(uri: str, **config: Any) -> Newsroom:
    made = make_newsroom(
        uri,
        policy=Reserved,
        CONTINUUM_ACCESS_LOG=True,
        CONTINUUM_ADMIN_USER=lambda user: True,
        **config,
    )
    with made.app.app_context():
        write_story(made, secrets=("sesame", "open"))
    return made


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Newsroom]:
    made = make_logged(f"sqlite:///{tmp_path / 'logged.sqlite'}", CONTINUUM_PAGE_SIZE=3)
    yield made
    close(made)


@pytest.fixture
def maya(logged: Newsroom) -> FlaskClient:
    return logged.login(logged.app.test_client(), 1)


@pytest.fixture
def tom(logged: Newsroom) -> FlaskClient:
    return logged.login(logged.app.test_client(), 2)


def noted(newsroom: Newsroom) -> list[Any]:
    """The entries in order."""
    with newsroom.app.app_context():
        table = newsroom.db.metadata.tables[TABLE]
        return list(newsroom.db.session.execute(sa.select(table).order_by(table.c.id)))


def test_each_kind_of_database_keeps_and_prunes_it(database: Database) -> None:
    made = make_logged(database.uri)
    client = made.login(made.app.test_client(), 1)
    for _ in range(5):
        assert client.get(TIMELINE).status_code == 200
    assert client.get("/history/records/place/a%00b,\U0001f4dc").status_code == 404
    with made.app.app_context():
        session = made.db.session
        first = read_access_log(session, limit=4)
        assert [entry.allowed for entry in first] == [False, True, True, True]
        assert first.items[0].key == "a\ufffdb,\U0001f4dc"
        second = read_access_log(session, limit=4, cursor=first.older)
        assert len(second) == 2 and second.older is None
        assert read_access_log(session, limit=4, cursor=second.newer) == first
        assert len(read_access_log(session, who="1", model="article", key="1", allowed=True)) == 5
        assert len(read_access_log(session, who="Maya")) == 6
        assert len(read_access_log(session, who="%")) == 0
        assert len(read_access_log(session, hidden_models=["place"])) == 5
        assert prune_access_log(session, timedelta(days=1)) == 0
        assert prune_access_log(session, datetime.now(UTC) + timedelta(seconds=5)) == 6
        session.commit()
    assert noted(made) == []
    close(made)


def test_the_command_line_prunes_what_is_old(logged: Newsroom, maya: FlaskClient) -> None:
    for _ in range(5):
        maya.get(TIMELINE)
    old = sa.update(define_table(logged.db.metadata)).values(at=datetime(2020, 1, 1))
    with logged.app.app_context():
        logged.db.session.execute(old.where(sa.text("id <= 3")))
        logged.db.session.commit()
    runner = logged.app.test_cli_runner()
    words = ["history", "prune", "--older-than", "2021-01-01"]
    looked = runner.invoke(args=[*words, "--dry-run"])
    assert "history_access: 3 entries" in looked.output
    done = runner.invoke(args=[*words, "--yes", "--json", "--chunk", "2"])
    assert json.loads(done.output)["access_log"] == 3
    assert len(noted(logged)) == 2
    again = runner.invoke(args=words)
    assert again.output.endswith("Nothing to do.\n")
    # of some models it tells nothing
    assert "history_access" not in runner.invoke(args=[*words, "article"]).output


def test_an_entry_says_who_looked_at_what_and_no_value(logged: Newsroom, maya: FlaskClient) -> None:
    maya.get(f"{TIMELINE}?q=sesame&token=secret", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    (entry,) = noted(logged)
    assert abs(entry.at - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)
    assert (entry.user_id, entry.actor) == ("1", "Maya Lind")
    assert (entry.model, entry.key) == ("article", "1")
    assert (entry.address, entry.action, entry.allowed) == (TIMELINE, "view", True)
    assert entry.remote_addr == "10.1.2.3"
    assert "s" + "ecret" not in str(entry) and "sesame" not in str(entry)


def test_deeds_files_and_refusals_are_told_apart(
    logged: Newsroom, maya: FlaskClient, tom: FlaskClient
) -> None:
    plan = read(maya.get(f"{TIMELINE}/1/revert").text).plan
    maya.post(plan.action, data=plan.values)
    undo = read(maya.get("/history/transactions/2/undo").text).plan
    maya.post(undo.action, data=undo.values)
    maya.get("/history/changes?format=csv").close()
    tom.get("/history/records/tag/1")
    tom.get("/history/access")
    logged.app.test_client().get("/history/")
    maya.get("/history/static/continuum/tokens.css").close()
    assert [(entry.action, entry.allowed, entry.user_id) for entry in noted(logged)] == [
        ("view", True, "1"),
        ("revert", True, "1"),
        ("view", True, "1"),
        ("undo", True, "1"),
        ("export", True, "1"),
        ("view", False, "2"),
        ("view", False, "2"),
        ("view", False, None),
    ]


def test_nothing_is_noted_and_no_table_made_where_it_is_off(tmp_path: Path) -> None:
    made = make_newsroom(f"sqlite:///{tmp_path / 'off.sqlite'}")
    assert TABLE not in made.db.metadata.tables
    client = made.login(made.app.test_client(), 1)
    page = client.get("/history/")
    assert "Access log" not in page.text
    assert client.get("/history/access").status_code == 404
    with made.app.app_context(), pytest.raises(ImproperlyConfigured, match="CONTINUUM_ACCESS_LOG"):
        prune_access_log(made.db.session, timedelta(days=1))
    close(made)


def test_it_costs_one_statement_after_the_session_has_given_its_connection_back(
    logged: Newsroom, maya: FlaskClient
) -> None:
    with logged.app.app_context():
        engine = logged.db.engine
    with statements(engine) as sent:
        assert maya.get(TIMELINE).status_code == 200
    assert [text for text in sent if TABLE in text] == sent[-1:]
    assert sent[-1].startswith("INSERT")
    before: list[int] = []
    sa.event.listen(
        engine,
        "before_cursor_execute",
        lambda *args: before.append(
            engine.pool.checkedout()  # type: ignore[attr-defined]
        ),
    )
    maya.get(TIMELINE)
    assert before[-1] == 1


def test_a_log_that_cannot_be_written_breaks_no_page(
    logged: Newsroom, maya: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with logged.app.app_context():
        logged.db.metadata.tables[TABLE].drop(logged.db.engine)
    with caplog.at_level(logging.ERROR):
        assert maya.get(TIMELINE).status_code == 200
    assert "The access log of the history lacks" in caplog.text
    assert TIMELINE in caplog.text and "no such table" in caplog.text


def test_the_page_is_read_by_person_by_record_and_page_by_page(
    logged: Newsroom, maya: FlaskClient, tom: FlaskClient
) -> None:
    for client, address in (
        (maya, TIMELINE),
        (tom, TIMELINE),
        (tom, "/history/records/tag/1"),
        (tom, "/history/"),
    ):
        client.get(address)
    page = read(maya.get("/history/access").text)
    assert "Access log" in page.text and "Denied" in page.text
    older = next(link for link in page.links if "cursor=o" in link)
    assert "Maya Lind" in read(maya.get(older).text).text
    by_tom = read(maya.get("/history/access?q=Tom+Reed").text).text
    assert by_tom.count("Tom Reed") == 3 and "/history/access" not in by_tom
    record = read(maya.get("/history/access?q=article/1").text).text
    assert record.count("Article 1") == 2 and "/tag/1" not in record
    assert "/tag/1" in read(maya.get("/history/access?answer=denied").text).text
    assert "Nothing fits" in maya.get("/history/access?q=nobody").text
    assert maya.get("/history/access?cursor=x1").status_code == 400
    assert maya.get("/history/access?q=%00&answer=%3Cb%3E").status_code == 200


def test_only_those_whom_the_policy_allows_read_it(
    logged: Newsroom, maya: FlaskClient, tom: FlaskClient
) -> None:
    assert "/history/access" in read(maya.get("/history/").text).links
    assert "/history/access" not in read(tom.get("/history/").text).links
    refused = tom.get("/history/access")
    assert refused.status_code == 403
    assert "The access log is for the chief." in refused.text
    assert logged.app.test_client().get("/history/access").status_code == 401


def test_of_models_that_the_reader_may_not_see_it_tells_nothing(
    logged: Newsroom, maya: FlaskClient, tom: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    maya.get("/history/records/tag/1")
    maya.get("/history/records/tag")
    maya.get("/history/transactions/1")
    monkeypatch.setattr(
        Reserved,
        "decide",
        lambda self, action, user, *, model=None, **about: (
            deny("No tags.")
            if model is not None and model.__name__ == "Tag"
            else DefaultPolicy.decide(self, action, user, model=model, **about)
        ),
    )
    page = read(tom.get("/history/access").text)
    assert "/records/tag" not in page.text
    assert "/history/transactions/1" in page.text


def test_of_records_that_the_reader_may_not_see_it_tells_nothing(
    logged: Newsroom, maya: FlaskClient, tom: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("2", "99999999999999999999", "no-number", "77", "1"):  # 2 is deleted
        maya.get(f"/history/records/article/{key}")
    assert "/article/2" in read(maya.get("/history/access?q=article/2").text).text

    def decide(self: Any, action: Action, user: Any, **about: Any) -> Any:
        for thing in (about.get("record"), about.get("version")):
            if getattr(thing, "id", 1) == 2 and about["model"].__name__ == "Article":
                return deny("Not the second.")
        return DefaultPolicy.decide(self, action, user, **about)

    monkeypatch.setattr(Reserved, "decide", decide)
    older = tom.get("/history/access?q=article/2")
    assert "/records/article/2" not in older.text and "Nothing fits" in older.text
    text, address = "", "/history/access"
    while address:
        page = read(tom.get(address).text)
        text += page.text
        address = next((link for link in page.links if "cursor=o" in link), "")
    assert "/article/1" in text and "/article/77" in text
    assert "/article/2" not in text and "no-number" not in text and "99999999" not in text


def test_a_page_of_which_nothing_may_be_seen_leads_on(logged: Newsroom, maya: FlaskClient) -> None:
    maya.get(TIMELINE)
    for _ in range(3):  # a page has three entries
        maya.get("/history/records/article/no-number")
    page = read(maya.get("/history/access").text)
    assert "Nothing to show here" in page.text
    (older,) = (link for link in page.links if "cursor=o" in link)
    assert "/article/1" in read(maya.get(older).text).text


def test_a_review_of_a_plan_is_noted_as_a_look(logged: Newsroom, maya: FlaskClient) -> None:
    address = f"{TIMELINE}/1/revert"
    form = read(maya.get(address).text).plan
    assert maya.post(address, data={**form.values, "review": "1"}).status_code == 200
    with logged.app.app_context():
        assert [each.action for each in read_access_log(logged.db.session).items] == ["view"] * 2


def test_a_cursor_is_read_with_suspicion(logged: Newsroom) -> None:
    with logged.app.app_context():
        for cursor in ("", "n", "o-1", "o" + "9" * 30, "x5", "o5x"):
            with pytest.raises(BadCursor):
                read_access_log(logged.db.session, cursor=cursor)


def test_the_table_is_made_once_and_in_the_schema_of_the_metadata() -> None:
    metadata = sa.MetaData(schema="audit")
    assert define_table(metadata) is define_table(metadata)
    assert define_table(metadata).fullname == f"audit.{TABLE}"
