"""Files: the changes of a record or of everything, the records of a model."""

from __future__ import annotations

import csv
import io
import json

import pytest

from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.support.statements import statements


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    made = make_newsroom(f"sqlite:///{tmp_path_factory.mktemp('exports') / 'told.sqlite'}")
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
    yield made.login(made.app.test_client())
    close(made)


def rows_of(response):
    assert response.status_code == 200, response.text
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))


def lines_of(response):
    assert response.status_code == 200, response.text
    assert response.content_type == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in response.text.splitlines()]


def test_a_record_as_csv_has_a_line_for_each_field(client):
    response = client.get("/history/records/article/1?format=csv")
    assert response.headers["Content-Disposition"] == "attachment; filename=article-1.csv"
    rows = rows_of(response)
    (title,) = (row for row in rows if row["field"] == "title" and row["operation"] == "changed")
    assert (title["old"], title["new"]) == ("Harbour bridge", "Harbour bridge reopens")
    assert (title["model"], title["key"], title["by"]) == ("article", "1", "Ines Okafor")
    assert title["at"] == "2026-03-05T10:20:00Z"
    assert [int(row["transaction"]) for row in rows] == sorted(
        (int(row["transaction"]) for row in rows), reverse=True
    )
    assert not any("api_token" in row.values() for row in rows)


def test_a_record_as_lines_of_json_has_one_for_each_change(client):
    lines = lines_of(client.get("/history/records/article/1?format=jsonl&operation=changed"))
    changed = next(line for line in lines if "title" in line["changes"])
    assert changed["changes"]["title"] == ["Harbour bridge", "Harbour bridge reopens"]
    assert changed["links"]["tags"]["added"] == ["2"]
    assert isinstance(changed["transaction"], str)
    assert {line["operation"] for line in lines} == {"changed"}


def test_everything_and_a_part_of_it(client):
    every = lines_of(client.get("/history/changes?format=jsonl"))
    assert {line["model"] for line in every} >= {"article", "section", "tag"}
    assert any(line["operation"] == "deleted" for line in every)
    rows = rows_of(client.get("/history/changes?format=csv&model=section"))
    assert {row["model"] for row in rows} == {"section"}


def test_the_records_of_a_model(client):
    (row,) = rows_of(client.get("/history/records/article?format=csv"))
    assert (row["key"], row["title"]) == ("1", "Harbour bridge reopens")
    assert "api_token" not in row
    (then,) = lines_of(client.get("/history/records/article?format=jsonl&as_of=1"))
    assert then["title"] == "Harbour bridge" and then["settings"]["wordCount"] == 812


def test_no_cell_is_a_formula(newsroom, maya):
    models, session = newsroom.models, newsroom.db.session
    hostile = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "|x", 'a"b', "\r\nx", "\x00", "ok"]
    session.add_all(models.Tag(name=name) for name in hostile)
    session.commit()
    names = {row["name"] for row in rows_of(maya.get("/history/records/tag?format=csv"))}
    assert not any(name.lstrip(" ")[:1] in "=+-@\t\r\n|＝" for name in names)
    assert {"'=1+1", "'-1", 'a"b', "ok", "\u2400"} <= names
    exact = {line["name"] for line in lines_of(maya.get("/history/records/tag?format=jsonl"))}
    assert exact == set(hostile)


def test_an_unknown_format_is_refused(client):
    assert client.get("/history/changes?format=xml").status_code == 400


class NoFiles(DefaultPolicy):
    def decide(self, action, user, **subject):
        if action is Action.EXPORT:
            return deny("Ask the archive.")
        return super().decide(action, user, **subject)


def test_a_policy_can_keep_files_back(tmp_path):
    made = make_newsroom(f"sqlite:///{tmp_path / 'newsroom.sqlite'}", policy=NoFiles)
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
    client = made.login(made.app.test_client())
    for address in ("records/article/1", "records/article", "changes"):
        response = client.get(f"/history/{address}?format=csv")
        assert response.status_code == 403 and "Ask the archive." in response.text
        assert "format=csv" not in client.get(f"/history/{address}").text
    close(made)


def test_a_file_is_read_in_parts(newsroom, maya):
    models, session = newsroom.models, newsroom.db.session
    tag = models.Tag(name="0")
    session.add(tag)
    session.commit()
    for number in range(1, 60):
        tag.name = str(number)
        session.commit()
    with statements(newsroom.db.engine) as sent:
        rows = rows_of(maya.get("/history/records/tag/1?format=csv"))
    assert len(rows) == 60
    assert len(sent) < 40


def test_a_file_costs_the_same_whatever_a_page_lists(tmp_path):
    costs = []
    for size in (50, 2):
        made = make_newsroom(f"sqlite:///{tmp_path / f'{size}.sqlite'}", CONTINUUM_PAGE_SIZE=size)
        with made.app.app_context():
            session, Tag = made.db.session, made.models.Tag
            tags = [Tag(name="0") for _ in range(30)]
            session.add_all(tags)
            session.commit()
            for number in range(1, 40):
                tags[0].name = str(number)
                session.commit()
            engine = made.db.engine
        client = made.login(made.app.test_client())
        for address in ("tag/1?", "tag?", "tag?as_of=40&"):
            with statements(engine) as sent:
                rows = rows_of(client.get(f"/history/records/{address}format=csv"))
            assert len(rows) == (40 if address == "tag/1?" else 30)
            costs.append(len(sent))
        close(made)
    assert costs[:3] == costs[3:]
