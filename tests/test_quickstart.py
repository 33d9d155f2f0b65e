"""The quickstart that applications come with, as it is written, on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, declarative_base

from flask_continuum import make_versioned, remove_versioning
from tests.support.databases import Database


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database.create_engine()) as session:
        yield session


@pytest.fixture(autouse=True)
def versioning() -> Iterator[None]:
    make_versioned(user_cls=None)
    yield
    remove_versioning()


def test_the_quickstart(session: Session) -> None:
    Base = declarative_base()

    class Article(Base):
        __versioned__ = {}
        __tablename__ = "article"
        id = sa.Column(sa.Integer, primary_key=True, autoincrement=True)
        name = sa.Column(sa.Unicode(255))
        content = sa.Column(sa.UnicodeText)

    Base.metadata.create_all(session.get_bind())

    article = Article(name="Some article", content="Some content")
    session.add(article)
    session.commit()
    assert article.versions[0].name == "Some article"

    article.name = "Updated name"
    session.commit()
    assert article.versions[1].name == "Updated name"

    article.versions[0].revert()
    assert article.name == "Some article"

    session.commit()
    assert [version.name for version in article.versions] == [
        "Some article",
        "Updated name",
        "Some article",
    ]
    assert [version.operation_type for version in article.versions] == [0, 1, 1]
    assert [version.content for version in article.versions] == ["Some content"] * 3


def test_a_second_round_starts_afresh(session: Session) -> None:
    """What ``remove_versioning`` undid does not linger: the same model again, from nothing."""
    test_the_quickstart(session)
