"""Values that cannot be read any more have words on every page that would show them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.admin.conftest import close
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.support.marks import on

WORDS = "cannot be read any more"


@pytest.fixture
def told(database: Any) -> Any:
    """Article 1 in three versions, of which the first and second have broken settings."""
    made = make_newsroom(database.uri)
    article, session = made.models.Article, made.db.session
    with made.app.app_context():
        for number in (1, 2, 3):
            found = session.get(article, 1) or article(id=1)
            found.title, found.settings = f"title {number}", {"number": number}
            session.add(found)
            session.commit()
        if database.kind == "mariadb":
            session.execute(sa.text("SET SESSION check_constraint_checks = 0"))
        session.execute(
            sa.text("UPDATE article_version SET settings = '{broken' WHERE transaction_id < 3")
        )
        session.commit()
        yield made
    close(made)


@on("sqlite", "mariadb")
def test_pages_say_it(told: Any) -> None:
    client = told.login(told.app.test_client())
    record = "/history/records/article/1"
    for address in (
        record,
        f"{record}/1",
        f"{record}/2",
        f"{record}/3",
        f"{record}/compare?a=1&b=3",
        f"{record}/compare?a=1&b=2",
        f"{record}/1/revert",
        "/history/transactions/3",
        "/history/transactions/3/undo",
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert WORDS in read(response.text).text, address
        assert "broken" not in response.text, address
    form = read(client.get(f"{record}/1/revert").text).plan
    assert client.post(form.action, data=form.values).status_code == 303
    told.db.session.expire_all()
    article = told.db.session.get(told.models.Article, 1)
    assert (article.title, article.settings) == ("title 1", {"number": 3})
