"""An office: one-to-one relationships, association objects, keys that change."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship, sessionmaker

from flask_continuum.engine.manager import VersioningManager


def build(engine: sa.Engine) -> Any:
    """Make models, tables and a manager on an empty database."""

    class Base(DeclarativeBase):
        pass

    class Person(Base):
        __tablename__ = "person"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        name = mapped_column(sa.String(20))
        badge = relationship("Badge", uselist=False, back_populates="person")
        desk = relationship(
            "Desk", uselist=False, back_populates="person", cascade="all, delete-orphan"
        )
        memberships = relationship(
            "Membership", back_populates="person", cascade="all, delete-orphan"
        )

    class Badge(Base):
        __tablename__ = "badge"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        code = mapped_column(sa.String(20), unique=True)
        person_id = mapped_column(sa.ForeignKey("person.id"), unique=True)
        person = relationship(Person, back_populates="badge")

    class Desk(Base):
        __tablename__ = "desk"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        person_id = mapped_column(sa.ForeignKey("person.id"), nullable=False, unique=True)
        person = relationship(Person, back_populates="desk")

    class Team(Base):
        __tablename__ = "team"
        __versioned__ = {"exclude": ["budget"]}
        country = mapped_column(sa.String(5), primary_key=True)
        number = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
        name = mapped_column(sa.String(20))
        budget = mapped_column(sa.Integer, nullable=False)
        memberships = relationship(
            "Membership", back_populates="team", cascade="all, delete-orphan", passive_updates=True
        )

    class Membership(Base):
        __tablename__ = "membership"
        __versioned__ = {"database_cascades": "capture"}
        person_id = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
        country = mapped_column(sa.String(5), primary_key=True)
        number = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
        role = mapped_column(sa.String(20))
        person = relationship(Person, back_populates="memberships")
        team = relationship(Team, back_populates="memberships")
        __table_args__ = (
            sa.ForeignKeyConstraint(
                ["country", "number"], ["team.country", "team.number"], onupdate="CASCADE"
            ),
        )

    manager = VersioningManager(user_cls=None)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _enforce_foreign_keys)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    return SimpleNamespace(
        engine=engine,
        manager=manager,
        sessions=sessions,
        base=Base,
        Person=Person,
        Badge=Badge,
        Desk=Desk,
        Team=Team,
        Membership=Membership,
    )


def _enforce_foreign_keys(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
