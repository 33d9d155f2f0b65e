"""The names of what a transaction changed: those of its versions, for one statement."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum import NoChangesAttribute, VersioningManager, version_class
from flask_continuum.engine.plugins.transaction_changes import TransactionChangesPlugin
from flask_continuum.utils import option
from tests.engine import hierarchy
from tests.engine.newsroom import Newsroom
from tests.support.marks import on
from tests.support.statements import statements


def named(newsroom: Newsroom) -> list[list[str]]:
    """The names of each transaction, oldest first."""
    cls = newsroom.manager.registry.transaction_class_for(newsroom.Section)
    with newsroom.session() as session:
        return [each.entity_names for each in session.scalars(sa.select(cls).order_by(cls.id))]


def test_models_are_named_that_have_versions(room: Newsroom) -> None:
    with room.commit() as session:
        section = room.Section(id=1, name="Arts")
        session.add(section)
        session.flush()
        session.add(room.Article(id=1, title="Draft", section=section))
        session.flush()
        session.add(room.Article(id=2, title="Other"))
        session.add(room.User(name="Maya"))
    with room.commit() as session:
        session.execute(sa.update(room.Section).values(name="Sport"))
        session.delete(session.get(room.Article, 2))
    assert named(room) == [["Article", "Section"], ["Article", "Section"]]


def test_what_ended_as_it_was_is_not_named(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
    with room.commit() as session:
        section = session.get(room.Section, 1)
        section.name = "Sport"
        tag = room.Tag(id=1, name="gone")
        session.add_all([tag, room.Place(country="X", number=1)])
        session.flush()
        section.name = "Arts"
        session.delete(tag)
    with room.commit() as session:
        session.get(room.Section, 1).name = "Film"
        session.flush()
        session.get(room.Section, 1).name = "Arts"
    assert named(room) == [["Section"], ["Place"]]


def test_what_is_rolled_back_is_not_named(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
        session.flush()
        with session.begin_nested() as inner:
            session.add(room.Tag(id=1, name="gone"))
            session.flush()
            inner.rollback()
        with session.begin_nested():
            session.add(room.Place(country="X", number=1))
    with room.sessions() as session:
        session.add(room.Section(id=2, name="Sport"))
        session.flush()
        session.rollback()
    assert named(room) == [["Place", "Section"]]


def test_a_plain_connection_is_told_too(room: Newsroom) -> None:
    with room.engine.begin() as connection:
        connection.execute(sa.insert(room.Section).values(id=1, name="Arts"))
    assert named(room) == [["Section"]]


def test_names_of_a_transaction_that_was_asked_for(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
    with room.commit() as session:
        room.manager.unit_of_work(session).create_transaction(session)
        session.get(room.Section, 1).name = "Sport"
        session.flush()
        session.add(room.Tag(id=1, name="new"))
    with room.commit() as session:
        room.manager.unit_of_work(session).create_transaction(session)
    assert named(room) == [["Section"], ["Section", "Tag"], []]


@on("postgresql", "mariadb")
def test_both_rows_of_an_overtaken_transaction_are_named(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
    with room.sessions() as slow:
        room.manager.unit_of_work(slow).create_transaction(slow)
        slow.add(room.Tag(id=1, name="mine"))
        slow.flush()
        with room.commit() as session:
            session.get(room.Section, 1).name = "Sport"
        slow.execute(sa.update(room.Section).values(name="Film"))
        slow.commit()
    assert named(room) == [["Section"], ["Section", "Tag"], ["Section"], ["Section"]]


def test_it_costs_one_statement_whatever_is_written(room: Newsroom) -> None:
    found = []
    for number in (2, 20):
        with room.sessions() as session:
            session.add_all(room.Section(name=f"n{i}") for i in range(number))
            session.add_all(room.Tag(name=f"t{number}{i}") for i in range(number))
            session.flush()
            with statements(room.engine) as sent:
                session.commit()
        found.append(len(sent.naming("transaction_changes")))
        read = sent.naming("transaction").naming("EXISTS")
        assert len(read) <= (2 if room.engine.dialect.name == "postgresql" else 1)
    assert found == [1, 1]


def test_the_classes_and_their_relations(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
    (plugin,) = (p for p in room.manager.plugins if isinstance(p, TransactionChangesPlugin))
    changes = plugin.model_class
    assert changes is not None
    with room.session() as session:
        (found,) = session.scalars(sa.select(changes))
        (version,) = session.get(room.Section, 1).versions
        assert (found.transaction_id, found.entity_name) == (version.transaction_id, "Section")
        assert found.transaction is version.transaction
        assert version.transaction.changes == [found]
        transaction = type(version.transaction)
        wanted = transaction.changes.any(changes.entity_name == "Section")
        assert session.scalars(sa.select(transaction).where(wanted)).all() == [version.transaction]
    assert room.Section.__versioned__["transaction_changes"] is changes


def test_versions_of_a_transaction_by_class(room: Newsroom) -> None:
    with room.commit() as session:
        session.add_all([room.Section(id=1, name="Arts"), room.Tag(id=1, name="new")])
    with room.commit() as session:
        session.get(room.Section, 1).name = "Sport"
    with room.session() as session:
        first, second = session.get(room.Section, 1).versions
        (tag,) = session.get(room.Tag, 1).versions
        assert first.transaction.changed_entities == {type(first): [first], type(tag): [tag]}
        assert second.transaction.changed_entities == {type(second): [second]}


@on("sqlite")
def test_classes_of_a_hierarchy_have_their_own_names(engine: sa.Engine) -> None:
    family = hierarchy.build(engine, plugins=[TransactionChangesPlugin()])
    with family.sessions() as session:
        for things in (
            [family.Article(id=1, title="a")],
            [family.Item(id=2, title="b"), family.Note(id=3, title="c")],
        ):
            session.add_all(things)
            session.commit()
        session.execute(sa.update(family.Article).values(body="Text"))
        session.commit()
        session.delete(session.get(family.Note, 3))
        session.commit()
        cls = family.manager.registry.transaction_class_for(family.Item)
        found = [each.entity_names for each in session.scalars(sa.select(cls).order_by(cls.id))]
        assert found == [["Article"], ["Item", "Note"], ["Article"], ["Note"]]
        second = session.scalars(sa.select(cls).where(cls.id == 2)).one()
        assert set(second.changed_entities) == {
            version_class(family.Item),
            version_class(family.Note),
        }
    family.manager.detach()


# --- without a database -------------------------------------------------------------------------


def define(manager: VersioningManager) -> Any:
    class Base(DeclarativeBase):
        pass

    manager.attach(Base, sessionmaker())

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__: Any = {"strategy": "subquery"}
        id = sa.Column(sa.Integer, primary_key=True)

    manager.configure()
    return Thing


def test_without_the_plugin_there_are_no_names() -> None:
    manager = VersioningManager(user_cls=None)
    define(manager)
    with pytest.raises(NoChangesAttribute, match="with TransactionChangesPlugin"):
        _ = manager.transaction_cls().entity_names
    manager.reset()


def test_the_option_goes_with_the_manager() -> None:
    plugin = TransactionChangesPlugin()
    manager = VersioningManager(user_cls=None, plugins=[plugin])
    thing = define(manager)
    assert thing.__versioned__["transaction_changes"] is plugin.model_class
    assert option(thing, "strategy") == "subquery"
    manager.reset()
    assert thing.__versioned__ == {"strategy": "subquery"}
    assert plugin.model_class is None
    assert set(thing.metadata.tables) == {"thing"}
