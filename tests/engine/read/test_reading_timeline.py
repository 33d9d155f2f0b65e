from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import NOT_RECORDED, BadCursor, FieldChange, cursors
from flask_continuum.engine.read.made import Made
from tests.engine.newsroom import Newsroom
from tests.support.marks import on
from tests.support.statements import statements


def write_article(newsroom: Newsroom, changes: int) -> int:
    """Write article 1, its title changing with every transaction."""
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="t0", words=0))
    for number in range(1, changes):
        with newsroom.commit() as session:
            session.get(newsroom.Article, 1).title = f"t{number}"
    return 1


def titles(page: read.Page[read.Entry]) -> list[str]:
    return [entry.version.title for entry in page]


def test_entries_are_newest_first_with_their_changes(newsroom: Newsroom) -> None:
    key = write_article(newsroom, 3)
    with newsroom.session() as session:
        page = read.timeline(session, newsroom.Article, (key,))
        assert titles(page) == ["t2", "t1", "t0"]
        assert [e.operation for e in page] == [Operation.UPDATE, Operation.UPDATE, Operation.INSERT]
        assert FieldChange("title", "t1", "t2") in page.items[0].fields
        assert page.items[0].previous is page.items[1].version
        assert page.items[2].previous is None
        assert FieldChange("words", NOT_RECORDED, 0) in page.items[2].fields
        assert "body" not in {c.key for c in page.items[2].fields}
        assert (page.newer, page.older) == (None, None)


def test_pages_follow_each_other_and_the_last_row_has_its_diff(newsroom: Newsroom) -> None:
    key = write_article(newsroom, 7)
    with newsroom.session() as session:
        first = read.timeline(session, newsroom.Article, (key,), limit=3)
        assert titles(first) == ["t6", "t5", "t4"] and first.newer is None
        assert FieldChange("title", "t3", "t4") in first.items[-1].fields
        write_more(newsroom, "t7")
        second = read.timeline(session, newsroom.Article, (key,), limit=3, cursor=first.older)
        assert titles(second) == ["t3", "t2", "t1"]
        third = read.timeline(session, newsroom.Article, (key,), limit=3, cursor=second.older)
        assert titles(third) == ["t0"] and third.older is None
        back = read.timeline(session, newsroom.Article, (key,), limit=3, cursor=third.newer)
        assert titles(back) == ["t3", "t2", "t1"]
        session.rollback()
        top = read.timeline(session, newsroom.Article, (key,), limit=5, cursor=back.newer)
        assert titles(top) == ["t7", "t6", "t5", "t4"] and top.newer is None


def write_more(newsroom: Newsroom, title: str) -> None:
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).title = title


def test_changes_of_links_are_entries_of_their_own(newsroom: Newsroom) -> None:
    write_article(newsroom, 1)
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).tags = [newsroom.Tag(id=1, name="x")]
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.title = "with a new tag"
        article.tags = [newsroom.Tag(id=2, name="y")]
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Tag, 2))
    with newsroom.session() as session:
        page = read.timeline(session, newsroom.Article, (1,))
        found = [
            (
                e.only_links,
                [t.name for c in e.links for t in c.added],
                [t.name for c in e.links for t in c.removed],
            )
            for e in page
        ]
        assert found == [
            (True, [], ["y"]),
            (False, ["y"], ["x"]),
            (True, ["x"], []),
            (False, [], []),
        ]
        assert page.items[2].version.title == "t0" and page.items[2].fields == ()
        gone = page.items[0].links[0].removed[0]
        assert gone.operation_type == Operation.DELETE
        alone = read.entry(session, newsroom.Article, (1,), page.items[2].transaction.id)
        assert alone == page.items[2]


def test_filters(newsroom: Newsroom) -> None:
    with newsroom.commit(user_id=1) as session:
        session.add(newsroom.Article(id=1, title="a", settings={"k": 1}))
    with newsroom.commit(user_id=2) as session:
        session.get(newsroom.Article, 1).title = "A"
    with newsroom.commit(user_id=1) as session:
        session.get(newsroom.Article, 1).settings = {"k": 2}
    with newsroom.commit(user_id=2) as session:
        session.get(newsroom.Article, 1).body = "text"
    with newsroom.commit(user_id=1) as session:
        article = session.get(newsroom.Article, 1)
        article.body = None
        article.tags = [newsroom.Tag(id=1, name="x")]
    with newsroom.commit(user_id=2) as session:
        session.get(newsroom.Article, 1).tags = []
    with newsroom.session() as session:
        ids = [e.transaction.id for e in read.timeline(session, newsroom.Article, (1,))]
        ids.reverse()
        assert len(ids) == 6

        def places(**wanted: Any) -> list[int]:
            page = read.timeline(session, newsroom.Article, (1,), **wanted)
            return sorted(ids.index(entry.transaction.id) for entry in page)

        assert places(field="title") == [0, 1]  # upper case is a change, whatever the collation
        assert places(field="settings") == [0, 2]
        assert places(field="body") == [3, 4]  # from NULL and back
        assert places(field="words") == []
        assert places(field="tags") == [4, 5]
        assert places(made=Made(user_id=2)) == [1, 3, 5]
        assert places(operation=Operation.INSERT) == [0]
        assert places(operation=Operation.UPDATE) == [1, 2, 3, 4, 5]
        assert places(field="title", made=Made(user_id=2)) == [1]
        with pytest.raises(ValueError, match="no recorded field or link 'token'"):
            places(field="token")


@pytest.mark.parametrize("strategy", ["validity", "subquery"])
def test_a_key_that_is_used_again_is_another_record(engine: sa.Engine, strategy: str) -> None:
    from tests.engine.newsroom import build

    newsroom = build(engine, options={"strategy": strategy})
    for name in ("first", "second"):
        with newsroom.commit() as session:
            session.add(newsroom.Tag(id=1, name=name))
        with newsroom.commit() as session:
            session.get(newsroom.Tag, 1).name = name + " changed"
        with newsroom.commit() as session:
            session.delete(session.get(newsroom.Tag, 1))
    with newsroom.session() as session:
        ids = newsroom.ids(session, newsroom.Tag, 1)
        versions = read.versions_of(session, newsroom.Tag, (1,))
        assert [v.index for v in versions] == [0, 1, 2, 0, 1, 2]
        assert versions[2].next is None and versions[3].previous is None
        assert versions[3].changeset["name"] == [None, "second"]
        page = read.timeline(session, newsroom.Tag, (1,))
        assert [e.transaction.id for e in page] == ids[:2:-1]
        earlier = read.timeline(session, newsroom.Tag, (1,), at=ids[1])
        assert [e.transaction.id for e in earlier] == ids[2::-1]
        lives = read.lives(session, newsroom.Tag, (1,))
        assert [(life.since, life.until, life.count) for life in lives] == [
            (ids[3], ids[5], 3),
            (ids[0], ids[2], 3),
        ]


@pytest.mark.parametrize(
    "text",
    ["", "x", "W10", "WyJ0aW1lbGluZSIsMCxbXV0", "ÿ", "a" * 5000, "W" * 4000,
     cursors.write("timeline", False, ["5"]), cursors.write("timeline", False, [True, 1]),
     cursors.write("other", False, [5]), cursors.write("timeline", False, [2**64]),
     cursors.write("timeline", False, [None])],
)  # fmt: skip
@on("sqlite")
def test_a_cursor_from_elsewhere_is_refused(newsroom: Newsroom, text: str) -> None:
    with newsroom.session() as session, pytest.raises(BadCursor, match="not one of this list"):
        read.timeline(session, newsroom.Article, (1,), cursor=text)


def test_composite_keys_and_their_length(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all(
            [
                newsroom.Place(country="de", number=1, name="B"),
                newsroom.Place(country="de", number=2, name="H"),
            ]
        )
    with newsroom.commit() as session:
        session.get(newsroom.Place, ("de", 1)).name = "C"
    with newsroom.session() as session:
        assert len(read.timeline(session, newsroom.Place, ("de", 1))) == 2
        assert len(read.timeline(session, newsroom.Place, ("de", 2))) == 1
        assert len(read.timeline(session, newsroom.Place, ("de", 2**70))) == 0
        with pytest.raises(ValueError, match=r"has 2 values \(country, number\), not 1"):
            read.timeline(session, newsroom.Place, ("de",))


def test_a_column_that_came_later_was_not_recorded_before(newsroom: Newsroom) -> None:
    write_article(newsroom, 2)
    with newsroom.session() as session:
        table = newsroom.manager.registry.history[newsroom.base.metadata].history_column
        since = newsroom.ids(session, newsroom.Article, 1)[-1] + 1
        session.execute(
            table.insert().values(
                table_name="article_version", column_name="body_text", since=since
            )
        )
        session.commit()
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).body = "text"
    with newsroom.session() as session:
        newest, second, _ = read.timeline(session, newsroom.Article, (1,))
        assert FieldChange("body", NOT_RECORDED, "text") in newest.fields
        assert "body" not in {c.key for c in second.fields}
        assert newest.version.changeset["body"] == [NOT_RECORDED, "text"]
        compared = read.compare(session, second.version, session.get(newsroom.Article, 1))
        assert FieldChange("body", NOT_RECORDED, "text") in compared.fields


def test_a_page_costs_the_same_for_any_length_of_history(newsroom: Newsroom) -> None:
    costs = []
    write_article(newsroom, 10)
    for more in (0, 1990):
        prolong(newsroom, more)
        with newsroom.session() as session, statements(newsroom.engine) as sent:
            page = read.timeline(session, newsroom.Article, (1,))
            assert all(entry.transaction.user is None for entry in page)
            assert all(entry.version.transaction is entry.transaction for entry in page)
        costs.append(len(sent))
    assert costs == [5, 5], sent  # moments, versions, transactions, spans, tags
    with newsroom.session() as session:
        version = read.newest(session, newsroom.Article, (1,))
        with statements(newsroom.engine) as sent:
            assert version.index == 1999
        assert len(sent) == 1


def prolong(newsroom: Newsroom, number: int) -> None:
    """Add versions by the thousand, as the engine would have written them one by one."""
    if not number:
        return
    entry = newsroom.registry_of(newsroom.Article)
    transaction = newsroom.manager.registry.transaction_class_for(newsroom.Article)
    with newsroom.engine.begin() as connection:
        version = entry.table.version
        last = connection.scalar(sa.select(sa.func.max(version.c.transaction_id)))
        ids = range(last + 1, last + 1 + number)
        connection.execute(
            sa.insert(sa.inspect(transaction).local_table),
            [{"id": at, "uid": f"{at:032x}"} for at in ids],
        )
        connection.execute(
            sa.insert(version),
            [
                {
                    "id": 1,
                    "title": f"p{at}",
                    "revision": 1,
                    "transaction_id": at,
                    "end_transaction_id": None if at == ids[-1] else at + 1,
                    "operation_type": 1,
                }
                for at in ids
            ],
        )
        connection.execute(
            sa.update(version)
            .where(version.c.transaction_id == last)
            .values(end_transaction_id=last + 1)
        )
