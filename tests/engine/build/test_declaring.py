"""Every way in which applications declare their models."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Annotated, Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import (
    DeclarativeBase,
    DeclarativeBaseNoMeta,
    Mapped,
    MappedAsDataclass,
    Session,
    declarative_base,
    declared_attr,
    mapped_column,
    registry,
    relationship,
    sessionmaker,
)

from flask_continuum import Continuum
from flask_continuum.engine.manager import VersioningManager
from tests.engine.build.conftest import Application
from tests.support.databases import Database
from tests.support.marks import on

pytestmark = on("sqlite")


def told(app: Application, model: Any, *names: str) -> list[tuple[Any, ...]]:
    """What the history of a model says in the named attributes."""
    with app.sessions() as session:
        return [tuple(getattr(v, n) for n in names) for v in app.history(session, model)]


def test_dataclasses(app: Application) -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    app.version(Base)

    class Section(Base):
        __tablename__ = "section"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        articles: Mapped[list[Article]] = relationship(
            default_factory=list, back_populates="section"
        )

    class Article(Base, kw_only=True, eq=False, repr=False):
        __tablename__ = "article"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        state: Mapped[str] = mapped_column(sa.String(20), default="draft")
        section_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id"), init=False)
        section: Mapped[Section | None] = relationship(default=None, back_populates="articles")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a", section=Section("City")))
    with app.commit() as session:
        session.scalars(sa.select(Article)).one().title = "b"
    assert told(app, Article, "title", "state") == [("a", "draft"), ("b", "draft")]
    with app.sessions() as session:
        version = app.history(session, Article)[-1]
        assert version.section.name == "City"
        assert [each.title for each in app.history(session, Section)[0].articles] == ["a"]
        assert "transaction=" in repr(version)
        assert version == version and hash(version)


def test_dataclasses_that_are_equal_by_value_are_reverted(app: Application) -> None:
    """They have no hash, and two that point to each other cannot even be compared."""

    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    app.version(Base)

    class Section(Base):
        __tablename__ = "section"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        articles: Mapped[list[Article]] = relationship(
            default_factory=list, back_populates="section", cascade="all, delete-orphan"
        )

    class Article(Base):
        __tablename__ = "article"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        section_id: Mapped[int] = mapped_column(sa.ForeignKey("section.id"), init=False)
        section: Mapped[Section | None] = relationship(default=None, back_populates="articles")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Section(1, "City", articles=[Article(n) for n in (1, 2)]))
    with app.commit() as session:
        section = session.get(Section, 1)
        section.name = "Metro"
        section.articles.pop()
        section.articles.append(Article(3))
    with app.commit() as session:
        app.history(session, Section)[0].revert(relations=["articles"])
    with app.sessions() as session:
        section = session.get(Section, 1)
        assert section.name == "City"
        assert {1, 2} <= {each.id for each in section.articles}
    with app.commit() as session:
        session.delete(session.get(Section, 1))
    with app.commit() as session:
        app.history(session, Section)[-2].revert(relations=["articles"])
    with app.sessions() as session:
        assert len(session.get(Section, 1).articles) >= 2


def test_sqlmodel(app: Application) -> None:
    sqlmodel = pytest.importorskip("sqlmodel")
    app.version_everything()

    class Base(sqlmodel.SQLModel, registry=registry()):
        __versioned__: ClassVar[dict[str, Any]] = {}

    class Article(Base, table=True):
        id: int | None = sqlmodel.Field(default=None, primary_key=True)
        title: str = sqlmodel.Field(max_length=20)
        secret: str | None = sqlmodel.Field(default=None, max_length=20)

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.commit() as session:
        app.history(session, Article)[0].revert()
    assert told(app, Article, "title", "secret") == [("a", None), ("b", None), ("a", None)]


def test_dataclasses_by_mixin_and_decorator(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Stamped(MappedAsDataclass, init=False):
        created: Mapped[dt.date] = mapped_column(default=dt.date(2026, 1, 1))

    class Article(Stamped, Base, kw_only=True):
        __tablename__ = "article"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    mapping = Base.registry

    @mapping.mapped_as_dataclass
    class Tag:
        __tablename__ = "tag"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(title="a", created=dt.date(2026, 2, 2)), Tag(name="x")])
    assert told(app, Article, "title", "created") == [("a", dt.date(2026, 2, 2))]
    assert not hasattr(Tag, "versions"), "the decorated class is none of the base's"


def test_decorated_classes_are_versioned_with_every_mapper(app: Application) -> None:
    mapping = registry()
    app.version_everything()

    @mapping.mapped
    class Tag:
        __tablename__ = "tag"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    mapping.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Tag(id=1, name="x"))
    assert told(app, Tag, "name") == [("x",)]


@pytest.mark.parametrize("before", [True, False])
def test_imperative_mapping(app: Application, before: bool) -> None:
    mapping = registry()
    metadata = mapping.metadata
    section = sa.Table(
        "section",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20)),
    )
    article = sa.Table(
        "article",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title_text", sa.String(20), key="heading"),
        sa.Column("section_id", sa.ForeignKey("section.id")),
    )

    class Section:
        __versioned__ = {}

        def __init__(self, name: str) -> None:
            self.name = name

    class Article:
        __versioned__ = {}

        def __init__(self, title: str, section: Section) -> None:
            self.title = title
            self.section = section

    if before:
        app.version_everything()
    mapping.map_imperatively(Section, section)
    mapping.map_imperatively(
        Article,
        article,
        properties={
            "title": article.c.heading,
            "section": relationship(Section, backref="articles"),
        },
    )
    if not before:
        mapping.configure()
        app.version_everything()
    metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article("a", Section("City")))
    with app.commit() as session:
        session.scalars(sa.select(Article)).one().title = "b"
    assert told(app, Article, "title") == [("a",), ("b",)]
    with app.sessions() as session:
        assert app.history(session, Article)[0].section.name == "City"
        assert len(app.history(session, Section)[0].articles) == 1


def test_the_old_declarative_base(app: Application) -> None:
    Base = declarative_base()
    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a"))
    assert told(app, Article, "title") == [("a",)]


def test_a_base_without_a_metaclass(app: Application) -> None:
    class Base(DeclarativeBaseNoMeta):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a"))
    assert told(app, Article, "title") == [("a",)]


def test_a_base_that_names_tables_and_brings_columns(app: Application) -> None:
    """Version classes inherit the base, but neither its columns nor its naming."""

    class Base(DeclarativeBase):
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        created: Mapped[dt.date] = mapped_column(default=dt.date(2026, 1, 1))

        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower()

        @declared_attr.directive
        def __table_args__(cls) -> Any:
            return (sa.CheckConstraint("id > 0"), {"comment": "ours"})

        @declared_attr.directive
        def __mapper_args__(cls) -> Any:
            return {"eager_defaults": True}

        def greet(self) -> str:
            return f"I am {self.id}"

    app.version(Base)

    class Article(Base):
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a"))
    assert told(app, Article, "title", "created") == [("a", dt.date(2026, 1, 1))]
    with app.sessions() as session:
        assert app.history(session, Article)[0].greet() == "I am 1"


def test_mixins_that_bring_columns_relationships_and_the_mark(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Versioned:
        __versioned__ = {"exclude": ["seen"]}

    class Stamped(Versioned):
        created = sa.Column(sa.Date, default=dt.date(2026, 1, 1))
        seen = sa.Column(sa.Integer)

    class Owned:
        @declared_attr
        def owner_id(cls) -> Mapped[int | None]:
            return mapped_column(sa.ForeignKey("owner.id"))

        @declared_attr
        def owner(cls) -> Mapped[Owner | None]:
            return relationship("Owner", foreign_keys=f"{cls.__name__}.owner_id")

    class Owner(Versioned, Base):
        __tablename__ = "owner"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    class Article(Owned, Stamped, Base):
        __tablename__ = "article"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Image(Owned, Stamped, Base):
        __tablename__ = "image"
        id: Mapped[int] = mapped_column(primary_key=True)

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        owner = Owner(name="Maya")
        session.add_all([Article(id=1, seen=1, owner=owner), Image(id=2, owner=owner)])
    with app.commit() as session:
        session.get(Article, 1).seen = 2
    assert told(app, Article, "id", "created") == [(1, dt.date(2026, 1, 1))]
    assert "seen" not in app.of(Article).__table__.c
    with app.sessions() as session:
        assert app.history(session, Image)[0].owner.name == "Maya"


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
    assert told(app, Article, "id") == [(1,)]
    assert "log_version" not in Base.metadata.tables
    assert not hasattr(Log, "versions")


def test_classes_declared_after_the_first_flush(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))

    class Comment(Base):
        __tablename__ = "comment"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
        article: Mapped[Article] = relationship(backref="comments")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Comment(id=1, article=session.get(Article, 1)))
    assert told(app, Comment, "id", "article_id") == [(1, 1)]
    with app.sessions() as session:
        assert app.history(session, Comment)[0].article.title == "a"
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        assert [len(each.comments) for each in app.history(session, Article)] == [0, 1]


def test_a_column_added_to_a_mapped_class(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    Article.title = mapped_column(sa.String(20))
    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    assert told(app, Article, "title") == [("a",)]


Key = Annotated[int, mapped_column(primary_key=True)]
Short = Annotated[str, mapped_column(sa.String(20))]


def test_flask_sqlalchemy_with_binds_and_type_annotations(
    database: Database, second_database: Database
) -> None:
    class Base(DeclarativeBase):
        registry = registry(
            type_annotation_map={str: sa.String(30), dt.datetime: sa.DateTime(timezone=True)}
        )

    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = database.uri
    application.config["SQLALCHEMY_BINDS"] = {"other": second_database.uri}
    application.config["CONTINUUM_ADMIN"] = False
    db = SQLAlchemy(application, model_class=Base)
    Continuum(application, db, user_cls=None)

    class Model(db.Model):
        __abstract__ = True
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[Key]
        made: Mapped[dt.datetime] = mapped_column(default=dt.datetime(2026, 1, 1))

    class BlogArticle(Model):
        title: Mapped[str]
        short: Mapped[Short | None]

    class Remote(Model):
        __bind_key__ = "other"
        name: Mapped[str]

    class Elsewhere(Model):
        __abstract__ = True
        __bind_key__ = "other"

    class Note(Elsewhere):
        text: Mapped[str]

    with application.app_context():
        db.create_all()
        article = BlogArticle(title="a")
        db.session.add_all([article, Remote(name="r"), Note(text="n")])
        db.session.commit()
        article.title = "b"
        db.session.commit()
        assert [each.title for each in article.versions] == ["a", "b"]
        version = type(article.versions[0])
        assert version.__table__.name == "blog_article_version"
        assert version.__table__.c.title.type.length == 30
        assert version.query.count() == 2
        for model, text in ((Remote, "r"), (Note, "n")):
            found = db.session.scalars(db.select(model)).one().versions
            assert [getattr(each, "name", None) or each.text for each in found] == [text]
            assert found[0].__table__.metadata is db.metadatas["other"]
        for engine in db.engines.values():
            engine.dispose()


def test_flask_sqlalchemy_dataclasses(database: Database) -> None:
    class Base(DeclarativeBase):
        pass

    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = database.uri
    application.config["CONTINUUM_ADMIN"] = False
    db = SQLAlchemy(application, model_class=Base)
    Continuum(application, db, user_cls=None)

    class Article(MappedAsDataclass, db.Model):
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    with application.app_context():
        db.create_all()
        article = Article(title="a")
        db.session.add(article)
        db.session.commit()
        assert [each.title for each in article.versions] == ["a"]
        assert type(article.versions[0]).__table__.name == "article_version"
        for engine in db.engines.values():
            engine.dispose()


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
            assert told(app, model, "id") == [(1,)]


def test_tables_without_classes(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {"create_models": False}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        titles = sa.text("SELECT title FROM article_version ORDER BY transaction_id")
        assert session.scalars(titles).all() == ["a", "b"]
    assert not hasattr(Article, "versions")


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


def test_sessions_made_by_hand(app: Application) -> None:
    """The engine is known to the manager: who made the session does not matter."""

    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    Base.metadata.create_all(app.engine)
    with Session(app.engine) as session:
        session.add(Article(id=1))
        session.commit()
    assert told(app, Article, "id") == [(1,)]
