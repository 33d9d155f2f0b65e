"""One metadata with a class for every way of mapping, for the round trip of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    MappedAsDataclass,
    WriteOnlyMapped,
    column_property,
    composite,
    deferred,
    foreign,
    mapped_column,
    relationship,
    remote,
    sessionmaker,
    synonym,
)

from flask_continuum.engine.manager import VersioningManager

TEXT = sa.String(40)


@dataclass
class Point:
    x: int
    y: int


def build_with_ends(engine: sa.Engine) -> Any:
    return build(engine, "validity")


def build_without_ends(engine: sa.Engine) -> Any:
    return build(engine, "subquery")


def build(engine: sa.Engine, strategy: str) -> Any:
    """Map the classes, and version those that are marked."""

    class Base(DeclarativeBase):
        pass

    classes: dict[str, Any] = {}
    for add in (_hierarchies, _columns, _relationships, _arguments, _other_styles):
        classes |= add(Base)
    # a history of its own name for each strategy: kept tables are known by their names
    options = {"strategy": strategy, "table_name": f"%s_{strategy}"}
    manager = VersioningManager(user_cls=None, options=options)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    for name in ("Plain", "Pydantic"):  # of the same registry, and none of the base's
        manager.builder.add(sa.inspect(classes[name]))
    return SimpleNamespace(engine=engine, manager=manager, sessions=sessions, **classes)


def _hierarchies(base: Any) -> dict[str, Any]:
    class Medium(base):
        """A single table."""

        __tablename__ = "medium"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(TEXT)
        title: Mapped[str] = mapped_column(TEXT)
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "medium"}

    class Film(Medium):
        minutes: Mapped[int | None]
        __mapper_args__ = {"polymorphic_identity": "film"}

    class Short(Film):
        festival: Mapped[str | None] = mapped_column(TEXT)
        __mapper_args__ = {"polymorphic_identity": "short"}

    class Person(base):
        """Joined tables, on three levels."""

        __tablename__ = "person"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(TEXT)
        name: Mapped[str] = mapped_column(TEXT)
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "person"}

    class Writer(Person):
        __tablename__ = "writer"
        id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
        pen_name: Mapped[str] = mapped_column(TEXT)
        __mapper_args__ = {"polymorphic_identity": "writer"}

    class Columnist(Writer):
        __tablename__ = "columnist"
        id: Mapped[int] = mapped_column(sa.ForeignKey("writer.id"), primary_key=True)
        column: Mapped[str] = mapped_column("column_title", TEXT)
        __mapper_args__ = {"polymorphic_identity": "columnist", "polymorphic_load": "selectin"}

    class Plant(base):
        """Concrete tables."""

        __tablename__ = "plant"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)

    class Tree(Plant):
        __tablename__ = "tree"
        __mapper_args__ = {"concrete": True}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        height: Mapped[int]

    class Shape(base):
        """An expression tells the class."""

        __tablename__ = "shape"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        sides: Mapped[int] = mapped_column()
        __mapper_args__ = {
            "polymorphic_on": sa.case((sides > 4, "many"), else_="few"),
            "polymorphic_identity": "few",
        }

    class Polygon(Shape):
        __mapper_args__ = {"polymorphic_identity": "many"}

    return {
        each.__name__: each
        for each in (Medium, Film, Short, Person, Writer, Columnist, Plant, Tree, Shape, Polygon)
    }


def _columns(base: Any) -> dict[str, Any]:
    class Letter(base):
        """Attributes that are called or made otherwise than their columns."""

        __tablename__ = "letter"
        __versioned__ = {}
        id: Mapped[int] = mapped_column("letter_no", primary_key=True)
        sender: Mapped[str] = mapped_column("from", TEXT)
        place: Mapped[str] = mapped_column("Orts Name", TEXT, key="where")
        x: Mapped[int | None]
        y: Mapped[int | None]
        at: Mapped[Point] = composite(Point, "x", "y")
        head: Mapped[str] = column_property(sa.func.upper(sender))
        author: Mapped[str] = synonym("sender")
        notes: Mapped[str | None] = deferred(mapped_column(sa.Text), group="long")
        body: Mapped[str | None] = mapped_column(sa.Text, deferred=True, deferred_group="long")

        @hybrid_property
        def shout(self) -> str:
            return self.sender.upper()

        @shout.inplace.expression
        @classmethod
        def _shout(cls) -> Any:
            return sa.func.upper(cls.sender)

    class Seat(base):
        """A key of two columns."""

        __tablename__ = "seat"
        __versioned__ = {}
        row: Mapped[str] = mapped_column(TEXT, primary_key=True)
        number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
        guest: Mapped[str | None] = mapped_column(TEXT)

    return {"Letter": Letter, "Seat": Seat}


def _relationships(base: Any) -> dict[str, Any]:
    link = sa.Table(
        "shelf_topic",
        base.metadata,
        sa.Column("shelf_id", sa.ForeignKey("shelf.id"), primary_key=True),
        sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True),
    )

    class Owner(base):
        """Without history."""

        __tablename__ = "owner"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)

    class Topic(base):
        __tablename__ = "topic"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)

        def __init__(self, name: str, **values: Any) -> None:
            super().__init__(name=name, **values)

    class Book(base):
        __tablename__ = "book"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        state: Mapped[str] = mapped_column(TEXT, default="in")
        shelf_id: Mapped[int | None] = mapped_column(sa.ForeignKey("shelf.id"))

    class Shelf(base):
        __tablename__ = "shelf"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("owner.id"))
        owner: Mapped[Any] = relationship(Owner)
        topics: Mapped[list[Any]] = relationship(Topic, secondary=link, order_by=Topic.id)
        topic_names = association_proxy("topics", "name")
        books: Mapped[list[Any]] = relationship(Book, order_by=Book.id)
        lent: Mapped[list[Any]] = relationship(
            Book,
            primaryjoin=lambda: sa.and_(Shelf.id == foreign(Book.shelf_id), Book.state == "out"),
            viewonly=True,
        )
        asked: DynamicMapped[Any] = relationship(Book, order_by=Book.id, viewonly=True)
        written: WriteOnlyMapped[Any] = relationship(
            Book, passive_deletes=True, overlaps="books", order_by=Book.id
        )

    class Node(base):
        """A tree."""

        __tablename__ = "node"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("node.id"))
        parent: Mapped[Any] = relationship("Node", remote_side=[id], back_populates="children")
        children: Mapped[list[Any]] = relationship("Node", back_populates="parent", order_by=id)
        namesakes: Mapped[list[Any]] = relationship(
            "Node",
            primaryjoin=lambda: sa.and_(
                remote(foreign(Node.name)) == Node.name, remote(Node.id) != Node.id
            ),
            viewonly=True,
        )

    return {"Owner": Owner, "Topic": Topic, "Book": Book, "Shelf": Shelf, "Node": Node}


def _arguments(base: Any) -> dict[str, Any]:
    class Counted(base):
        """A version counter, and values that the database makes and the ORM fetches at once."""

        __tablename__ = "counted"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        state: Mapped[str] = mapped_column(TEXT, server_default="new")
        counter: Mapped[int] = mapped_column()
        __mapper_args__ = {"version_id_col": counter, "eager_defaults": True}

    class Prefixed(base):
        """A prefix for attributes, of which not all are mapped."""

        __table__ = sa.Table(
            "prefixed",
            base.metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", TEXT),
            sa.Column("secret", TEXT),
            sa.Column("hidden", TEXT),
        )
        __versioned__ = {"exclude": ["_secret"]}
        __mapper_args__ = {"column_prefix": "_", "exclude_properties": ["hidden"]}

    class Quiet(base):
        """Deletions are not counted, statements are not put together, and updates say all."""

        __tablename__ = "quiet"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        note: Mapped[str | None] = mapped_column(TEXT, active_history=True)
        __mapper_args__ = {"confirm_deleted_rows": False, "batch": False}

    return {"Counted": Counted, "Prefixed": Prefixed, "Quiet": Quiet}


def _other_styles(base: Any) -> dict[str, Any]:
    class DataBase(MappedAsDataclass, base):
        __abstract__ = True

    class Record(DataBase, kw_only=True):
        """A dataclass."""

        __tablename__ = "record"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(TEXT)
        state: Mapped[str] = mapped_column(TEXT, default="draft")

    class Plain:
        """Mapped imperatively, under names of its own."""

        __versioned__ = {}

        def __init__(self, **values: Any) -> None:
            for name, value in values.items():
                setattr(self, name, value)

    table = sa.Table(
        "plain",
        base.metadata,
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("title", TEXT),
    )
    base.registry.map_imperatively(
        Plain, table, properties={"id": table.c.number, "name": table.c.title}
    )

    class ModelBase(sqlmodel.SQLModel, registry=base.registry):
        __versioned__: ClassVar[dict[str, Any]] = {}

    class Pydantic(ModelBase, table=True):
        """SQLModel's."""

        id: int = sqlmodel.Field(primary_key=True)
        name: str = sqlmodel.Field(max_length=40)

    return {"Record": Record, "Plain": Plain, "Pydantic": Pydantic}
