"""P2: classes that are not marked and write the tables of those that are."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, registry, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom


def test_a_second_class_on_the_same_table(newsroom: Newsroom) -> None:
    """Of another registry, which versioning was never attached to."""

    class Heading:
        pass

    elsewhere = registry()
    elsewhere.map_imperatively(Heading, newsroom.Section.__table__)
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="City"))
        heading: Any = Heading()
        heading.id, heading.name = 2, "Sport"
        session.add(heading)
    with newsroom.commit() as session:
        session.get(Heading, 1).name = "Metro"
        session.delete(session.get(Heading, 2))
    elsewhere.dispose()
    assert rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table) == [
        (1, "City", 1, 2, 0),
        (1, "Metro", 2, None, 1),
        (2, "Sport", 1, 2, 0),
        (2, "Sport", 2, None, 2),
    ]


@pytest.mark.orm_only(reason="triggers see rows, of whatever class")
def test_objects_that_are_told_apart_otherwise_are_refused(newsroom: Newsroom) -> None:
    """They may be read; what they would write cannot be told."""
    tag, section = newsroom.Tag.__table__, newsroom.Section.__table__

    class Named:
        pass

    class Joined:
        pass

    elsewhere = registry()
    elsewhere.map_imperatively(Named, tag, primary_key=[tag.c.name])
    elsewhere.map_imperatively(
        Joined,
        tag.join(section, tag.c.id == section.c.id),
        properties={"id": [tag.c.id, section.c.id], "title": section.c.name},
    )
    with newsroom.commit() as session:
        session.add_all([newsroom.Tag(id=1, name="a"), newsroom.Section(id=1, name="City")])
    for model, key, attribute in ((Named, "a", "name"), (Joined, 1, "title")):
        with newsroom.sessions() as session:
            found = session.get(model, key)
            setattr(found, attribute, "b")
            with pytest.raises(HistoryWriteError, match=rf"{model.__name__}.*tag"):
                session.flush()
    elsewhere.dispose()
    assert len(rows(newsroom.engine, newsroom.registry_of(newsroom.Tag).table)) == 1


@pytest.mark.orm_only(reason="triggers see rows, of whatever class")
def test_unmarked_classes_of_a_hierarchy(engine: sa.Engine, write: str) -> None:
    """Above, beside and below the one that is marked; one is told to be left out."""

    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(10))
        name = sa.Column(sa.String(10))

    class Article(Item):
        __versioned__ = {}
        __mapper_args__ = {"polymorphic_identity": "article"}

    class Photo(Item):
        __tablename__ = "photo"
        __mapper_args__ = {"polymorphic_identity": "photo"}
        id = sa.Column(sa.ForeignKey("item.id"), primary_key=True)
        width = sa.Column(sa.Integer)

    class Draft(Article):
        __versioned__ = {"versioning": False}
        __mapper_args__ = {"polymorphic_identity": "draft"}

    manager = VersioningManager(user_cls=None)
    manager.write = write
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add_all([Item(id=1), Article(id=2), Photo(id=3, width=1)])
        session.commit()
        session.get(Item, 1).name = "a"
        session.get(Photo, 3).name = "b"
        session.delete(session.get(Article, 2))
        session.commit()
    table = manager.registry.of(Article).table
    assert rows(engine, table) == [
        (1, "item", None, 1, 2, 0),
        (1, "item", "a", 2, None, 1),
        (2, "article", None, 1, 2, 0),
        (2, "article", None, 2, None, 2),
        (3, "photo", None, 1, 2, 0),
        (3, "photo", "b", 2, None, 1),
    ]
    check(engine, manager)
    with sessions() as session:
        session.add(Draft(id=4))
        session.commit()
    assert len(rows(engine, table)) == 6
    manager.detach()
