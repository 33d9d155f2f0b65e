"""P6: a value that its type cannot read any more does not take the record's history away."""

from __future__ import annotations

import enum
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, mapped_column, sessionmaker
from sqlalchemy.schema import CreateTable

from flask_continuum.engine import read
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read import Unreadable
from flask_continuum.engine.revert import plan_revert, plan_undo
from flask_continuum.engine.revert.steps import Reason
from flask_continuum.presenters.values import View, display
from tests.support.marks import on


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Sealed(sa.types.TypeDecorator[str]):
    """A text that can be read with the present key only."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else f"key1:{value}"

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        if value is not None and not value.startswith("key1:"):
            raise ValueError("sealed with another key")
        return None if value is None else value.removeprefix("key1:")


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    __versioned__ = {}
    id = mapped_column(sa.Integer, primary_key=True)
    mood = mapped_column(sa.Enum(Mood, native_enum=False, length=10), nullable=False)
    secret = mapped_column(Sealed)
    data = mapped_column(MutableDict.as_mutable(sa.JSON()))
    pickled = mapped_column(sa.PickleType)


MANAGER = VersioningManager(user_cls=None)
SESSIONS = sessionmaker[Any]()
MANAGER.attach(Base, SESSIONS)


@pytest.fixture
def sessions(engine: sa.Engine) -> sessionmaker[Any]:
    """A note whose first version cannot be read, and whose second can."""
    sa.orm.configure_mappers()
    Base.metadata.create_all(engine)
    SESSIONS.configure(bind=engine)
    made = SESSIONS
    with made() as session:
        session.add(Note(id=1, mood=Mood.BAD, secret="a", data={"a": 1}, pickled=[1]))
        session.commit()
        note = session.get_one(Note, 1)
        note.mood, note.secret, note.data, note.pickled = Mood.GOOD, "b", {"a": 2}, [2]
        session.commit()
    with engine.begin() as connection:
        broken = {"mood": "SAD", "secret": "key0:x", "pickled": b"no pickle"}
        names = ", ".join(f"{name} = :{name}" for name in broken)
        connection.execute(
            sa.text(f"UPDATE note_version SET {names} WHERE operation_type = 0"), broken
        )
    return made


def test_versions_changes_and_reverts(sessions: sessionmaker[Any]) -> None:
    with sessions() as session:
        first, second = read.versions_of(session, Note, (1,))
        if first.transaction_id > second.transaction_id:
            first, second = second, first
        assert isinstance(first.mood, Unreadable)
        assert repr(first.secret) == "Unreadable(type='Sealed', size=6)"
        assert (first.pickled.type, first.pickled.size) == ("PickleType", 9)
        assert first.data == {"a": 1} and type(first.data) is dict
        assert second.changeset["mood"] == [first.mood, Mood.GOOD]
        assert {c.key for c in read.compare(session, first, second).fields} >= {"mood", "secret"}
        assert not read.compare(session, first, first).fields
        shown = display(first.secret, View(unreadable=Unreadable))
        assert (shown.text, shown.title) == (
            "cannot be read any more",
            "recorded as Sealed, 6 bytes",
        )
        plan = plan_revert(session, first)
        assert {(each.key, each.reason) for each in plan.records[0].impossible} == {
            (key, Reason.UNREADABLE) for key in ("mood", "secret", "pickled")
        }
        assert [step.key for step in plan.records[0].fields] == ["data"]
        (undone,) = plan_undo(session, second.transaction).records
        assert {each.reason for each in undone.impossible} == {Reason.UNREADABLE}
        plan.apply(session)
        session.commit()
        note = session.get_one(Note, 1)
        assert (note.mood, note.secret, note.data) == (Mood.GOOD, "b", {"a": 1})


def test_a_deleted_record_comes_back_without(sessions: sessionmaker[Any]) -> None:
    with sessions() as session:
        first = min(
            read.versions_of(session, Note, (1,)), key=lambda version: version.transaction_id
        )
        session.delete(session.get_one(Note, 1))
        session.commit()
        impossible = {each.key: each for each in plan_revert(session, first).records[0].impossible}
        assert impossible["mood"].blocks and "cannot be read" in impossible["mood"].words
        assert impossible["secret"].reason is Reason.UNREADABLE


def test_the_live_model_raises_as_it_did(sessions: sessionmaker[Any]) -> None:
    with sessions() as session:
        session.execute(sa.text("UPDATE note SET secret = 'key0:x'"))
        with pytest.raises(ValueError, match="another key"):
            session.scalars(sa.select(Note)).all()


@on("sqlite")
def test_types_are_what_they_were(engine: sa.Engine) -> None:
    live, version = Note.__table__, Base.metadata.tables["note_version"]
    for column in live.c:
        kind = version.c[column.name].type
        assert type(kind) is type(column.type)
        assert kind._static_cache_key == column.type._static_cache_key
        assert repr(kind) == repr(column.type)
    ddl = str(CreateTable(version).compile(engine))
    assert "mood VARCHAR(10)" in ddl and "CHECK" not in ddl


@on("postgresql")
def test_what_a_driver_cannot_read(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.DataError):
        connection.execute(sa.text("SELECT date '12000-01-01'")).all()


class Event(Base):
    """Types whose databases store more than Python can read."""

    __tablename__ = "event"
    __versioned__ = {}
    id = mapped_column(sa.Integer, primary_key=True)
    day = mapped_column(sa.Date)
    at = mapped_column(sa.DateTime)
    amount = mapped_column(sa.Numeric(10, 2))
    token = mapped_column(sa.Uuid)
    data = mapped_column(sa.JSON)
    mood = mapped_column(sa.Enum(Mood), nullable=True)


class Thing(Base):
    __tablename__ = "thing"
    __versioned__ = {}
    id = mapped_column(sa.Integer, primary_key=True)
    kind = mapped_column(sa.String(10))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "thing"}


class Part(Thing):
    size = mapped_column(sa.Integer, nullable=True)
    __mapper_args__ = {"polymorphic_identity": "part"}


def break_version(engine: sa.Engine, table: str, **values: str) -> None:
    """Store something in a version, past every type and check."""
    with engine.begin() as connection:
        if engine.dialect.name == "mysql":
            connection.execute(sa.text("SET SESSION check_constraint_checks = 0"))
        pairs = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(sa.text(f"UPDATE {table} SET {pairs}"), values)


@on("sqlite", "mariadb")
def test_what_is_no_json_and_no_date(sessions: sessionmaker[Any], engine: sa.Engine) -> None:
    """SQLite stores any text as anything, MariaDB any text as JSON once it is not asked to look."""
    broken = {"data": "{broken"}
    if engine.dialect.name == "sqlite":
        broken |= {"day": "12000-01-01", "at": "2026-02-31 25:00:00", "token": "no uuid"}
    with sessions() as session:
        session.add(Event(id=1))
        session.commit()
        break_version(engine, "event_version", **broken)
        (version,) = read.versions_of(session, Event, (1,))
        for key, text in broken.items():
            value = getattr(version, key)
            assert isinstance(value, Unreadable) and value.size == len(text), key
        assert {step.key for step in plan_revert(session, version).records[0].impossible} == set(
            broken
        )
        entry = read.timeline(session, Event, (1,)).items[0]
        assert entry.version is version


def test_a_class_that_is_not_known_any_more(sessions: sessionmaker[Any], engine: sa.Engine) -> None:
    """As with the live table: SQLAlchemy cannot tell what the row is."""
    with sessions() as session:
        session.add(Part(id=1, size=1))
        session.commit()
        break_version(engine, "thing_version", kind="gone")
        with pytest.raises(AssertionError, match="No such polymorphic_identity"):
            read.versions_of(session, Thing, (1,))


def test_migrations_see_no_other_types(sessions: sessionmaker[Any], engine: sa.Engine) -> None:
    """The types of version columns are copies, and Alembic finds what it has created."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, Base.metadata)
    changed = [each for group in found if isinstance(group, list) for each in group]
    assert [each for each in changed if each[0] == "modify_type"] == []
    assert [each for each in found if isinstance(each, tuple)] == []
