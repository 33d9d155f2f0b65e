"""The pages work alike on every database."""

from __future__ import annotations

import pytest

from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read

PLACES = [("a/b", ".."), ("", "compare"), ("Žižkov", "日本")]


@pytest.fixture
def told(database):
    made = make_newsroom(database.uri)
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        for country, code in PLACES:
            made.db.session.add(made.models.Place(country=country, code=code, name="Here"))
        made.db.session.commit()
        yield made
    close(made)


def test_every_page_that_links_lead_to_is_shown(told):
    client = told.login(told.app.test_client())
    waiting, seen = ["/history/", "/history/?q=harbour", "/history/?q=1"], set()
    while waiting:
        address = waiting.pop().partition("#")[0]
        if address in seen or not address.startswith("/history/"):
            continue
        seen.add(address)
        response = client.get(address)
        response.close()
        assert response.status_code == 200, address
        if response.mimetype == "text/html":
            waiting += [link for link in read(response.text).links if "layout=" not in link]
    assert sum("/place/" in address for address in seen) >= 2 * len(PLACES)
    assert sum("/undo" in address for address in seen) >= 7


@pytest.mark.parametrize(
    "address",
    [
        "/history/records/article/18446744073709551615",
        "/history/records/article/9223372036854775807",
        "/history/records/place/~00,a",
        "/history/records/place/a",
    ],
)
def test_keys_that_the_database_does_not_take_are_not_there(told, address):
    client = told.login(told.app.test_client())
    assert client.get(address).status_code == 404
    assert client.post(f"{address}/1/revert").status_code == 404
    assert client.get("/history/records/article/1").status_code == 200


def test_back_and_forth(told):
    client = told.login(told.app.test_client())

    def do(address):
        form = read(client.get(address).text).plan
        response = client.post(form.action, data=form.values)
        assert response.status_code == 303, response.text
        return next(
            link for link in read(client.get(response.location).text).links if "/undo" in link
        )

    def article(number):
        told.db.session.expire_all()
        return told.db.session.get(told.models.Article, number)

    undo = do("/history/records/article/1/1/revert")
    assert article(1).title == "Harbour bridge"
    do(undo)
    assert article(1).title == "Harbour bridge reopens"
    undo = do("/history/records/article/2/6/revert")
    assert article(2) is not None
    do(undo)
    assert article(2) is None
