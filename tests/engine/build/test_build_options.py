"""What options make of version tables and classes."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    sessionmaker,
)

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.introspect import is_versioned
from flask_continuum.engine.manager import VersioningManager
from tests.engine.build.conftest import Application
from tests.engine.invariants import rows
from tests.support.marks import on


@on("sqlite")
def test_base_classes_and_module_names(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    class Helped(Base):
        __abstract__ = True

        def shout(self) -> str:
            return self.title.upper()

    app.version(Base, base_classes=(Helped,), use_module_name=True)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    with app.sessions() as session:
        assert app.history(session, Article)[0].shout() == "A"
    assert app.of(Article).__name__.endswith("ArticleVersion")
    assert app.of(Article).__name__ != "ArticleVersion"


@on("sqlite")
def test_same_class_name_in_two_modules(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)
    body = {"__versioned__": {}, "id": sa.Column(sa.Integer, primary_key=True)}
    models = []
    for module in ("blog", "shop"):
        body = {
            "__module__": module,
            "__tablename__": f"{module}_item",
            "__versioned__": {},
            "id": sa.Column(sa.Integer, primary_key=True),
        }
        models.append(type("Item", (Base,), body))
    Base.metadata.create_all(app.engine)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with app.commit() as session:
            session.add_all([model(id=1) for model in models])
        for model in models:
            assert app.told(model, "id") == [(1,)]


MADE: dict[str, tuple[dict[str, Any], bool, bool]] = {
    # options of the class, whether there are a version table and a version class
    "Nothing": ({}, False, False),
    "Classes": ({"versioning": True}, True, True),
    "Tables": ({"versioning": True, "create_models": False}, True, False),
    "Neither": ({"versioning": True, "create_tables": False}, False, False),
    "Off": ({"versioning": False}, False, False),
}


def test_what_is_made(app: Application) -> None:
    """A class says that it is versioned, though the manager versions nothing."""

    class Base(DeclarativeBase):
        pass

    app.version(Base, versioning=False)
    models: dict[str, Any] = {
        name: type(
            name,
            (Base,),
            {
                "__tablename__": f"is_{name.lower()}",
                "__versioned__": options,
                "id": sa.Column(sa.Integer, primary_key=True),
                "title": sa.Column(sa.String(20)),
            },
        )
        for name, (options, _, _) in MADE.items()
    }
    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([model(id=1, title="a") for model in models.values()])
    with app.commit() as session:
        for model in models.values():
            session.get(model, 1).title = "b"
    with app.commit() as session:
        session.delete(session.get(models["Tables"], 1))
    there = set(sa.inspect(app.engine).get_table_names())
    for name, (_, has_table, has_class) in MADE.items():
        model = models[name]
        assert (f"is_{name.lower()}_version" in there) is has_table, name
        assert is_versioned(model) is has_table, name
        assert hasattr(model, "versions") is has_class, name
        if has_class:
            assert app.told(model, "title", "operation_type") == [("a", 0), ("b", 1)]
        elif has_table:
            table = app.manager.registry.tables_of(model)[0]
            told = [(row[1], row[-1]) for row in rows(app.engine, table)]
            assert told == [("a", 0), ("b", 1), ("b", 2)]


@pytest.mark.parametrize("strategy", ["validity", "subquery"])
def test_other_names_for_everything(app: Application, strategy: str) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(
        Base,
        table_name="history_of_%s",
        transaction_column_name="made_in",
        end_transaction_column_name="ended_in",
        operation_type_column_name="what",
        strategy=strategy,
    )

    class Section(Base):
        __tablename__ = "section"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        transaction_id: Mapped[int | None]
        operation_type: Mapped[str | None] = mapped_column(sa.String(20))
        articles: Mapped[list[Article]] = relationship(back_populates="section")

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {"table_name": "%s_then"}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        section_id: Mapped[int] = mapped_column(sa.ForeignKey("section.id"))
        section: Mapped[Section] = relationship(back_populates="articles")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        section = Section(id=1, name="City", transaction_id=77, operation_type="sale")
        session.add(Article(id=1, title="a", section=section))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.title = "b"
        article.section.name = "Metro"
    assert {"history_of_section", "article_then"} <= set(Base.metadata.tables)
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.what, second.what) == (0, 1)
        assert first.made_in < second.made_in
        assert hasattr(first, "ended_in") is (strategy == "validity")
        assert (first.section.name, second.section.name) == ("City", "Metro")
        assert first.section.transaction_id == 77
        assert first.section.operation_type == "sale"
        assert (first.next, second.previous, second.index) == (second, first, 1)
        assert second.changeset == {"title": ["a", "b"]}
        assert [v.name for v in session.get(Section, 1).versions] == ["City", "Metro"]
        assert [v.title for v in session.get(Article, 1).versions] == ["a", "b"]


@on("sqlite")
def test_a_class_belongs_to_the_first_manager_that_takes_it(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    first = VersioningManager(user_cls=None)
    first.attach(Base, sessionmaker())

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    second = VersioningManager(user_cls=None)
    second.attach(Base, sessionmaker())
    assert first.registry.of(Article) is not None
    assert second.registry.classes() == ()


@on("sqlite")
def test_versioned_mark_from_an_abstract_base_can_be_taken_off(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Model(Base):
        __abstract__ = True
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Article(Model):
        __tablename__ = "article"

    class Log(Model):
        __tablename__ = "log"
        __versioned__ = {"versioning": False}

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(id=1), Log(id=1)])
    assert app.told(Article, "id") == [(1,)]
    assert "log_version" not in Base.metadata.tables
    assert not hasattr(Log, "versions")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("coments", "which is no relationship of the model. Did you mean 'comments'?"),
        ("title", "which is no relationship of the model."),
        ("section", "which leads to one Section: track takes relationships to many."),
        ("notes", "but Note has no history: give it __versioned__."),
        ("marks", "whose link table has no history."),
        ("twins", "whose Comment is not joined by the primary key alone"),
    ],
)
def test_what_cannot_be_tracked_is_said(app: Application, name: str, words: str) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)
    mark = sa.Table(
        "article_mark",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("section_id", sa.ForeignKey("section.id"), primary_key=True),
    )

    class Section(Base):
        __tablename__ = "section"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {"track": ["comments", name], "exclude": ["marks"]}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))
        section_id = mapped_column(sa.ForeignKey("section.id"))
        section = relationship(Section)
        marks = relationship(Section, secondary=mark)
        comments = relationship("Comment", viewonly=True)
        twins = relationship(
            "Comment",
            viewonly=True,
            primaryjoin="and_(Article.id == foreign(Comment.article_id), Comment.id > 3)",
        )
        notes = relationship("Note")

    class Comment(Base):
        __tablename__ = "comment"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        article_id = mapped_column(sa.ForeignKey("article.id"))

    class Note(Base):
        __tablename__ = "note"
        id = mapped_column(sa.Integer, primary_key=True)
        article_id = mapped_column(sa.ForeignKey("article.id"))

    Base.metadata.create_all(app.engine)
    with pytest.raises(ImproperlyConfigured, match=f"Article.*'{name}', {re.escape(words)}"):
        Base.registry.configure()
