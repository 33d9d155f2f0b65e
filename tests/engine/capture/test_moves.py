"""P5, changed keys know each other: the transaction tells which record had which key before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from flask_continuum.engine.build.tables import build_version_table
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.options import Options
from flask_continuum.engine.read import moves
from tests.engine.capture.library import Library, build_library
from tests.engine.capture.test_keys import KEYS, Size
from tests.engine.capture.test_keys import build as build_keys
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom
from tests.support.statements import statements


def contexts(news: Any) -> list[Any]:
    """What each transaction says beside who and when."""
    (history,) = news.manager.registry.history.values()
    table = history.transaction
    with news.engine.connect() as connection:
        return list(connection.scalars(sa.select(table.c.context).order_by(table.c.id)))


def told(news: Any, name: str) -> list[Any]:
    """The moves of one table that the last transaction tells."""
    context = contexts(news)[-1]
    found: list[Any] = (context or {}).get("moved", {}).get(name, [])
    return found


def rename(session: Session, news: Newsroom, old: int, new: int) -> None:
    session.get(news.Section, old).id = new
    session.flush()


@pytest.fixture
def sections(newsroom: Newsroom) -> Newsroom:
    """Sections 1, 2 and 3."""
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name=f"s{i}") for i in (1, 2, 3))
    return newsroom


def test_both_versions_know_the_other(sections: Newsroom) -> None:
    with sections.commit(context={"job": "rename", "deep": {"n": 1}}) as session:
        session.add(sections.Place(country="pt", number=1))
        rename(session, sections, 1, 7)
    with sections.commit() as session:
        rename(session, sections, 7, 9)
        session.get(sections.Place, ("pt", 1)).country = "es"
    assert contexts(sections) == [
        None,
        {"job": "rename", "deep": {"n": 1}, "moved": {"section": [[[1], [7]]]}},
        {"moved": {"place": [[["pt", 1], ["es", 1]]], "section": [[[7], [9]]]}},
    ]
    with sections.session() as session:
        model = sections.Section
        left, came = moves(session, model, (7,))
        assert (left.old, left.new, came.old, came.new) == ((7,), (9,), (1,), (7,))
        assert {left.model, came.model} == {model}
        assert moves(session, model, (1,)) == (came,)
        assert moves(session, model, (9,)) == (left,)
        assert moves(session, model, (2,)) == moves(session, model, (99,)) == ()
        version = sections.registry_of(model).version_class
        by_place = {(v.id, v.transaction_id): v for v in session.scalars(sa.select(version))}
        first, last = (by_place[move.old[0], move.transaction_id] for move in (came, left))
        assert first.moved_to is by_place[7, came.transaction_id]
        assert first.moved_to.moved_from is first
        assert last.moved_to is by_place[9, left.transaction_id]
        assert last.moved_to.moved_from is last
        assert first.moved_from is last.moved_from is first.moved_to.moved_to is None
        assert all(v.moved_from is v.moved_to is None for v in by_place.values() if v.id in (2, 3))


#: ``1>7`` changes a key, ``+`` inserts, ``-`` deletes, ``(`` sets a savepoint, ``)`` releases it
#: and ``!`` rolls back to it
NET_EFFECTS = [
    ("1>7 7>8", [(1, 8)]),
    ("1>7 7>8 8>1", []),
    ("+5 5>6", []),
    ("1>7 -7 +7", []),
    ("1>7 +1 -1", [(1, 7)]),
    ("-1 +1 1>7", []),  # who had the key is gone, who left it came since
    ("1>7 +1", []),  # here the key goes on
    ("-2 1>2", []),  # so does that of another record
    ("1>9 2>1 9>2", []),
    ("1>4 2>5 3>6 4>7", [(1, 7), (2, 5), (3, 6)]),
    ("1>7 ( 7>8 !", [(1, 7)]),
    ("1>7 ( 7>8 ( 8>9 ) )", [(1, 9)]),
    ("1>7 ( -7 +7 )", []),
    ("+5 -5 ( +5 5>6 )", []),
]


def play(steps: str) -> list[tuple[int, int]]:
    """Let a unit of work see some steps; return the moves that it tells."""
    live = sa.Table("thing", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    things = build_version_table(live, Options())
    unit = UnitOfWork(root=lambda: None)
    depth = 0
    for step in steps.split():
        if step == "(":
            depth += 1
            unit.begin_savepoint(depth)
        elif step in ")!":
            unit.end_savepoint(depth, keep=step == ")")
            depth -= 1
        elif step[0] in "+-":
            operation = Operation.INSERT if step[0] == "+" else Operation.DELETE
            unit.touch(things, (int(step[1:]),), operation)
        else:
            old, new = step.split(">")
            unit.move(things, {(int(old),): (int(new),)})
    return [(old, new) for each in unit.changes() for (old,), (new,) in each.moved]


@pytest.mark.parametrize(("steps", "expected"), NET_EFFECTS)
def test_the_net_effect_is_told(steps: str, expected: list[Any]) -> None:
    assert play(steps) == expected


@given(st.data())
def test_random_programs_tell_where_each_record_went(data: st.DataObject) -> None:
    """The oracle knows who has which key: a move is one from a free key to one that was free."""
    start = {1: "a", 2: "b", 3: "c"}
    now, saved, steps = dict(start), [], []
    for number in range(data.draw(st.integers(1, 15))):
        free = sorted({1, 2, 3, 4, 5} - now.keys())
        choices = ["+"] * bool(free) + ["-"] * bool(now) + [">"] * bool(now and free)
        choices += ["(", *([")", "!"] if saved else [])]
        step = data.draw(st.sampled_from(choices))
        if step == "(":
            saved.append(dict(now))
        elif step == ")":
            saved.pop()
        elif step == "!":
            now = saved.pop()
        elif step == "+":
            key = data.draw(st.sampled_from(free))
            now[key] = f"new {number}"
            step += str(key)
        else:
            key = data.draw(st.sampled_from(sorted(now)))
            record = now.pop(key)
            if step == "-":
                step += str(key)
            else:
                new = data.draw(st.sampled_from(free))
                now[new] = record
                step = f"{key}>{new}"
        steps.append(step)
    expected = [
        (old, new)
        for new, record in now.items()
        for old, who in start.items()
        if who == record and old not in now and new not in start
    ]
    assert play(" ".join(steps)) == sorted(expected)


def test_it_holds_for_savepoints_of_a_session(sections: Newsroom) -> None:
    with sections.commit() as session:
        rename(session, sections, 1, 7)
        with session.begin_nested() as savepoint:
            rename(session, sections, 2, 8)
            savepoint.rollback()
        with session.begin_nested():
            rename(session, sections, 7, 9)
        rename(session, sections, 3, 4)
        session.delete(session.get(sections.Section, 4))
        session.add(sections.Section(id=5, name="new"))
        rename(session, sections, 2, 2)
        session.get(sections.Section, 5).id = 6
    assert told(sections, "section") == [[[1], [9]]]


def test_where_nothing_changed_there_is_no_transaction(sections: Newsroom) -> None:
    with sections.commit() as session:
        rename(session, sections, 1, 7)
        rename(session, sections, 7, 1)
    assert len(contexts(sections)) == 1


def test_an_application_keeps_its_own_key_of_that_name(sections: Newsroom) -> None:
    with sections.commit(context={"moved": "house"}) as session:
        rename(session, sections, 1, 7)
    assert contexts(sections)[-1] == {"moved": "house"}
    with sections.session() as session:
        version = session.scalars(
            sa.select(sections.registry_of(sections.Section).version_class).filter_by(id=7)
        ).one()
        assert version.moved_from is None
        assert moves(session, sections.Section, (7,)) == ()


def test_links_do_not_move(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        tags = [newsroom.Tag(id=i, name=f"t{i}") for i in (1, 2)]
        session.add_all([newsroom.Article(id=1, title="a", tags=tags[:1]), *tags])
    with newsroom.commit() as session:
        session.get(newsroom.Article, 1).tags = [session.get(newsroom.Tag, 2)]
    assert contexts(newsroom) == [None, None]


def test_it_is_told_in_a_draft_and_costs_no_statement(sections: Newsroom) -> None:
    def cost(change: Any) -> int:
        with sections.commit() as session:
            session.get(sections.Section, 2)
            with statements(sections.engine) as found:
                change(session)
                session.commit()
        return len([text for text in found if "_version" in text or "transaction" in text])

    def delete_and_insert(session: Session) -> None:
        session.delete(session.get(sections.Section, 2))
        session.add(sections.Section(id=6, name="s2"))

    with sections.sessions() as session:
        rename(session, sections, 1, 7)
        # reading writes a draft, in which the versions know each other already
        version = session.scalars(
            sa.select(sections.registry_of(sections.Section).version_class).filter_by(id=7)
        ).one()
        assert version.moved_from.id == 1
        assert moves(session, sections.Section, (1,))[0].new == (7,)
        rename(session, sections, 7, 8)
        session.commit()
    assert told(sections, "section") == [[[1], [8]]]
    assert cost(lambda session: setattr(session.get(sections.Section, 3), "id", 5)) <= cost(
        delete_and_insert
    )


def test_reading_costs_one_statement(sections: Newsroom) -> None:
    with sections.commit() as session:
        rename(session, sections, 1, 7)
    with sections.session() as session:
        with statements(sections.engine) as found:
            assert len(moves(session, sections.Section, (7,))) == 1
        assert len(found) == 1


# -- what the database changes by itself -------------------------------------------------------


@pytest.fixture
def places(borrow: Any) -> Iterator[Library]:
    """Countries a, b and c with a city and a district each; the database changes their keys."""
    with borrow(build_library) as library:
        with library.commit() as session:
            session.add_all(library.Country(code=code) for code in "abc")
            session.flush()
            session.add_all(library.City(country_code=code, number=1, name=code) for code in "abc")
            session.flush()
            session.add(library.District(id=1, country_code="a", city_number=1))
        yield library


def test_children_follow_their_parents(places: Library) -> None:
    country = places.Country.__table__
    with places.commit() as session:
        session.get(places.Country, "a").code = "x"
    assert contexts(places)[-1] == {"moved": {"city": [[["a", 1], ["x", 1]]]}}
    with places.commit() as session:
        session.get(places.Country, "x").code = "y"
        session.flush()
        session.execute(country.update().where(country.c.code == "y").values(code="z"))
    assert told(places, "city") == [[["x", 1], ["z", 1]]]
    statement = (
        country.update()
        .where(country.c.code == sa.bindparam("old"))
        .values(code=sa.bindparam("new"))
    )
    sets = [{"old": "c", "new": "d"}, {"old": "b", "new": "c"}]
    with places.commit() as session:
        native = places.manager.registry.tables[places.City.__table__].is_native
        if native and places.engine.dialect.name == "mysql":  # see docs/limits.md
            with pytest.raises(HistoryWriteError, match="once for each"):
                session.connection().execute(statement, sets)
            for each in sets:
                session.connection().execute(statement, each)
        else:
            session.connection().execute(statement, sets)
    # the key c goes on, with another city
    assert told(places, "city") == []
    assert [row[:2] for row in places.history(places.City) if row[-1] == 1] == [("c", 1)]


# -- keys of every kind ------------------------------------------------------------------------


class Code:
    """A value of the application's own type."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and other.number == self.number

    def __hash__(self) -> int:
        return hash(self.number)

    def __str__(self) -> str:
        return f"c{self.number}"


class CodeType(sa.TypeDecorator[Code]):
    """Stored as text; a text stands for itself in conditions."""

    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Code(int(value[1:]))


class SizeType(sa.TypeDecorator[Size]):
    """An enumeration of the application, stored as its value."""

    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value.value if isinstance(value, Size) else value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Size(value)


MORE: dict[str, tuple[Any, list[Any]]] = {
    "interval": (
        sa.Interval,
        [dt.timedelta(days=1, seconds=5), dt.timedelta(seconds=-1)],
    ),
    "decorated": (CodeType, [Code(1), Code(2)]),
    "enum, decorated": (SizeType, [Size.SMALL, Size.LARGE]),
}


@pytest.mark.parametrize(
    "name",
    [
        "big",
        "string",
        "uuid",
        "bytes",
        "date",
        "moment",
        "decimal",
        "enum",
        "interval",
        "decorated",
        "enum, decorated",
    ],
)
def test_every_kind_of_key_comes_back(engine: sa.Engine, name: str) -> None:
    kind, (old, new, *_) = (KEYS | MORE)[name]
    thing, manager, sessions = build_keys(engine, kind)
    with sessions() as session:
        session.add(thing(key=old, part="p"))
        session.commit()
        session.scalars(sa.select(thing)).one().key = new
        session.commit()
        (move,) = moves(session, thing, (old, "p"))
        assert (move.old, move.new) == ((old, "p"), (new, "p"))
        assert moves(session, thing, (new, "p")) == (move,)
        began = session.scalars(
            sa.select(manager.registry.of(thing).version_class).filter_by(key=new)
        ).one()
        assert began.moved_from.key == old and began.moved_from.moved_to is began
    check(engine, manager)
    manager.detach()
