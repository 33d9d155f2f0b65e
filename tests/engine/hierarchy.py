"""Models that point to each other in every way: hierarchies, trees, circles, lazy collections."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.plugins.base import Plugin


def build(engine: sa.Engine, plugins: Iterable[Plugin] = ()) -> Any:
    """Make models, tables and a manager on an empty database."""

    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        kind = mapped_column(sa.String(20))
        title = mapped_column(sa.String(50))
        parent_id = mapped_column(sa.ForeignKey("item.id"))
        parent = relationship("Item", remote_side="Item.id", back_populates="children")
        children = relationship("Item", back_populates="parent")
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

    class Article(Item):
        __tablename__ = "article_item"
        id = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        body = mapped_column(sa.Text)
        __mapper_args__ = {"polymorphic_identity": "article"}

    class Note(Item):
        stars = mapped_column(sa.Integer, nullable=True)
        __mapper_args__ = {"polymorphic_identity": "note"}

    def link(name: str, near: str, far: str) -> sa.Table:
        return sa.Table(
            name,
            Base.metadata,
            sa.Column("a", sa.ForeignKey(near), primary_key=True),
            sa.Column("b", sa.ForeignKey(far), primary_key=True),
        )

    follow = link("follow", "person.id", "person.id")
    visits = link("visited", "person.id", "country.id")

    class Country(Base):
        __tablename__ = "country"
        id = mapped_column(sa.Integer, primary_key=True)

    class Person(Base):
        __tablename__ = "person"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        code = mapped_column(sa.String(10), nullable=False)
        country_id = mapped_column(sa.ForeignKey("country.id"))
        country = relationship(Country)
        visited = relationship(Country, secondary=visits)
        follows = relationship(
            "Person",
            secondary=follow,
            primaryjoin=lambda: Person.id == follow.c.a,
            secondaryjoin=lambda: Person.id == follow.c.b,
            backref="followers",
        )
        posts = relationship(
            "Post", lazy="dynamic", back_populates="person", foreign_keys="Post.person_id"
        )
        memos = relationship(
            "Memo", lazy="write_only", back_populates="person", passive_deletes=True
        )
        best_id = mapped_column(sa.ForeignKey("post.id", use_alter=True, name="fk_best"))
        best = relationship("Post", foreign_keys=best_id, post_update=True)

    class Post(Base):
        __tablename__ = "post"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        person_id = mapped_column(sa.ForeignKey("person.id"))
        person = relationship(Person, foreign_keys=person_id, back_populates="posts")

    class Memo(Base):
        __tablename__ = "memo"
        __versioned__ = {"exclude": ["secret"]}
        id = mapped_column(sa.Integer, primary_key=True)
        secret = mapped_column(sa.String(20), nullable=False)
        person_id = mapped_column(sa.ForeignKey("person.id"))
        person = relationship(Person, back_populates="memos")

    manager = VersioningManager(user_cls=None, plugins=plugins)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    return SimpleNamespace(
        manager=manager,
        sessions=sessions,
        Item=Item,
        Article=Article,
        Note=Note,
        Country=Country,
        Person=Person,
        Post=Post,
        Memo=Memo,
    )
