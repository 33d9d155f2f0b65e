"""A page costs the same number of statements, however long the history and however many records."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.admin.conftest import close
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.support.statements import statements

LENGTHS = (10, 1000)
PAGES = {
    "overview": "/history/",
    "search": "/history/?q=title",
    "changes": "/history/changes",
    "changes of a field": "/history/changes?model=article&field=words",
    "changes in words": "/history/changes?q=title",
    "people": "/history/users",
    "person": "/history/users/1",
    "models": "/history/records",
    "model": "/history/records/article",
    "model then": "/history/records/article?as_of=7",
    "timeline": "/history/records/article/1",
    "filtered": "/history/records/article/1?field=words&operation=changed",
    "by link": "/history/records/article/1?field=section_id",
    "fields": "/history/records/article/1/fields",
    "field": "/history/records/article/1/fields/words",
    "field by link": "/history/records/article/1/fields/section_id",
    "first version": "/history/records/article/1/1",
    "middle version": "/history/records/article/1/6",
    "compare": "/history/records/article/1/compare?from=1&to=now&show=all",
    "revert": "/history/records/article/1/2/revert",
    "transaction": "/history/transactions/{last}",
    "undo": "/history/transactions/{last}/undo",
}
CEILING = 45
"""No page needs more, with the six models of these tests."""


def write(newsroom, length):
    """An article with so many versions, and a transaction that makes so many articles."""
    models, session = newsroom.models, newsroom.db.session
    sections = [models.Section(name=f"Section {number}") for number in range(5)]
    article = models.Article(title="title", words=0, section=sections[0])
    session.add_all([article, *sections])
    session.commit()
    for number in range(1, length):
        article.words = number
        article.section = sections[number % 5]
        session.commit()
    session.add_all(
        models.Article(title=f"title {n}", section=sections[n % 5], tags=[models.Tag(name=f"{n}")])
        for n in range(length // 4)
    )
    session.commit()
    for number in range(55):  # the feeds show the same with both
        article.words = -number
        article.section = sections[(number + 1) % 5]
        session.commit()
    for each in session.query(models.Article).filter(models.Article.id > 1):
        each.section = sections[(each.id + 1) % 5]
        each.words = 1
    session.commit()
    session.execute(sa.text('UPDATE "transaction" SET user_id = 1'))
    session.commit()


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """For each page, the number of statements with a short and with a long history."""
    found = {}
    for length in LENGTHS:
        folder = tmp_path_factory.mktemp("statements")
        made = make_newsroom(f"sqlite:///{folder / 'long.sqlite'}")
        with made.app.app_context():
            write(made, length)
            engine = made.db.engine
        client = made.login(made.app.test_client())
        pages = {name: address.format(last=length + 57) for name, address in PAGES.items()}
        first = read(client.get(PAGES["timeline"]).text)
        older = [link for link in first.links if "cursor=" in link]
        if older:
            pages["older"] = older[0]
        for name, address in pages.items():
            with statements(engine) as sent:
                assert client.get(address).status_code == 200, address
            found.setdefault(name, []).append(list(sent))
        close(made)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_for_any_history(counts, page):
    short, long = counts[page]
    assert len(short) == len(long), "\n".join(set(long) - set(short))
    assert len(long) <= CEILING


def test_the_next_page_costs_what_the_first_does(counts):
    older = counts["older"][-1]
    assert len(older) == len(counts["timeline"][1])


def test_a_timeline_of_ten_thousand_versions_costs_what_one_of_ten_does(tmp_path):
    # a page that holds a whole history costs two less: it has no version before its last one
    made = make_newsroom(f"sqlite:///{tmp_path / 'longest.sqlite'}", CONTINUUM_PAGE_SIZE=5)
    models, session = made.models, made.db.session
    with made.app.app_context():
        article = models.Article(title="title", words=0, section=models.Section(name="City"))
        session.add(article)
        session.commit()
        for number in range(1, 10):
            article.words = number
            session.commit()
        engine = made.db.engine
    client = made.login(made.app.test_client())

    def cost():
        with statements(engine) as sent:
            page = client.get(PAGES["timeline"])
        assert page.status_code == 200
        return list(sent), page.text

    client.get(PAGES["timeline"])
    short, _ = cost()
    lengthen(engine, 10, 10_000)
    long, page = cost()
    assert len(short) == len(long), "\n".join(long)
    assert "10000" in page and "10,000" in page
    close(made)


def lengthen(engine, length, wanted):
    """Go on with article 1 in plain SQL: so many commits would take a minute."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        columns = [row[1] for row in raw.execute("PRAGMA table_info(article_version)")]
        kept = [
            c for c in columns if "transaction_id" not in c and c not in ("operation_type", "words")
        ]
        names = ", ".join(kept)
        for number in range(length + 1, wanted + 1):
            raw.execute(
                "INSERT INTO 'transaction' (id, issued_at, uid) VALUES (?, ?, ?)",
                (number, "2026-11-24 12:00:00.000000", f"{number:032x}"),
            )
            raw.execute(
                f"INSERT INTO article_version ({names}, words, transaction_id, operation_type) "
                f"SELECT {names}, ?, ?, 1 FROM article_version "
                "WHERE id = 1 AND transaction_id = 2",
                (number, number),
            )
        raw.execute(
            "UPDATE article_version SET end_transaction_id = transaction_id + 1 "
            "WHERE id = 1 AND transaction_id BETWEEN ? AND ?",
            (length, wanted - 1),
        )
        raw.execute("UPDATE article SET words = ? WHERE id = 1", (wanted,))
        raw.commit()
