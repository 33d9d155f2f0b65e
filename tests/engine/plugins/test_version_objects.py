"""Plugins that want version objects: made at each flush, and right at the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum import HistoryWriteError, version_class
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.utils import version_obj
from tests.engine import hierarchy
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom
from tests.engine.plugins.conftest import Notes
from tests.support.marks import on
from tests.support.statements import statements

Act = Callable[[Any, Any, Any], None]


class Each(Plugin):
    """Does something to each version object, and notes what it was asked about."""

    def __init__(self, act: Act = lambda uow, parent, version: None) -> None:
        self.act = act
        self.seen: list[tuple[Any, Any, int, int]] = []

    def after_create_version_object(self, uow: Any, parent_obj: Any, version_obj: Any) -> None:
        self.seen.append(
            (parent_obj, version_obj, version_obj.operation_type, version_obj.transaction_id)
        )
        self.act(uow, parent_obj, version_obj)


def note(uow: Any, parent: Any, version: Any) -> None:
    version.note = f"{version.operation_type} {getattr(parent, 'name', parent)}"


def notes(newsroom: Newsroom, model: Any, key: int) -> list[tuple[int, str | None]]:
    version = version_class(model)
    with newsroom.session() as session:
        found = session.execute(
            sa.select(version.operation_type, version.note)
            .filter_by(id=key)
            .order_by(version.transaction_id)
        )
        return [(operation, text) for operation, text in found]


def ids(newsroom: Newsroom) -> list[int]:
    cls = newsroom.manager.registry.transaction_class_for(newsroom.Section)
    with newsroom.session() as session:
        return list(session.scalars(sa.select(cls.id).order_by(cls.id)))


@pytest.fixture
def each(room: Newsroom) -> Each:
    plugin = Each(note)
    room.manager.plugins.append(plugin)
    return plugin


def test_each_object_is_told_with_its_version(room: Newsroom, each: Each) -> None:
    with room.commit() as session:
        section, tag = room.Section(id=1, name="Arts"), room.Tag(id=1, name="new")
        session.add_all([section, tag, room.User(name="Maya")])
        session.flush()
        assert {id(parent) for parent, *_ in each.seen} == {id(section), id(tag)}
        for parent, version, operation, _ in each.seen:
            assert type(version) is version_class(parent)
            assert (version.id, version.name, operation) == (parent.id, parent.name, 0)
            assert session.get(type(version), (1, version.transaction_id)) is version
    del each.seen[:]
    with room.commit() as session:
        section = session.get(room.Section, 1)
        session.delete(section)
        session.get(room.Tag, 1).name = "old"
    assert {(type(p), operation) for p, _, operation, _ in each.seen} == {
        (room.Section, 2),
        (room.Tag, 1),
    }
    assert any(parent is section for parent, *_ in each.seen)
    assert notes(room, room.Section, 1) == [(0, "0 Arts"), (2, "2 Arts")]
    assert notes(room, room.Tag, 1) == [(0, "0 new"), (1, "1 old")]


def test_what_was_set_survives_what_is_written_later(room: Newsroom, each: Each) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
        session.flush()
        session.add(room.Tag(id=1, name="new"))
        session.flush()
        session.execute(sa.update(room.Section).values(name="Sport"))
        assert len(session.get(room.Tag, 1).versions.all()) == 1  # the draft is written again
        session.execute(sa.insert(room.Tag).values(id=2, name="past the session"))
    assert notes(room, room.Section, 1) == [(0, "0 Arts")]
    assert notes(room, room.Tag, 1) == [(0, "0 new")]
    assert notes(room, room.Tag, 2) == [(0, None)]
    with room.session() as session:
        assert session.get(room.Section, 1).versions[0].name == "Sport"


def test_an_object_that_is_written_again_is_told_again(room: Newsroom, each: Each) -> None:
    with room.commit() as session:
        section = room.Section(id=1, name="Arts")
        session.add(section)
        session.flush()
        section.name = "Sport"
        session.flush()
        assert [v.name for _, v, *_ in each.seen][-1] == "Sport"
    assert notes(room, room.Section, 1) == [(0, "0 Sport")]
    assert len(each.seen) == 2


def test_savepoints_take_back_what_was_set(room: Newsroom, each: Each) -> None:
    with room.commit() as session:
        section = room.Section(id=1, name="Arts")
        session.add(section)
        session.flush()
        with session.begin_nested() as inner:
            section.name = "Sport"
            session.add(room.Tag(id=1, name="gone"))
            session.flush()
            inner.rollback()
        with session.begin_nested():
            session.add(room.Tag(id=2, name="kept"))
    assert notes(room, room.Section, 1) == [(0, "0 Arts")]
    assert notes(room, room.Tag, 1) == []
    assert notes(room, room.Tag, 2) == [(0, "0 kept")]


def test_a_transaction_rolled_back_leaves_nothing(room: Newsroom, each: Each) -> None:
    with room.sessions() as session:
        session.add(room.Section(id=1, name="Arts"))
        session.flush()
        session.rollback()
        session.add(room.Section(id=1, name="Sport"))
        session.execute(sa.insert(room.Tag).values(id=1, name="bulk"))
        session.commit()
    assert notes(room, room.Section, 1) == [(0, "0 Sport")]
    assert notes(room, room.Tag, 1) == [(0, None)]


def test_what_ended_as_it_was_has_no_version(room: Newsroom, each: Each) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
    before = ids(room)
    with room.commit() as session:
        section = session.get(room.Section, 1)
        section.name = "Sport"
        session.flush()
        section.name = "Arts"
    assert notes(room, room.Section, 1) == [(0, "0 Arts")]
    assert len(ids(room)) == len(before) + 1  # the hook may have kept its id


def test_the_id_that_a_hook_sees_is_final(room: Newsroom, each: Each) -> None:
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
    with room.sessions() as slow:
        slow.add(room.Tag(id=1, name="new"))
        slow.flush()
        if room.engine.dialect.name != "sqlite":
            with room.commit() as session:
                session.get(room.Section, 1).name = "Sport"
        slow.add(room.Tag(id=2, name="later"))
        slow.commit()
        told = {type(p): {tx for q, *_, tx in each.seen if q is p} for p, *_ in each.seen}
        found = {v.transaction_id for i in (1, 2) for v in slow.get(room.Tag, i).versions}
    assert told[room.Tag] == found
    assert len(found) == 1


def test_the_transaction_that_a_hook_asks_for_is_that_of_the_version(room: Newsroom) -> None:
    def ask(uow: Any, parent: Any, version: Any) -> None:
        assert uow.current_transaction.id == version.transaction_id
        version.note = uow.current_transaction.id
        uow.current_transaction.reason = "asked by a plugin"

    each = Each(ask)
    room.manager.plugins.append(each)
    with room.commit(actor="Maya") as session:
        session.add(room.Section(id=1, name="Arts"))
        session.flush()
        session.add(room.Tag(id=1, name="new"))
    with room.session() as session:
        for model in (room.Section, room.Tag):
            (version,) = session.get(model, 1).versions
            assert version.note == str(version.transaction_id)
            found = version.transaction
            assert (found.reason, found.actor) == ("asked by a plugin", "Maya")
    assert len(ids(room)) == 1


def test_what_a_hook_adds_is_flushed_and_versioned(room: Newsroom) -> None:
    def add(uow: Any, parent: Any, version: Any) -> None:
        if isinstance(parent, room.Section):
            session = sa.orm.object_session(parent)
            assert session is not None
            session.add(room.Tag(id=parent.id, name=f"of {parent.id}"))

    room.manager.plugins.append(Each(add))
    with room.commit() as session:
        session.add_all([room.Section(id=1, name="Arts"), room.Section(id=2, name="Sport")])
    with room.session() as session:
        tags = session.scalars(sa.select(room.Tag)).all()
        assert len(tags) == 2
        assert {tag.versions[0].transaction_id for tag in tags} == set(ids(room))


def test_all_at_once_with_the_version_of_any_object(room: Newsroom) -> None:
    class All(Plugin):
        calls = 0

        def after_create_version_objects(self, uow: Any, session: Session) -> None:
            self.calls += 1
            version = version_obj(session, session.get(room.Section, 1))
            version.note = "all"

    plugin = All()
    room.manager.plugins.append(plugin)
    with room.commit() as session:
        session.add(room.Section(id=1, name="Arts"))
        session.add(room.Tag(id=1, name="new"))
    with room.commit() as session:
        session.add(room.User(name="Maya"))
    assert plugin.calls == 1
    assert notes(room, room.Section, 1) == [(0, "all")]


def test_what_tells_the_version_cannot_be_set(room: Newsroom) -> None:
    def move(uow: Any, parent: Any, version: Any) -> None:
        version.transaction_id = 1000

    room.manager.plugins.append(Each(move))
    with room.sessions() as session:
        session.add(room.Section(id=1, name="Arts"))
        with pytest.raises(HistoryWriteError, match="has set 'transaction_id'"):
            session.commit()
    assert ids(room) == []


def test_one_select_for_each_class(room: Newsroom, each: Each) -> None:
    found = []
    for number in (3, 30):
        with room.sessions() as session:
            session.add_all(room.Section(name=f"n{i}") for i in range(number))
            session.add_all(room.Tag(name=f"t{number}-{i}") for i in range(number))
            with statements(room.engine) as sent:
                session.flush()
            reads = [text for text in sent.beginning("SELECT") if "note" in text]
            found.append(len(reads))
            session.commit()
    assert found == [2, 2]


def test_plugins_that_want_none_cost_nothing(room: Newsroom) -> None:
    def cost(plugins: Iterable[Plugin]) -> int:
        standing = list(room.manager.plugins)
        room.manager.plugins = [*standing, *plugins]
        with room.sessions() as session, statements(room.engine) as sent:
            session.add(room.Section(name="Arts"))
            session.commit()
        room.manager.plugins = standing
        return len(sent)

    class Args(Plugin):
        def transaction_args(self, uow: Any, session: Session) -> dict[str, Any]:
            return {"reason": "nightly"}

    cost([])
    assert cost([Args(), Plugin()]) == cost([])
    assert cost([Each()]) > cost([])


@on("sqlite")
@pytest.mark.parametrize("mode", ["commit", "flush"])
def test_versions_of_several_tables(engine: sa.Engine, mode: str) -> None:
    class Words(Notes):
        def after_create_version_object(self, uow: Any, parent_obj: Any, version_obj: Any) -> None:
            version_obj.note = type(version_obj).__name__
            if version_obj.operation_type == 2:
                version_obj.title = version_obj.body = None

    family = hierarchy.build(engine, plugins=[Words()])
    family.manager.write = mode
    with family.sessions() as session:
        session.add_all([family.Article(id=1, title="a", body="text"), family.Item(id=2)])
        session.flush()
        session.add(family.Note(id=3, title="c"))
        session.commit()
        session.delete(session.get(family.Article, 1))
        session.flush()
        session.get(family.Note, 3).stars = 2
        session.commit()
        item = version_class(family.Item)
        found = session.scalars(sa.select(item).order_by(item.id, item.transaction_id)).all()
        assert [each.note for each in found] == [
            "ArticleVersion",
            "ArticleVersion",
            "ItemVersion",
            "NoteVersion",
            "NoteVersion",
        ]
        assert [(each.title, each.body) for each in found[:2]] == [("a", "text"), (None, None)]
    check(engine, family.manager)
    family.manager.detach()
