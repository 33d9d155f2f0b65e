"""What happened to children, in the history of their parent."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from flask_continuum.engine import read
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.tracked import authors_of_children
from tests.engine.newsroom import Newsroom, build_without_ends, lend
from tests.support.statements import statements

Told = list[tuple[int, bool, list[tuple[int, str]]]]


@pytest.fixture(params=["validity", "subquery"])
def written(
    request: pytest.FixtureRequest, database_kind: str, sources: Any, kept: Any, lent: Any
) -> Any:
    """A newsroom with the history of article 1 and its comments, with and without ends."""
    source = sources.of(database_kind)
    if request.param == "subquery":
        with lend(
            lent, kept.of(source, "without ends"), name="without ends", make=build_without_ends
        ) as newsroom:
            write(newsroom)
            yield newsroom
    else:
        with lend(lent, kept.of(source)) as newsroom:
            write(newsroom)
            yield newsroom


def write(newsroom: Newsroom) -> None:
    """#1 both articles, with comment 1; #2 to #8 as the tests say."""
    Article, Comment = newsroom.Article, newsroom.Comment
    with newsroom.commit() as session:
        session.add_all([newsroom.User(id=1, name="Maya"), newsroom.User(id=2, name="Tom")])
        session.add(Article(id=1, title="one", comments=[Comment(id=1, text="first")]))
        session.add(Article(id=2, title="two"))
    with newsroom.commit(user_id=1) as session:  # 2: a comment comes
        session.add(Comment(id=2, text="second", article_id=1))
    with newsroom.commit(user_id=2) as session:  # 3: the article and a comment change
        session.get(Article, 1).title = "One"
        session.get(Comment, 1).text = "First"
    with newsroom.commit() as session:  # 4: a comment goes to another article
        session.get(Comment, 2).article_id = 2
    with newsroom.commit() as session:  # 5: what it does there is nothing of article 1
        session.get(Comment, 2).text = "Second"
    with newsroom.commit() as session:  # 6: it comes back
        session.get(Comment, 2).article_id = 1
    with newsroom.commit() as session:  # 7: another goes for good
        session.delete(session.get(Comment, 1))
    with newsroom.commit() as session:  # 8: only the article
        session.get(Article, 1).words = 3


def at_first(session: Session, newsroom: Newsroom) -> int:
    return newsroom.ids(session, newsroom.Article, 1)[0] - 1


def told(page: Any, first: int) -> Told:
    return [
        (
            entry.transaction.id - first,
            entry.own,
            [
                (each.entry.version.id, each.effect.name)
                for children in entry.children
                for each in children.changes
            ],
        )
        for entry in page
    ]


EVERYTHING: Told = [
    (8, True, []),
    (7, False, [(1, "DELETE")]),
    (6, False, [(2, "INSERT")]),
    (4, False, [(2, "DELETE")]),
    (3, True, [(1, "UPDATE")]),
    (2, False, [(2, "INSERT")]),
    (1, True, [(1, "INSERT")]),
]


def timeline(session: Session, newsroom: Newsroom, **wanted: Any) -> Any:
    return read.timeline(session, newsroom.Article, (1,), tracked=["comments"], **wanted)


def test_children_stand_in_the_history_of_their_parent(written: Newsroom) -> None:
    with written.session() as session:
        first = at_first(session, written)
        page = timeline(session, written)
        assert told(page, first) == EVERYTHING
        (changed,) = page.items[4].children[0].changes
        assert [(c.key, c.old, c.new) for c in changed.entry.fields] == [("text", "first", "First")]
        left = page.items[3].children[0].changes[0].entry
        assert [(c.key, c.old, c.new) for c in left.fields] == [("article_id", 1, 2)]
        # the version is the article's of the time, and it has not changed
        assert page.items[1].version.title == "One" and not page.items[1].fields
        assert page.items[1].only_links


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_meet_exactly_in_both_directions(written: Newsroom, limit: int) -> None:
    with written.session() as session:
        first = at_first(session, written)
        pages = [timeline(session, written, limit=limit)]
        while pages[-1].older:
            pages.append(timeline(session, written, limit=limit, cursor=pages[-1].older))
        assert [each for page in pages for each in told(page, first)] == EVERYTHING
        back = [pages[-1]]
        while back[-1].newer:
            back.append(timeline(session, written, limit=limit, cursor=back[-1].newer))
        seen = {tuple(map(str, each)) for page in back for each in told(page, first)}
        assert seen == {tuple(map(str, each)) for each in EVERYTHING}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"field": "comments"}, [7, 6, 4, 3, 2, 1]),
        ({"field": "title"}, [3, 1]),
        ({"operation": Operation.DELETE}, [7]),
        ({"operation": Operation.INSERT}, [2, 1]),
        ({"operation": Operation.UPDATE}, [8, 6, 4, 3]),
        ({"made": Made(user_id=1)}, [2]),
        ({"made": Made(user_id=2)}, [3]),
        ({"field": "comments", "operation": Operation.UPDATE}, [6, 4, 3]),
    ],
)
def test_filters_hold_for_children_too(
    written: Newsroom, wanted: dict[str, Any], expected: list[int]
) -> None:
    with written.session() as session:
        first = at_first(session, written)
        found = told(timeline(session, written, **wanted), first)
        assert [at for at, _, _ in found] == expected


def test_what_is_filtered_out_of_a_transaction_is_not_shown_of_it(written: Newsroom) -> None:
    with written.session() as session:
        first = at_first(session, written)
        by_field = told(timeline(session, written, field="comments"), first)
        assert by_field == [(at, False, children) for at, _, children in EVERYTHING if children]
        assert told(timeline(session, written, field="title"), first) == [
            (3, True, []),
            (1, True, []),
        ]


def test_what_is_not_tracked_is_not_there(written: Newsroom) -> None:
    with written.session() as session:
        first = at_first(session, written)
        page = read.timeline(session, written.Article, (1,))
        assert told(page, first) == [(8, True, []), (3, True, []), (1, True, [])]
        assert told(read.timeline(session, written.Article, (2,)), first) == [(1, True, [])]


def test_many_children_of_one_transaction_are_counted(newsroom: Newsroom) -> None:
    Article, Comment = newsroom.Article, newsroom.Comment
    with newsroom.commit() as session:
        session.add(Article(id=1, title="one", comments=[Comment(text=str(n)) for n in range(9)]))
    with newsroom.session() as session:
        (entry,) = timeline(session, newsroom, children=4)
        (children,) = entry.children
        assert (len(children.changes), children.more) == (4, 5)
        assert [each.entry.version.id for each in children.changes] == [1, 2, 3, 4]


def test_the_other_side_of_a_link_can_be_tracked(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="x"))
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a", tags=[session.get(newsroom.Tag, 1)]))
    with newsroom.session() as session:
        assert len(read.timeline(session, newsroom.Tag, (1,))) == 1
        page = read.timeline(session, newsroom.Tag, (1,), tracked=["articles"])
        assert len(page) == 2
        (change,) = page.items[0].links
        assert [each.title for each in change.added] == ["a"]


def test_children_from_before_their_parent_are_left_out(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=2, title="two"))
        session.flush()
        session.add(newsroom.Comment(id=1, text="early", article_id=2))
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="one"))
        session.get(newsroom.Comment, 1).article_id = 1
    with newsroom.session() as session:
        (entry,) = timeline(session, newsroom)
        (children,) = entry.children
        assert [each.effect for each in children.changes] == [Operation.INSERT]


def test_statements_are_the_same_for_any_number_of_children(newsroom: Newsroom) -> None:
    Article, Comment = newsroom.Article, newsroom.Comment
    with newsroom.commit() as session:
        session.add(Article(id=1, title="one", comments=[Comment(text="0")]))
    with newsroom.session() as session, statements(newsroom.engine) as few:
        timeline(session, newsroom)
    for number in range(5):
        with newsroom.commit() as session:
            session.get(Article, 1).words = number
            for each in range(4):
                session.add(Comment(text=f"{number} {each}", article_id=1))
    with newsroom.session() as session, statements(newsroom.engine) as many:
        timeline(session, newsroom)
    assert len(few) == len(many) <= 7, "\n".join(many)


def test_who_changed_children(written: Newsroom) -> None:
    with written.session() as session:
        entry = written.registry_of(written.Article)
        found = authors_of_children(session, entry, (1,), ["comments"])
        assert [(each.transaction.user_id, each.count) for each in found] == [(2, 1), (1, 1)]
        assert authors_of_children(session, entry, (1,), []) == ()
