"""Every way of mapping goes round: written, changed, deleted, read, compared and reverted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

from flask_continuum import as_of, count_versions, plan_revert
from tests.engine.gallery import Point, build_with_ends, build_without_ends
from tests.engine.invariants import check

World = Any


@dataclass(frozen=True)
class Case:
    """One record of one class.

    :ivar values: of the new record; a function makes them where they are objects.
    :ivar changed: what is set afterwards, or a function that changes the record.
    :ivar changes: the changeset of the change, ``[old, new]`` each.
    :ivar tell: what a record says, and a version of it.
    :ivar told: what it says at first, and after the change.
    :ivar relations: what comes back with it.
    :ivar along: records that are deleted with it, as class name and key.
    """

    model: str
    values: dict[str, Any] | Callable[[World], dict[str, Any]]
    changed: dict[str, Any] | Callable[[World, Session, Any], None]
    changes: dict[str, list[Any]]
    tell: Callable[[Any], Any]
    told: tuple[Any, Any]
    key: dict[str, Any] = field(default_factory=lambda: {"id": 1})
    relations: tuple[str, ...] = ()
    along: Sequence[tuple[str, Any]] = field(default=())


def name_of(each: Any) -> Any:
    return None if each is None else each.name


def names(found: Any) -> list[str]:
    """The names in a collection, in a query, or in one that can only be written."""
    if hasattr(found, "select"):
        session = object_session(found.instance) if hasattr(found, "instance") else None
        session = session or object_session(found.attr.parent)
        found = session.scalars(found.select())
    return [each.name for each in found]


def shelf(world: World) -> dict[str, Any]:
    return {
        "name": "a",
        "owner": world.Owner(id=1, name="Ada"),
        "topics": [world.Topic("x", id=1), world.Topic("y", id=2)],
        "books": [world.Book(id=1, name="one"), world.Book(id=2, name="two", state="out")],
    }


def rearrange(world: World, session: Session, shelf: Any) -> None:
    shelf.name, shelf.owner = "b", None
    shelf.topic_names.remove("x")
    shelf.topics.append(world.Topic("z", id=3))
    session.get(world.Book, 1).state = "out"
    shelf.written.add(world.Book(id=3, name="three"))


def tell_shelf(each: Any) -> Any:
    return {
        "name": each.name,
        "owner": name_of(each.owner),
        "topics": names(each.topics),
        "proxied": list(each.topic_names),
        "books": names(each.books),
        "lent": sorted(names(each.lent)),
        "asked": names(each.asked.filter_by(state="out")),
    }


def grow(world: World, session: Session, node: Any) -> None:
    node.name = "trunk"
    node.children[0].name = "twig"
    node.children.append(world.Node(id=3, name="trunk"))


CASES = [
    Case(
        "Short",
        {"title": "a", "minutes": 3, "festival": "f"},
        {"minutes": 4, "festival": "g"},
        {"minutes": [3, 4], "festival": ["f", "g"]},
        lambda v: (v.kind, v.title, v.minutes, v.festival),
        (("short", "a", 3, "f"), ("short", "a", 4, "g")),
    ),
    Case(
        "Medium",
        {"title": "a"},
        {"title": "b"},
        {"title": ["a", "b"]},
        lambda v: (v.kind, v.title),
        (("medium", "a"), ("medium", "b")),
        key={"id": 2},
    ),
    Case(
        "Columnist",
        {"name": "a", "pen_name": "p", "column": "c"},
        {"name": "b", "column": "d"},
        {"name": ["a", "b"], "column": ["c", "d"]},
        lambda v: (v.kind, v.name, v.pen_name, v.column),
        (("columnist", "a", "p", "c"), ("columnist", "b", "p", "d")),
    ),
    Case(
        "Person",
        {"name": "a"},
        {"name": "b"},
        {"name": ["a", "b"]},
        lambda v: (v.kind, v.name),
        (("person", "a"), ("person", "b")),
        key={"id": 2},
    ),
    Case(
        "Tree",
        {"name": "oak", "height": 1},
        {"height": 2},
        {"height": [1, 2]},
        lambda v: (v.name, v.height),
        (("oak", 1), ("oak", 2)),
    ),
    Case(
        "Polygon",
        {"sides": 5},
        {"sides": 6},
        {"sides": [5, 6]},
        lambda v: (type(v).__name__.removesuffix("Version"), v.sides),
        (("Polygon", 5), ("Polygon", 6)),
    ),
    Case(
        "Letter",
        {"sender": "a", "place": "here", "at": Point(1, 2), "notes": "n", "body": "b"},
        {"author": "c", "at": Point(1, 3), "body": "d"},
        {"sender": ["a", "c"], "y": [2, 3], "body": ["b", "d"]},
        lambda v: (v.sender, v.author, v.shout, v.head, v.place, v.at, v.notes, v.body),
        (
            ("a", "a", "A", "A", "here", Point(1, 2), "n", "b"),
            ("c", "c", "C", "C", "here", Point(1, 3), "n", "d"),
        ),
    ),
    Case(
        "Seat",
        {"guest": None},
        {"guest": "Ada"},
        {"guest": [None, "Ada"]},
        lambda v: (v.row, v.number, v.guest),
        (("B", 7, None), ("B", 7, "Ada")),
        key={"row": "B", "number": 7},
    ),
    Case(
        "Shelf",
        shelf,
        rearrange,
        {"name": ["a", "b"], "owner_id": [1, None]},
        tell_shelf,
        (
            {
                "name": "a",
                "owner": "Ada",
                "topics": ["x", "y"],
                "proxied": ["x", "y"],
                "books": ["one", "two"],
                "lent": ["two"],
                "asked": ["two"],
            },
            {
                "name": "b",
                "owner": None,
                "topics": ["y", "z"],
                "proxied": ["y", "z"],
                "books": ["one", "two", "three"],
                "lent": ["one", "two"],
                "asked": ["one", "two"],
            },
        ),
        relations=("topics", "books"),
        along=[("Book", 1), ("Book", 2), ("Book", 3)],
    ),
    Case(
        "Node",
        lambda world: {"name": "root", "children": [world.Node(id=2, name="root")]},
        grow,
        {"name": ["root", "trunk"]},
        lambda v: (
            v.name,
            v.parent,
            names(v.children),
            [name_of(c.parent) for c in v.children],
            names(v.namesakes),
        ),
        (
            ("root", None, ["root"], ["root"], ["root"]),
            ("trunk", None, ["twig", "trunk"], ["trunk", "trunk"], ["trunk"]),
        ),
        relations=("children",),
        along=[("Node", 2), ("Node", 3)],
    ),
    Case(
        "Counted",
        {"name": "a"},
        {"name": "b"},
        {"name": ["a", "b"], "counter": [1, 2]},
        lambda v: (v.name, v.state),
        (("a", "new"), ("b", "new")),
    ),
    Case(
        "Prefixed",
        {"_name": "a", "_secret": "s"},
        {"_name": "b", "_secret": "t"},
        {"_name": ["a", "b"]},
        lambda v: v._name,
        ("a", "b"),
        key={"_id": 1},
    ),
    Case(
        "Quiet",
        {"name": "a", "note": "n"},
        {"note": None},
        {"note": ["n", None]},
        lambda v: (v.name, v.note),
        (("a", "n"), ("a", None)),
    ),
    *(
        Case(
            model,
            {"name": "a"},
            {"name": "b"},
            {"name": ["a", "b"]},
            lambda v: v.name,
            ("a", "b"),
        )
        for model in ("Record", "Plain", "Pydantic")
    ),
]


@pytest.fixture(params=[build_with_ends, build_without_ends])
def world(
    request: pytest.FixtureRequest, database_kind: str, sources: Any, kept: Any, lent: Any
) -> Iterator[World]:
    """The gallery on each kind of database, with either strategy, checked as a whole."""
    build = request.param
    with lent.lend(build, kept.of(sources.of(database_kind), build.__name__)) as world:
        yield world
        check(world.engine, world.manager)


@contextmanager
def commit(world: World) -> Iterator[Session]:
    with world.sessions() as session:
        yield session
        session.commit()


def identity(case: Case) -> tuple[Any, ...]:
    return tuple(case.key.values())


def test_every_mapping_goes_round(world: World) -> None:
    """Each record is written, changed, deleted and reverted, in one transaction with the others."""
    with commit(world) as session:
        for case in CASES:
            values = case.values(world) if callable(case.values) else case.values
            session.add(getattr(world, case.model)(**case.key, **values))
    with commit(world) as session:
        for case in CASES:
            record = session.get(getattr(world, case.model), identity(case))
            assert case.tell(record) == case.told[0], case.model
            if callable(case.changed):
                case.changed(world, session, record)
            else:
                for name, value in case.changed.items():
                    setattr(record, name, value)
    with commit(world) as session:
        for case in CASES:
            record = session.get(getattr(world, case.model), identity(case))
            assert case.tell(record) == case.told[1], case.model
            assert count_versions(record) == 2, case.model
            for name, number in case.along:
                session.delete(session.get(getattr(world, name), number))
            session.delete(record)
    with commit(world) as session:
        for case in CASES:
            _read_and_revert(world, session, case)
    with world.sessions() as session:
        for case in CASES:
            record = session.get(getattr(world, case.model), identity(case))
            assert case.tell(record) == case.told[0], case.model
            assert record.versions.count() == 4, case.model
            assert record.versions[-1].version_parent is record, case.model


def _read_and_revert(world: World, session: Session, case: Case) -> None:
    model = getattr(world, case.model)
    version_class = world.manager.version_class_map[model]
    first, second, last = version_class.all_versions(session, case.key, desc=False)
    assert [each.operation_type for each in (first, second, last)] == [0, 1, 2], case.model
    assert [case.tell(each) for each in (first, second)] == list(case.told), case.model
    # the version of a deletion tells what there was just before
    assert case.tell(last) == case.told[1], case.model
    assert second.changeset == case.changes, case.model
    assert (second.previous, second.next, second.index) == (first, last, 1), case.model
    assert version_class.version_at(session, case.key, second.transaction_id) is second
    then = as_of(model, first.transaction_id)
    is_record = (getattr(then, name) == value for name, value in case.key.items())
    assert session.scalars(sa.select(then).where(*is_record)).one() is first, case.model
    assert not plan_revert(session, first, relations=case.relations).blocked, case.model
    first.revert(relations=case.relations)


def test_every_class_of_the_gallery_has_a_case() -> None:
    """… or is one that another's case needs."""
    needed = {"Film", "Writer", "Plant", "Shape", "Owner", "Topic", "Book"}
    world = build_with_ends(sa.create_engine("sqlite://"))
    world.manager.detach()
    mapped = {name for name, each in vars(world).items() if isinstance(each, type)}
    assert mapped == {case.model for case in CASES} | needed
