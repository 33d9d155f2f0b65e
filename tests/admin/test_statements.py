"""A page costs the same number of statements, however long the history and however many records."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from tests.admin.conftest import close
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.support.statements import statements

WRITTEN = (10, 250)
"""How long histories are that the application wrote itself."""
LENGTHS = (10, 250, 1_000, 100_000)
"""The last two go on with the one before in plain SQL."""
LONGEST = LENGTHS[-1]
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
    "last version": "/history/records/article/1/{newest}",
    "compare": "/history/records/article/1/compare?from=1&to=now&show=all",
    "revert": "/history/records/article/1/2/revert",
    "transaction": "/history/transactions/{last}",
    "undo": "/history/transactions/{last}/undo",
}
CEILING = 45
"""No page needs more, with the six models of these tests."""
STATEMENT = 40_000
"""Steps of SQLite's machine that take as long as what a page does for one statement besides: to
build, send and read it, and to show what it found. Measured: a page takes 1.1 ms and more for each
statement, 28 ns for each step."""
STEPS = 400_000
"""No page takes more steps, which are 11 ms, however long the history."""
LOOKING_BACK = {"revert": 6, "undo": 6, "search": 5}
"""Steps besides for each version: a plan must know for sure whether another record got the key
since then, and a search what a record was ever called."""
COUNTING = 100
"""Steps of the machine between two looks at the clock."""


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


class Meter:
    """Counts what a page costs: its statements, and the steps of SQLite's machine."""

    def __init__(self, made):
        self.steps = 0
        self.client = made.login(made.app.test_client())
        with made.app.app_context():
            self.engine = made.db.engine
            made.db.session.remove()
        self.engine.dispose()  # new connections count
        sa.event.listen(self.engine, "connect", self._watch)

    def _watch(self, connection, record):
        connection.set_progress_handler(self._count, COUNTING)

    def _count(self):
        self.steps += COUNTING

    def of(self, address):
        self.client.get(address)  # what is read once is read by now
        self.steps = 0
        with statements(self.engine) as sent:
            response = self.client.get(address)
        assert response.status_code == 200, address
        return list(sent), self.steps, response.text


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    """For each page what it costs with a short, a longer and the longest history."""
    found = {}
    for length in WRITTEN:
        folder = tmp_path_factory.mktemp("statements")
        made = make_newsroom(f"sqlite:///{folder / 'long.sqlite'}")
        with made.app.app_context():
            write(made, length)
        meter = Meter(made)
        measure(meter, length, found)
        for longer in LENGTHS[2:] if length == WRITTEN[-1] else ():
            lengthen(meter.engine, longer)
            measure(meter, length, found)
        close(made)
    return found


def measure(meter, written, found):
    """Add what each page costs now."""
    first = read(meter.client.get(PAGES["timeline"]).text)
    older = [link for link in first.links if "cursor=" in link]
    newest = re.search(r"/history/records/article/1/(\d+)", " ".join(first.links))[1]
    pages = {
        name: address.format(last=written + 57, newest=newest) for name, address in PAGES.items()
    }
    for name, address in {**pages, **({"older": older[0]} if older else {})}.items():
        found.setdefault(name, []).append(meter.of(address))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_for_any_history(costs, page):
    first, *others = (sent for sent, _, _ in costs[page])
    assert len(others) == len(LENGTHS) - 1
    for sent in others:
        assert len(sent) == len(first), "\n".join(set(sent) ^ set(first))
    assert len(first) <= CEILING


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_less_than_twice_as_long_for_the_longest_history(costs, page):
    *before, after = (steps + STATEMENT * len(sent) for sent, steps, _ in costs[page])
    assert after < 2 * min(before), (before, after)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_looks_at_no_more_versions_than_it_has_to(costs, page):
    _, steps, _ = costs[page][-1]
    assert steps <= STEPS + LOOKING_BACK.get(page, 0) * LONGEST


def test_the_longest_history_is_shown(costs):
    _, _, page = costs["timeline"][-1]
    assert "over 1,000 versions by 1 or more authors" in page
    assert "1,000 of the newest 1,000 versions" in page


def test_the_next_page_costs_what_the_first_does(costs):
    assert len(costs["older"][-1][0]) == len(costs["timeline"][-1][0])


def lengthen(engine, length):
    """Go on with article 1 in plain SQL until it has so many versions."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        (last,) = raw.execute('SELECT max(id) FROM "transaction"').fetchone()
        (has,) = raw.execute("SELECT count(*) FROM article_version WHERE id = 1").fetchone()
        own, section = raw.execute(
            "SELECT max(transaction_id), section_id FROM article_version WHERE id = 1"
        ).fetchone()
        end = last + length - has  # when article 1 is in the section where it is now
        columns = [row[1] for row in raw.execute("PRAGMA table_info(article_version)")]
        others = {"words", "section_id", "transaction_id", "end_transaction_id", "operation_type"}
        names = ", ".join(name for name in columns if name not in others)
        numbers = (
            f"WITH RECURSIVE n(i) AS (SELECT {last + 1} UNION ALL SELECT i + 1 FROM n "
            f"WHERE i < {end})"
        )
        raw.execute(
            f'{numbers} INSERT INTO "transaction" (id, issued_at, uid, user_id) '
            f"SELECT i, '2026-11-24 12:00:00.000000', printf('%032x', i), 1 FROM n"
        )
        raw.execute(
            f"{numbers} INSERT INTO article_version "
            f"({names}, words, section_id, transaction_id, end_transaction_id, operation_type) "
            f"SELECT {names}, i, 1 + ({section - 1 + end} - i) % 5, i, "
            f"CASE WHEN i < {end} THEN i + 1 END, 1 "
            f"FROM n, article_version WHERE id = 1 AND transaction_id = {own}"
        )
        raw.execute(
            f"UPDATE article_version SET end_transaction_id = {last + 1} "
            f"WHERE id = 1 AND transaction_id = {own}"
        )
        raw.execute(
            "UPDATE article SET (words, section_id) = (SELECT words, section_id "
            "FROM article_version WHERE id = 1 AND end_transaction_id IS NULL) WHERE id = 1"
        )
        raw.commit()
