"""The fields of a record, and every value that one of them has had."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.support.statements import statements

RECORD = "/history/records/article/1"


class Careful(DefaultPolicy):
    """Hides what a test says: the words of versions below a number, or these versions."""

    field_before = 0
    version_before = 0

    def decide(self, action, user, *, model=None, record=None, version=None, **more):
        at = getattr(version, "transaction_id", None)
        if at is not None and model.__name__ == "Article":
            if action is Action.VIEW_FIELD and more.get("field") == "words":
                if at < self.field_before:
                    return deny("Not that old.")
            elif action is Action.VIEW and at < self.version_before:
                return deny("Not that old.")
        return super().decide(action, user, model=model, record=record, version=version, **more)


CAREFUL = Careful(admin_user=lambda user: True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The story; then the words of article 1 count up in #7 to #12, and it is deleted."""
    folder = tmp_path_factory.mktemp("fields")
    made = make_newsroom(
        f"sqlite:///{folder / 'told.sqlite'}",
        policy=CAREFUL,
        CONTINUUM_ADMIN_USER=None,
        CONTINUUM_PAGE_SIZE=3,
    )
    models, session = made.models, made.db.session
    with made.app.app_context():
        write_story(made, secrets=("sesame", "open"))
        article = session.get(models.Article, 1)
        for number in range(6):
            with made.continuum.transaction(reason=f"Counted {number}", actor="Count"):
                article.words = number
                session.commit()
        session.add(models.Article(id=3, title="Short", words=None))
        session.commit()
        gone = models.Article(id=4, title="Gone")
        session.add(gone)
        session.commit()
        session.delete(gone)
        session.commit()
    yield made
    close(made)


@pytest.fixture
def client(made, monkeypatch):
    monkeypatch.setattr(CAREFUL, "field_before", 0)
    monkeypatch.setattr(CAREFUL, "version_before", 0)
    return made.login(made.app.test_client())


def table(html: str) -> list[list[str]]:
    """The cells of the page's table, line by line."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [row.split("<td") for row in body.split("<tr")[1:]]
    return [[read(f"<td{cell}").text for cell in row[1:]] for row in rows]


def test_all_fields_say_who_set_them_last_and_how_often(client):
    page = client.get(f"{RECORD}/fields").text
    rows = {row.split(">")[0]: row for row in page.split("<tr ")[2:]}
    words = read("<tr " + rows['id="field-words"']).text
    assert words.startswith("Words 5") or "Words 5" in words
    assert "Count" in words and "7 times" in words
    title = read("<tr " + rows['id="field-title"']).text
    assert "Harbour bridge reopens" in title and "Ines Okafor" in title and "2 times" in title
    section = read("<tr " + rows['id="field-section_id"']).text
    assert "Section Transport" in section and "wire-import" in section
    assert f"{RECORD}/fields/words" in read(page).links


def test_a_secret_has_no_history_and_nobody_who_set_it(client):
    page = client.get(f"{RECORD}/fields").text
    secret = read("<tr " + page.partition('<tr id="field-api_token"')[2].partition("</tr>")[0]).text
    assert "hidden" in secret and "Ines" not in secret and "time" not in secret.lower()
    assert "fields/api_token" not in page
    assert client.get(f"{RECORD}/fields/api_token").status_code == 404


def test_each_value_says_who_when_why_and_how_long(client):
    rows = table(client.get(f"{RECORD}/fields/title").text)
    assert len(rows) == 2
    value, change, who, stood = rows[0]
    assert value == "Harbour bridge reopens Current"
    assert "reopens" in change and "Ines Okafor , 5 Mar 2026, 10:20" in who
    assert "until" not in stood
    value, change, who, stood = rows[1]
    assert (value, change) == ("Harbour bridge", "The first value")
    assert "First draft" in who and stood == "1 day until 5 Mar 2026, 10:20"


def test_a_link_is_called_as_it_was(client):
    rows = table(client.get(f"{RECORD}/fields/section_id").text)
    assert [row[0] for row in rows] == ["Transport Current", "City"]


def test_pages_meet_and_the_last_row_has_its_difference(client):
    first = client.get(f"{RECORD}/fields/words")
    assert [row[0] for row in table(first.text)] == ["5 Current", "4", "3"]
    assert "+1" in table(first.text)[-1][1] and "2 → became 3" in table(first.text)[-1][1]
    (older,) = {link for link in read(first.text).links if "cursor=" in link}
    second = client.get(older)
    assert [row[0] for row in table(second.text)] == ["2", "1", "0"]
    assert "812" in table(second.text)[-1][1]
    (older,) = {link for link in read(second.text).links if "cursor=" in link}
    third = client.get(older)
    assert [row[0] for row in table(third.text)] == ["812"]
    assert f"{RECORD}/fields/words" in read(third.text).links  # the way back to the newest
    assert client.get(older.replace("words", "title")).status_code == 400


def test_what_a_policy_hides_of_older_versions_is_left_out(client, monkeypatch):
    monkeypatch.setattr(CAREFUL, "field_before", 11)
    page = client.get(f"{RECORD}/fields/words").text
    assert [row[0] for row in table(page)] == ["5 Current", "4"]
    assert "→" not in table(page)[-1][1]  # it would tell the value before
    assert "Some values are hidden by policy" in page
    monkeypatch.setattr(CAREFUL, "field_before", 0)
    monkeypatch.setattr(CAREFUL, "version_before", 12)
    assert [row[0] for row in table(client.get(f"{RECORD}/fields/words").text)] == ["5 Current"]


def test_a_field_that_was_never_set_says_so(client):
    rows = table(client.get("/history/records/article/3/fields/words").text)
    assert [row[0] for row in rows] == ["not set Current"]
    page = client.get("/history/records/article/3/fields").text
    words = read("<tr " + page.partition('<tr id="field-words"')[2].partition("</tr>")[0]).text
    assert "nobody yet" in words and "never" in words


def test_a_deleted_record_has_fields_too(client):
    page = client.get("/history/records/article/4/fields/title").text
    ((value, _, _, stood),) = table(page)
    assert value == "Gone" and "until" in stood
    assert "Every field as it was last" in client.get("/history/records/article/4/fields").text


@pytest.mark.parametrize("field", ["nothing", "tags", "~", "transaction_id"])
def test_what_is_no_field_is_not_there(client, field):
    assert client.get(f"{RECORD}/fields/{field}").status_code == 404


def test_a_time_without_records_is_not_recorded(made, client):
    names = ("table_name", "column_name", "since")
    history = sa.table("history_column", *map(sa.column, names))
    told = dict(zip(names, ("article_version", "words", 8), strict=True))
    with made.app.app_context():
        engine = made.db.engine
    with engine.begin() as connection:
        connection.execute(sa.insert(history).values(**told))
    try:
        links = read(client.get(f"{RECORD}/fields/words").text).links
        (older,) = {link for link in links if "cursor=" in link}
        rows = table(client.get(older).text)
        assert [row[0] for row in rows] == ["2", "1", "not recorded"]
        assert [row[1] for row in rows][1:] == ["At least since then", ""]
    finally:
        with engine.begin() as connection:
            connection.execute(sa.delete(history).where(history.c.column_name == "words"))


def test_the_version_page_leads_to_the_history_of_each_field(client):
    links = read(client.get(f"{RECORD}/2").text).links
    assert f"{RECORD}/fields/title" in links and f"{RECORD}/fields/api_token" not in links


def test_a_page_costs_the_same_for_any_number_of_values(made, client):
    costs = []
    with made.app.app_context():
        engine = made.db.engine
    for key in (3, 1):
        for page in ("fields", "fields/words"):
            client.get(f"/history/records/article/{key}/{page}")
            with statements(engine) as sent:
                client.get(f"/history/records/article/{key}/{page}")
            costs.append(len(sent))
    assert costs[1] == costs[3] <= 5 and costs[2] <= costs[0] + 2 <= 10, costs


def test_what_was_recorded_once_is_named_and_no_more(made, client):
    history = sa.table("history_column", *map(sa.column, ("table_name", "column_name", "until")))
    with made.app.app_context():
        engine = made.db.engine
    with engine.begin() as connection:
        for name in ("subtitle", "old_password"):
            told = {"table_name": "article_version", "column_name": name, "until": 3}
            connection.execute(sa.insert(history).values(**told))
    try:
        text = read(client.get(f"{RECORD}/fields").text).text
        assert "Subtitle was recorded until #3 and is no field any more." in text
        assert "password" not in text.lower()
        assert client.get(f"{RECORD}/fields/subtitle").status_code == 404
    finally:
        with engine.begin() as connection:
            connection.execute(sa.delete(history).where(history.c.until == 3))
