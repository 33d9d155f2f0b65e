"""Models of Flask-SQLAlchemy, and queries at classes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    mapped_column,
    registry,
    scoped_session,
)

from flask_continuum import Continuum
from flask_continuum.engine.introspect import transaction_class
from tests.engine.build.conftest import Application
from tests.support.databases import Database
from tests.support.marks import on

pytestmark = on("sqlite")


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
        transaction = transaction_class(BlogArticle)
        assert transaction.query.order_by(transaction.id).first() is article.versions[0].transaction
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


def test_query_properties(app: Application) -> None:
    scope = scoped_session(app.sessions)

    class Base(DeclarativeBase):
        query = scope.query_property()

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1))
    assert app.of(Article).query.count() == transaction_class(Article).query.count() == 1
    scope.remove()
