"""A club whose members want to be forgotten: every kind of place that a person's values are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.plugins.activity import ActivityPlugin
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.plugins.transaction_meta import TransactionMetaPlugin

MARKED = {"personal": True}


@dataclass
class Club:
    """Models, an engine and sessions.

    :ivar acting: what the next transactions say about themselves.
    """

    engine: sa.Engine
    manager: VersioningManager
    base: Any
    sessions: sessionmaker[Session]
    models: dict[str, Any]
    acting: Attribution

    def __getattr__(self, name: str) -> Any:
        if name in self.models:
            return self.models[name]
        raise AttributeError(name)

    def texts(self) -> str:
        """All that is in the database, as one text."""
        found = []
        with self.engine.connect() as connection:
            for table in self.base.metadata.sorted_tables:
                order = [table.c[column.key] for column in table.primary_key]
                plain = [sa.type_coerce(column, sa.types.NullType) for column in table.c]
                for row in connection.execute(sa.select(*plain).order_by(*order)):
                    found.append(f"{table.name}: {row!r}")
        return "\n".join(found)


def build(
    engine: sa.Engine, *, strategy: str = "validity", plugins: tuple[Plugin, ...] = ()
) -> Club:
    """Make models, empty tables and a manager."""

    class Base(DeclarativeBase):
        pass

    circle_member = sa.Table(
        "circle_member",
        Base.metadata,
        sa.Column("circle_id", sa.ForeignKey("circle.id"), primary_key=True),
        sa.Column("member_id", sa.ForeignKey("member.id"), primary_key=True),
        sa.Column("nickname", sa.String(80), info=MARKED),
    )

    class Member(Base):
        __tablename__ = "member"
        __versioned__ = {"personal": ["letters", "address"]}
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(10))
        name = sa.Column(sa.String(80), info=MARKED, nullable=False)
        email = sa.Column(sa.String(80), info=MARKED)
        facts = sa.Column(sa.JSON, info=MARKED)
        points = sa.Column(sa.Integer)
        address_id = sa.Column(sa.ForeignKey("address.id"))
        address = relationship("Address")
        letters = relationship("Letter", back_populates="member")
        circles = relationship("Circle", secondary=circle_member)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "member"}

    class Trainer(Member):
        __tablename__ = "trainer"
        id = sa.Column(sa.ForeignKey("member.id"), primary_key=True)
        salary = sa.Column(sa.String(80), info=MARKED)
        __mapper_args__ = {"polymorphic_identity": "trainer"}

    class Address(Base):
        __tablename__ = "address"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        street = sa.Column(sa.String(80), info=MARKED)

    class Letter(Base):
        __tablename__ = "letter"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        words = sa.Column(sa.Text, info=MARKED)
        member_id = sa.Column(sa.ForeignKey("member.id"))
        member = relationship(Member, back_populates="letters")

    class Circle(Base):
        __tablename__ = "circle"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(80))

    manager = VersioningManager(
        user_cls=Member,
        options={"strategy": strategy},
        plugins=(ActivityPlugin(), TransactionMetaPlugin(), *plugins),
    )
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    sa.orm.configure_mappers()
    Base.metadata.create_all(engine)
    models = {c.__name__: c for c in (Member, Trainer, Address, Letter, Circle)}
    models["circle_member"] = circle_member
    club = Club(engine, manager, Base, sessions, models, Attribution())
    manager.attribution = lambda: club.acting
    return club


def write_story(club: Club, secret: str) -> None:
    """Let a member live, ``secret`` in all that is personal about them, beside another one."""
    link = club.circle_member

    def mine(what: str) -> str:
        return f"{secret} {what}"

    def act(who: int, label: str, **more: Any) -> None:
        club.acting = Attribution(user_id=who, actor=label, remote_addr=f"10.0.0.{who}", **more)

    act(2, "Ada")
    with club.sessions() as session:
        session.add(club.Circle(id=1, name="chess"))
        session.add(club.Member(id=2, name="Ada", email="ada@example.org", points=1))
        session.add(club.Letter(id=2, words="from Ada", member_id=2))
        address = club.Address(id=1, street=mine("street"))
        session.add(
            club.Trainer(
                id=1,
                name=mine("name"),
                email=mine("mail"),
                facts={"height": mine("height")},
                salary=mine("salary"),
                points=1,
                address=address,
            )
        )
        session.flush()
        session.add(club.Letter(id=1, words=mine("letter"), member_id=1))
        session.execute(link.insert().values(circle_id=1, member_id=1, nickname=mine("nick")))
        session.commit()
    act(1, mine("label"), context={"endpoint": mine("page")}, reason=mine("reason"))
    club.acting = Attribution(
        **{
            **{n: getattr(club.acting, n) for n in ("user_id", "context", "reason")},
            "actor": mine("label"),
            "remote_addr": mine("addr"),
        }
    )
    with club.sessions() as session:
        member = session.get(club.Member, 1)
        member.name, member.points = mine("other name"), 2
        member.facts = {"height": mine("taller")}
        session.get(club.Letter, 1).words = mine("other letter")
        activity = club.manager.activity_cls(verb="wrote", data={"what": mine("did")})
        activity.object = member
        session.add(activity)
        transaction = club.manager.unit_of_work(session).create_transaction(session)
        transaction.meta = {"note": mine("note")}
        session.commit()
    act(2, "Ada")
    with club.sessions() as session:
        session.get(club.Member, 2).name = "Ada Low"
        session.delete(session.get(club.Letter, 1))
        activity = club.manager.activity_cls(verb="saw", data={"whom": mine("seen")})
        activity.object = session.get(club.Member, 1)
        session.add(activity)
        session.commit()
    with club.sessions() as session:
        session.get(club.Address, 1).street = mine("new street")
        session.get(club.Member, 1).points = 3
        session.commit()
    club.acting = Attribution(user_id=2, actor="Ada")
