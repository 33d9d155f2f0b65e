"""Activities name their objects, whenever these get a key, and the versions of the commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum import VersioningManager
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.plugins.activity import ActivityPlugin
from tests.engine.newsroom import Newsroom
from tests.support.marks import on
from tests.support.statements import statements


def activity(newsroom: Newsroom) -> Any:
    (plugin,) = (p for p in newsroom.manager.plugins if isinstance(p, ActivityPlugin))
    assert plugin.activity_cls is newsroom.manager.activity_cls  # type: ignore[attr-defined]
    return plugin.activity_cls


def kept(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    """What the database has, oldest first."""
    table = activity(newsroom).__table__
    columns = ("verb", "object_type", "object_id", "object_tx_id", "target_type", "target_id")
    with newsroom.engine.connect() as connection:
        query = sa.select(*(table.c[name] for name in columns)).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)]


def test_nothing_need_be_flushed_first(room: Newsroom) -> None:
    cls = activity(room)
    with room.commit() as session:
        section = room.Section(name="Arts")
        article = room.Article(title="Draft", section=section)
        done = cls(verb="create", object=article, target=section, data={"words": [1, 2]})
        assert (done.object, done.target) == (article, section)
        session.add(done)
        session.add(article)
        session.flush()
        assert (done.object_type, done.object_id, done.target_id) == ("Article", article.id, 1)
        assert done.object is article
    with room.session() as session:
        (found,) = session.scalars(sa.select(cls))
        article = session.get(room.Article, 1)
        (version,) = article.versions
        assert (found.verb, found.data) == ("create", {"words": [1, 2]})
        assert found.object is article
        assert found.object_version is version
        assert found.target_version is article.section.versions[0]
        assert found.object_tx_id == found.target_tx_id == version.transaction_id
        assert found.transaction is version.transaction
        assert version.transaction.activities == [found]


def test_an_object_comes_along_with_its_activity(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(activity(room)(verb="create", object=room.Tag(name="new")))
    with room.session() as session:
        (tag,) = session.scalars(sa.select(room.Tag))
        assert kept(room) == [("create", "Tag", tag.id, 1, None, None)]


def test_an_object_that_is_not_changed_has_the_version_it_has(room: Newsroom) -> None:
    with room.commit() as session:
        session.add_all([room.Section(id=1, name="Arts"), room.User(id=5, name="Maya")])
    with room.commit(user_id=5) as session:
        session.add(activity(room)(verb="look", object=session.get(room.Section, 1)))
    with room.session() as session:
        (found,) = session.scalars(sa.select(activity(room)))
        (version,) = session.get(room.Section, 1).versions
        assert found.object_version is version
        assert found.object_tx_id < found.transaction_id
        assert found.actor.name == "Maya"
        assert found.target is None
        assert found.target_version is None


def test_the_version_is_that_of_the_commit(room: Newsroom) -> None:
    cls = activity(room)
    with room.commit() as session:
        session.add_all([room.Section(id=1, name="Arts"), room.Tag(id=1, name="a")])
    with room.commit() as session:
        section, tag = session.get(room.Section, 1), session.get(room.Tag, 1)
        section.name = "Sport"
        session.flush()
        there_and_back = cls(verb="rename", object=section)
        later = cls(verb="rename", object=tag)
        session.add_all([there_and_back, later])
        session.flush()
        assert there_and_back.calculate_object_tx_id() == there_and_back.transaction_id
        assert later.calculate_object_tx_id() < later.transaction_id
        assert there_and_back.object_version.name == "Sport"
        section.name = "Arts"
        tag.name = "b"
    with room.session() as session:
        first, second = session.scalars(sa.select(cls).order_by(cls.id))
        assert first.object_version is session.get(room.Section, 1).versions[0]
        assert second.object_version is session.get(room.Tag, 1).versions[1]
        session.get(room.Tag, 1).name = "c"
        session.commit()
        assert second.object_version.name == "b"
        assert second.object.name == "c"


def test_a_deleted_object_has_the_version_of_its_deletion(room: Newsroom) -> None:
    cls = activity(room)
    with room.commit() as session:
        session.add_all([room.Section(id=1, name="Arts"), room.Section(id=2, name="Sport")])
    with room.commit() as session:
        one, two = session.get(room.Section, 1), session.get(room.Section, 2)
        session.delete(one)
        session.add(cls(verb="delete", object=one))
        session.delete(two)
        session.flush()
        session.add(cls(verb="delete", object=two))
    with room.session() as session:
        found = session.scalars(sa.select(cls).order_by(cls.id)).all()
        assert [each.object for each in found] == [None, None]
        assert [each.object_version.name for each in found] == ["Arts", "Sport"]
        assert [each.object_version.operation_type for each in found] == [2, 2]


def test_rollbacks_and_savepoints(room: Newsroom) -> None:
    cls = activity(room)
    with room.sessions() as session:
        lost = cls(verb="lost", object=room.Section(id=1, name="Arts"))
        session.add(lost)
        session.flush()
        session.rollback()
        session.add(lost)  # once more, in another transaction
        with session.begin_nested() as inner:
            session.add(cls(verb="gone", object=room.Tag(id=1, name="gone")))
            session.flush()
            inner.rollback()
        with session.begin_nested():
            session.add(cls(verb="kept", object=room.Tag(id=2, name="kept")))
        session.commit()
        number = lost.transaction_id
        (version,) = session.get(room.Section, 1).versions
        assert version.transaction_id == number
    assert kept(room) == [
        ("lost", "Section", 1, number, None, None),
        ("kept", "Tag", 2, number, None, None),
    ]
    with room.sessions() as session:
        with session.begin_nested() as inner:
            session.add(cls(verb="gone", object=session.get(room.Section, 1)))
            session.flush()
            inner.rollback()
        session.add(room.Tag(id=3, name="after"))
        session.commit()
        assert len(session.get(room.Tag, 3).versions.all()) == 1
    assert len(kept(room)) == 2


def test_objects_without_history(room: Newsroom) -> None:
    with room.commit() as session:
        session.add(activity(room)(verb="invite", object=room.User(name="Maya")))
    with room.session() as session:
        (found,) = session.scalars(sa.select(activity(room)))
        assert found.object.name == "Maya"
        assert (found.object_version, found.object_tx_id) == (None, None)


def test_another_object_may_be_named_later(room: Newsroom) -> None:
    cls = activity(room)
    with room.commit() as session:
        session.add(cls(verb="pick", object=room.Section(id=1, name="Arts")))
    with room.commit() as session:
        (found,) = session.scalars(sa.select(cls))
        found.object = room.Tag(name="new")
        session.add(room.Section(id=2, name="Sport"))
    with room.session() as session:
        (found,) = session.scalars(sa.select(cls))
        assert found.object.name == "new"
        assert found.object_version.name == "new"
        found.object = None
        session.commit()
        assert found.object_id is None


def test_queries_by_object(room: Newsroom) -> None:
    cls = activity(room)
    with room.commit() as session:
        one, two = room.Section(id=1, name="Arts"), room.Section(id=2, name="Sport")
        tag = room.Tag(id=1, name="new")
        session.add_all(cls(verb=str(n), object=each) for n, each in enumerate((one, two, tag)))
        session.add(cls(verb="3"))
        session.flush()

        def verbs(condition: Any) -> list[str]:
            return list(session.scalars(sa.select(cls.verb).where(condition).order_by(cls.id)))

        assert verbs(cls.object == one) == ["0"]
        assert verbs(cls.object != one) == ["1", "2", "3"]
        assert verbs(cls.object == None) == ["3"]  # noqa: E711, an expression
        assert verbs(cls.object.in_([one, tag])) == ["0", "2"]
        assert verbs(cls.object.in_([])) == []
        assert verbs(cls.object.is_type(room.Section)) == ["0", "1"]
        assert verbs(cls.target == one) == []


def test_it_costs_statements_by_class_and_nothing_without_activities(room: Newsroom) -> None:
    found = []
    for number in (2, 20):
        with room.sessions() as session:
            for each in range(number):
                section = room.Section(name=f"n{each}")
                session.add(activity(room)(verb="create", object=section))
            session.flush()
            with statements(room.engine) as sent:
                session.commit()
            # those of this commit, their newest versions, and what was found out
            found.append((len(sent.naming("activity")), len(sent.naming("max"))))
    assert found[0] == found[1]
    assert found[0][0] == 2
    with room.sessions() as session:
        session.add(room.Section(name="Film"))
        with statements(room.engine) as sent:
            session.commit()
    assert len(sent.naming("activity")) == 0


# --- other keys, other shapes --------------------------------------------------------------------


@pytest.fixture
def press(engine: sa.Engine) -> Iterator[Any]:
    """Models with keys of several types, whose activities hold them as text."""

    class Base(DeclarativeBase):
        pass

    plugin = ActivityPlugin(key_type=sa.String(255))
    manager = VersioningManager(user_cls=None, plugins=[plugin])
    sessions = sessionmaker(engine, expire_on_commit=False)
    manager.attach(Base, sessions, engine)

    class Leaf(Base):
        __tablename__ = "leaf"
        __versioned__: Any = {}
        id = sa.Column(sa.Uuid, primary_key=True, default=uuid.uuid4)
        name = sa.Column(sa.String(20))

    class Tree(Base):
        __tablename__ = "tree"
        __versioned__: Any = {"create_models": False}
        id = sa.Column(sa.Integer, primary_key=True)

    class Pair(Base):
        __tablename__ = "pair"
        __versioned__: Any = {}
        a = sa.Column(sa.Integer, primary_key=True)
        b = sa.Column(sa.Integer, primary_key=True)

    Base.metadata.create_all(engine)
    yield plugin, sessions, Leaf, Tree, Pair
    manager.reset()
    assert set(Base.metadata.tables) == {"leaf", "tree", "pair"}
    assert plugin.model_class is None
    Base.registry.dispose()


def test_keys_of_any_type(press: Any) -> None:
    plugin, sessions, leaf_cls, tree_cls, pair_cls = press
    with sessions() as session:
        leaf, tree = leaf_cls(name="one"), tree_cls()
        done = plugin.activity_cls(verb="grow", object=leaf, target=tree)
        session.add(done)
        session.flush()
        assert done.object_tx_id is None
        session.commit()
        assert (done.object_id, done.target_id) == (str(leaf.id), "1")
        # although nothing expires at the commit
        assert done.object_version.name == "one"
        leaf.name = "two"
        session.commit()
        assert done.object_version.name == "one"
    with sessions() as session:
        (done,) = session.scalars(sa.select(plugin.activity_cls))
        assert done.object.name == "two"
        assert done.target.id == 1
        assert done.object_tx_id == done.target_tx_id == done.transaction_id
        with pytest.raises(ImproperlyConfigured, match="a key of 2 columns"):
            done.target = pair_cls(a=1, b=1)


@on("sqlite")
def test_a_session_that_knows_the_databases_of_models_only(room: Newsroom) -> None:
    cls = activity(room)
    binds = {model: room.engine for model in room.manager.registry.options}
    with Session(binds=binds) as session:
        room.manager.track_session(session)
        session.add(cls(verb="create", object=room.Section(id=1, name="Arts")))
        session.commit()
        (found,) = session.scalars(sa.select(cls))
        assert found.object_version.name == "Arts"
        assert found.transaction.activities == [found]
        room.manager.remove_session_tracking(session)


@on("sqlite")
def test_a_key_that_does_not_fit_is_told(room: Newsroom) -> None:
    cls = activity(room)
    with pytest.raises(ImproperlyConfigured, match=r"keys of Place|key of 2 columns"):
        cls(object=room.Place(country="X", number=1))
    models = cls.__models__
    with pytest.raises(ImproperlyConfigured, match=r"key_type=sqlalchemy\.String"):
        models.kept("x", "Article")


def test_there_is_no_class_while_nothing_is_versioned() -> None:
    with pytest.raises(ImproperlyConfigured, match="no class of activities yet"):
        _ = ActivityPlugin().activity_cls
