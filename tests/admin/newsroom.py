"""A small newsroom whose history the tests of the pages look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy

from flask_continuum.extension import Continuum


@dataclass
class Newsroom:
    """An application with its models, its history, and a way to write in it."""

    app: Flask
    db: SQLAlchemy
    continuum: Continuum
    models: Any

    def login(self, client: Any, user_id: int | None = 1) -> Any:
        """Make a client's later requests those of a user, or of nobody."""
        with client.session_transaction() as session:
            session.pop("_user_id", None)
            if user_id is not None:
                session["_user_id"] = str(user_id)
        return client


class Models:
    """Names of the mapped classes."""


def make_newsroom(uri: str, policy: Any = None, **config: Any) -> Newsroom:
    """The application, with its tables and two users: Maya (1) and Tom (2).

    Maya may do everything, unless ``CONTINUUM_ADMIN_USER`` says otherwise.
    """
    app = Flask("newsroom")
    app.config.update(
        SECRET_KEY="a secret of the tests",
        SQLALCHEMY_DATABASE_URI=uri,
        CONTINUUM_ADMIN_USER=lambda user: user.name == "Maya Lind",
        TESTING=True,
    )
    app.config.update(config)
    db = SQLAlchemy()
    continuum = Continuum(db=db, policy=policy)
    models = _define(db)
    db.init_app(app)
    continuum.init_app(app)
    login = LoginManager(app)

    @login.user_loader
    def load_user(user_id: str) -> Any:
        return db.session.get(models.User, int(user_id))

    with app.app_context():
        db.create_all()
        db.session.merge(models.User(id=1, name="Maya Lind"))
        db.session.merge(models.User(id=2, name="Tom Reed"))
        db.session.commit()
    return Newsroom(app, db, continuum, models)


def _define(db: SQLAlchemy) -> Any:
    models = Models()

    class User(UserMixin, db.Model):
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(80))

    article_tag = db.Table(
        "article_tag",
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class Section(db.Model):
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(80))

    class Tag(db.Model):
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(80))

    class Article(db.Model):
        __versioned__ = {"track": ["tags", "comments"]}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(200))
        body = sa.Column(sa.Text)
        words = sa.Column(sa.Integer)
        settings = sa.Column(sa.JSON)
        api_token = sa.Column(sa.String(80))
        section_id = sa.Column(sa.ForeignKey("section.id"))
        section = db.relationship(Section)
        tags = db.relationship(Tag, secondary=article_tag, order_by=Tag.id)
        comments = db.relationship(
            "Comment", back_populates="article", cascade="all, delete-orphan", order_by="Comment.id"
        )

    class Comment(db.Model):
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        text = sa.Column(sa.Text)
        article_id = sa.Column(sa.ForeignKey("article.id"), nullable=False)
        article = db.relationship(Article, back_populates="comments")

    class Place(db.Model):
        """A record with a key of two parts, one of them any text."""

        __versioned__ = {}
        country = sa.Column(sa.String(80), primary_key=True)
        code = sa.Column(sa.String(80), primary_key=True)
        name = sa.Column(sa.String(80))

    for model in (User, Section, Tag, Article, Comment, Place):
        setattr(models, model.__name__, model)
    models.article_tag = article_tag
    return models
