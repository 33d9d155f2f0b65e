"""Models in several databases (``bind_key``), and one history admin for all of them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import read as history
from flask_continuum.engine.maintenance.verify import verify
from tests.admin.conftest import close
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read


@pytest.fixture
def told(database: Any, second_database: Any) -> Any:
    """Article 1 and Box 1 in the same three transactions, then the box alone in another."""
    made = make_newsroom(database.uri, SQLALCHEMY_BINDS={"archive": second_database.uri})

    class Box(made.db.Model):  # type: ignore[misc, name-defined]
        __bind_key__ = "archive"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)
        label = sa.Column(sa.String(50))

    made.models.Box = Box
    with made.app.app_context():
        made.db.create_all()
        session = made.db.session
        article = made.models.Article(id=1, title="first")
        box = Box(id=1, label="first")
        session.add_all([article, box])
        session.commit()
        article.title = box.label = "second"
        session.commit()
        session.execute(sa.update(Box).values(label="third"))
        session.commit()
        yield made
    close(made)


def test_capture_reading_pages_and_reverts(told: Any) -> None:
    session, box, article = told.db.session, told.models.Box, told.models.Article
    labels = [each.label for each in history.versions_of(session, box, (1,))]
    assert labels == ["first", "second", "third"]
    third = history.transactions(session, told.continuum.manager).items[0]
    assert set(third.counts) == {box}
    assert verify(session, told.continuum.manager).is_clean

    client = told.login(told.app.test_client())
    waiting, seen = ["/history/"], set()
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
    for number, label in enumerate(labels, 1):
        assert label in read(client.get(f"/history/records/box/1/{number}").text).text

    form = read(client.get("/history/records/box/1/1/revert").text).plan
    assert client.post(form.action, data=form.values).status_code == 303
    session.expire_all()
    assert (session.get(box, 1).label, session.get(article, 1).title) == ("first", "second")
    newest = history.transactions(session, told.continuum.manager, limit=1).items[0].transaction
    assert newest.kind == "revert"

    both = history.versions_of(session, article, (1,))[1].transaction
    assert set(history.transaction_entries(session, told.continuum.manager, both)) == {
        article,
        box,
    }
