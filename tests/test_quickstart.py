"""The quickstart that applications come with, as it is written, on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, declarative_base

from flask_continuum import (
    make_versioned,
    remove_versioning,
    transaction_class,
    version_class,
)
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


def test_the_same_models_can_be_versioned_anew(session: Session) -> None:
    """Suites of applications set up and take down around each test, with models of the module."""

    class Base(DeclarativeBase):
        pass

    class Article(Base):
        __versioned__ = {}
        __tablename__ = "article"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.Unicode(255))
        kind = sa.Column(sa.String(20), nullable=False)
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "article"}

    class Recipe(Article):
        __tablename__ = "recipe"
        id = sa.Column(sa.ForeignKey(Article.id), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "recipe"}

    for title in ("First round", "Second round"):
        Base.metadata.create_all(session.get_bind())
        article = Article(name=title)
        session.add(article)
        session.commit()
        assert [version.name for version in article.versions] == [title]
        assert isinstance(article.versions[0], version_class(Article))
        article.name = "Changed"
        session.commit()
        article.versions[0].revert()
        assert article.name == title
        session.commit()
        assert (
            session.scalar(sa.select(sa.func.count()).select_from(transaction_class(Article))) == 3
        )
        recipe = Recipe(name="Bread")
        session.add(recipe)
        session.commit()
        assert [type(version) for version in recipe.versions] == [version_class(Recipe)]
        session.close()
        Base.metadata.drop_all(session.get_bind())

        remove_versioning()
        assert list(Base.metadata.tables) == ["article", "recipe"]
        make_versioned(user_cls=None)
