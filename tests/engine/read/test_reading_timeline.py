from __future__ import annotations

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import NOT_RECORDED, FieldChange
from tests.engine.newsroom import Newsroom


def write_article(newsroom: Newsroom, changes: int) -> int:
    with newsroom.commit() as session:
        article = newsroom.Article(title="t0", words=0)
        session.add(article)
        session.flush()
        key = article.id
    for number in range(1, changes):
        with newsroom.commit() as session:
            article = session.get(newsroom.Article, key)
            article.title = f"t{number}"
    return key


def test_entries_are_newest_first_with_their_changes(newsroom: Newsroom) -> None:
    key = write_article(newsroom, 3)
    with newsroom.session() as session:
        page = read.timeline(session, newsroom.Article, (key,))
        assert [e.version.title for e in page] == ["t2", "t1", "t0"]
        assert [e.operation for e in page] == [
            Operation.UPDATE,
            Operation.UPDATE,
            Operation.INSERT,
        ]
        assert FieldChange("title", "t1", "t2") in page.items[0].fields
        assert page.items[0].previous is page.items[1].version
        assert page.items[2].previous is None
        assert FieldChange("words", NOT_RECORDED, 0) in page.items[2].fields
        assert "body" not in {c.key for c in page.items[2].fields}
        assert (page.newer, page.older) == (None, None)
