"""What applications ask of models, objects, versions and sessions, on every database."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, column_property, mapped_column, relationship

from flask_continuum import ClassNotVersioned, ImproperlyConfigured, Operation, utils
from flask_continuum.operation import Operations, PendingOperation
from tests.engine.build.conftest import Application
from tests.engine.build.conftest import app as app  # the fixtures
from tests.engine.build.conftest import base as base
from tests.support.marks import on
from tests.support.statements import statements


class Models:
    """A hierarchy with a composite key, names that differ, a link, and a class without classes."""

    def __init__(self, base: Any) -> None:
        self.link = sa.Table(
            "article_tag",
            base.metadata,
            sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
            sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
        )

        class Tag(base):
            __tablename__ = "tag"
            __versioned__ = {"table_name": "then_%s", "create_models": False}
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(sa.String(20))

        class Article(base):
            __tablename__ = "article"
            __versioned__ = {"exclude": ["views"]}
            number: Mapped[int] = mapped_column("id", primary_key=True)
            title: Mapped[str | None] = mapped_column("the_title", sa.String(20))
            stars: Mapped[int | None]
            views: Mapped[int | None]
            shout: Mapped[str] = column_property(sa.func.upper(title))
            tags: Mapped[list[Tag]] = relationship(secondary=self.link)
            parts: Mapped[list[Any]] = relationship("Part", back_populates="article")

        class Part(base):
            __tablename__ = "part"
            __versioned__ = {"table_name": "%s_past", "transaction_column_name": "tx"}
            article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), primary_key=True)
            place: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
            text: Mapped[str] = mapped_column(sa.String(20))
            article: Mapped[Article] = relationship(back_populates="parts")

        class Plain(base):
            __tablename__ = "plain"
            id: Mapped[int] = mapped_column(primary_key=True)

        self.Tag, self.Article, self.Part, self.Plain = Tag, Article, Part, Plain


@pytest.fixture
def models(app: Application, base: Any) -> Models:
    models = Models(base)
    base.metadata.create_all(app.engine)
    return models


def test_pending_changes_as_versions_have_them(app: Application, models: Models) -> None:
    article = models.Article(number=1, title="a", stars=0, views=7)
    assert utils.changeset(article) == {
        "number": [None, 1],
        "title": [None, "a"],
        "stars": [None, 0],
    }
    with app.commit() as session:
        session.add(article)
    with app.sessions() as session:
        article = session.get(models.Article, 1)
        assert utils.changeset(article) == {}
        article.views = 8
        assert not utils.is_modified(article)
        article.title, article.stars = "", None
        assert utils.changeset(article) == {"title": ["a", ""], "stars": [0, None]}
        assert utils.is_modified(article) and utils.is_modified_or_deleted(article)
        session.rollback()
        # what was there before is not at hand: it is loaded
        article.title = "b"
        assert utils.changeset(article) == {"title": ["a", "b"]}
        article.title = "a"
        assert utils.changeset(article) == {}
        session.rollback()
        session.delete(article)
        assert utils.is_modified_or_deleted(article) and not utils.is_modified(article)
        deleted = {"number": [1, None], "title": ["a", None], "stars": [0, None]}
        assert utils.changeset(article) == deleted
        session.flush()
        assert utils.changeset(article) == deleted


def test_versions_are_counted(app: Application, models: Models) -> None:
    tag, part = models.Tag(id=1, name="t"), models.Part(article_id=1, place="o'x", text="a")
    assert utils.count_versions(tag) == utils.count_versions(part) == 0
    with app.commit() as session:
        session.add_all([models.Article(number=1), tag, models.Tag(id=2, name="u")])
        session.flush()
        session.add_all([part, models.Part(article_id=1, place="b", text="b")])
    with app.commit() as session:
        session.get(models.Tag, 1).name = "T"
        session.get(models.Part, (1, "o'x")).text = "A"
    with app.sessions() as session:
        tag, part = session.get(models.Tag, 1), session.get(models.Part, (1, "o'x"))
        tag.name = "not flushed"
        with statements(app.engine) as sent:
            assert utils.count_versions(tag) == utils.count_versions(part) == 2
        assert len(sent) == 2
        assert tag in session.dirty
        assert utils.count_versions(session.get(models.Part, (1, "b"))) == 1


def test_the_version_that_a_transaction_makes(app: Application, models: Models) -> None:
    with app.commit() as session:
        session.add_all([models.Article(number=n, title="a") for n in (1, 2)])
    with app.commit() as session:
        first, second = (session.get(models.Article, n) for n in (1, 2))
        assert utils.version_obj(session, first) is None
        first.title = "b"
        session.delete(second)
        third = models.Article(number=3, title="c")
        session.add(third)
        found = utils.version_obj(session, first)
        assert (found.title, found.operation_type) == ("b", Operation.UPDATE)
        assert utils.version_obj(session, second).operation_type == Operation.DELETE
        assert utils.version_obj(session, third).operation_type == Operation.INSERT
        assert utils.version_obj(session, models.Article(number=4)) is None


@on("sqlite")
def test_classes_options_and_names(app: Application, models: Models) -> None:
    Article, Part, Tag, Plain = models.Article, models.Part, models.Tag, models.Plain
    version = app.of(Part)
    for thing in (Part, version, Part(), version(), aliased(Part)):
        assert utils.version_class(thing) is version
        assert utils.get_versioning_manager(thing) is app.manager
        assert utils.tx_column_name(thing) == utils.option(thing, "transaction_column_name") == "tx"
        assert utils.end_tx_column_name(thing) == "end_transaction_id"
        assert utils.end_tx_attr(thing).key == "end_transaction_id"
        assert [utils.is_internal_column(thing, c) for c in ("tx", "text")] == [True, False]
    assert utils.parent_class(version) is Part
    assert utils.version_class(Tag) is utils.version_class(Tag()) is Tag  # it has tables only
    assert utils.transaction_class(Tag) is utils.transaction_class(version)
    assert [utils.is_versioned(each) for each in (Tag, Tag(), Part, Plain, version, version())] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(ImproperlyConfigured, match="Did you mean 'exclude'"):
        utils.option(Article, "exlude")
    for question in (utils.version_class, utils.option, utils.count_versions, utils.changeset):
        with pytest.raises(ClassNotVersioned, match="Plain is not versioned"):
            question(Plain(), *(["exclude"] if question is utils.option else []))
    with pytest.raises(ClassNotVersioned, match="create_models is False"):
        utils.end_tx_attr(Tag)
    with app.sessions() as session:
        tag = Tag(id=1, name="t")
        session.add_all([tag, Plain(id=1)])
        assert utils.is_session_modified(session)
        assert list(utils.versioned_objects(session)) == [tag]


@on("sqlite")
def test_properties_and_relationships(models: Models) -> None:
    Article, Part = models.Article, models.Part
    keys = [prop.key for prop in utils.versioned_column_properties(Article())]
    assert keys == ["number", "title", "stars"]
    found = utils.versioned_relationships(Article, ["id"])
    assert {prop.key for prop in found} >= {"tags", "parts"}
    assert [p.key for p in utils.versioned_relationships(Part(), ["article_id"])] == ["article"]
    assert list(utils.versioned_relationships(Part, ["text"])) == []
    column = Article.__table__.c.the_title
    assert [utils.is_table_column(c) for c in (column, Article.title, Article.shout, "x")] == [
        True,
        True,
        False,
        False,
    ]


@on("sqlite")
def test_tables_and_expressions_of_history(app: Application, base: Any, models: Models) -> None:
    tables = base.metadata.tables
    for thing in (models.Part, models.Part.__table__, models.Part()):
        assert utils.version_table(thing) is tables["part_past"]
    assert utils.version_table(models.Tag) is tables["then_tag"]
    assert utils.version_table(models.link) is tables["article_tag_version"]
    with pytest.raises(ClassNotVersioned, match="'plain' has no version table"):
        utils.version_table(models.Plain)
    condition = sa.and_(models.Article.title == "x", models.Part.text > models.Article.views)
    assert str(utils.adapt_columns(condition)) == (
        "article_version.the_title = :the_title_1 AND part_past.text > article.views"
    )
    assert utils.adapt_columns(models.Tag.name) is tables["then_tag"].c.name
    assert utils.VersioningClauseAdapter().traverse(models.Plain.__table__.c.id) is not None


@on("sqlite")
def test_versions_without_an_end(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {"strategy": "subquery"}
        id: Mapped[int] = mapped_column(primary_key=True)

    base.metadata.create_all(app.engine)
    with pytest.raises(ImproperlyConfigured, match="ends where the next one begins"):
        utils.end_tx_attr(Article)


@on("sqlite")
def test_operations_kept_by_hand(models: Models) -> None:
    pending = Operations()
    first, second = (models.Article(number=n) for n in (1, 2))
    pending.add_insert(first)
    pending.add_update(first)
    pending.add_delete(second)
    assert first in pending and models.Article(number=3) not in pending
    assert [(key, op.type) for key, op in pending.items()] == [
        ((models.Article, (1,)), Operation.INSERT),
        ((models.Article, (2,)), Operation.DELETE),
    ]
    pending.add_insert(second)  # the key is used again
    assert pending[pending.format_key(second)].type is Operation.UPDATE
    pending.add_delete(first)
    assert first not in pending and len(pending) == 1
    operation = Operation(first, Operation.DELETE)
    assert operation == PendingOperation(first, Operation.DELETE, processed=False)
    pending.add(operation)
    assert pending.entities == {models.Article}
    del pending[pending.format_key(first)]
    assert bool(pending) and first not in pending
    assert Operation(2) is Operation.DELETE
    with pytest.raises(ValueError, match="no primary key yet"):
        pending.add_insert(models.Article())
