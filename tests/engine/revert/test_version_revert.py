from __future__ import annotations

from flask_continuum.engine import read
from tests.engine.newsroom import Newsroom


def test_revert_copies_values_back_and_leaves_the_commit_to_the_caller(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a", words=1))
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).title = "b"
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        version = article.versions[0]
        assert version.revert() is article
        assert article.title == "a"
        session.rollback()
        assert article.title == "b"
        article.versions[0].revert()
        session.commit()
        assert article.title == "a"
        assert read.timeline(session, newsroom.Article, (1,)).items[0].transaction.kind == "revert"


def test_revert_recreates_a_deleted_object(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="a", section=newsroom.Section(id=1, name="s")))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    with newsroom.session() as session:
        article = read.versions_of(session, newsroom.Article, (1,))[0].revert()
        session.commit()
        assert (article.id, article.title, article.section.name) == (1, "a", "s")


def test_a_deletion_is_taken_back_or_repeated(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Tag, 1))
    with newsroom.commit() as session:
        first, deletion = read.versions_of(session, newsroom.Tag, (1,))
        assert first.name == "a"
        assert deletion.revert().name == "a"
    with newsroom.commit() as session:
        assert read.versions_of(session, newsroom.Tag, (1,))[1].revert() is None
    with newsroom.session() as session:
        assert session.get(newsroom.Tag, 1) is None


def test_revert_follows_dotted_paths(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(
            newsroom.Article(
                id=1,
                title="a",
                comments=[newsroom.Comment(id=1, text="one"), newsroom.Comment(id=2, text="two")],
                tags=[newsroom.Tag(id=1, name="x")],
            )
        )
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.comments[0].text = "changed"
        del article.comments[1]
        article.comments.append(newsroom.Comment(id=3, text="three"))
        article.tags[0].name = "y"
        article.tags.append(newsroom.Tag(id=2, name="z"))
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)
        article.versions[0].revert(relations=["comments"])
        session.commit()
        assert [(c.id, c.text) for c in article.comments] == [(1, "one"), (2, "two")]
        assert session.get(newsroom.Comment, 3) is None
        assert {t.name for t in article.tags} == {"y", "z"}
        article.versions[0].revert(relations=["tags", "comments.article"])
        session.commit()
        assert {t.name for t in article.tags} == {"x"}


def test_revert_of_nothing_is_no_transaction(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="a"))
    with newsroom.commit() as session:
        read.newest(session, newsroom.Tag, (1,)).revert()
    with newsroom.session() as session:
        assert len(read.transactions(session, newsroom.manager)) == 1
