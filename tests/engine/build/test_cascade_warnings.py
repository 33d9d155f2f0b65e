"""P10: what the database does by itself, and nobody has decided about, is said when mappers are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, backref, relationship, sessionmaker

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Action


class Models:
    """A base, its manager, and classes as they are needed."""

    def __init__(self, **options: Any) -> None:
        class Base(DeclarativeBase):
            pass

        self.base = Base
        self.manager = VersioningManager(user_cls=None, options=options)
        self.manager.attach(Base, sessionmaker())
        self.made: list[Any] = []

    def make(self, name: str, versioned: dict[str, Any] | None = None, **attributes: Any) -> Any:
        if versioned is not None:
            attributes["__versioned__"] = versioned
        attributes.setdefault("id", sa.Column(sa.Integer, primary_key=True))
        self.made.append(type(name, (self.base,), {"__tablename__": name.lower(), **attributes}))
        return self.made[-1]

    def configure(self) -> list[str]:
        """Configure, and return the warnings."""
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            self.base.registry.configure(cascade=True)
        assert all(each.category is UserWarning for each in found)
        return [str(each.message) for each in found]


Make = Callable[..., Models]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes models, whose managers have gone when others are configured."""
    made: list[Models] = []

    def one_more(**options: Any) -> Models:
        made.append(Models(**options))
        return made[-1]

    yield one_more
    for each in made:
        each.manager.detach()


@pytest.fixture
def models(make: Make) -> Models:
    return make()


def referring(ondelete: str | None = "CASCADE", onupdate: str | None = None) -> Any:
    return sa.Column(sa.ForeignKey("parent.id", ondelete=ondelete, onupdate=onupdate))


def test_a_cascade_that_nobody_captures(models: Models) -> None:
    models.make("Parent")
    models.make("Child", {}, parent_id=referring())
    (message,) = models.configure()
    for word in ("Child", "'child'", "child.parent_id", "parent.id", "ON DELETE CASCADE"):
        assert word in message
    for remedy in ("database_cascades", "'capture'", "'ignore'", "passive_deletes"):
        assert remedy in message


@pytest.mark.parametrize("action", ["SET NULL", "set default", "SET NULL (parent_id)"])
def test_a_change_that_nobody_captures(models: Models, action: str) -> None:
    models.make("Parent")
    models.make("Child", {}, parent_id=referring(action))
    (message,) = models.configure()
    assert f"ON DELETE {action[:8].strip().upper()}" in message


@pytest.mark.parametrize("action", [None, "RESTRICT", "NO ACTION"])
def test_what_is_no_cascade(models: Models, action: str | None) -> None:
    models.make("Parent")
    models.make("Child", {}, parent_id=referring(action))
    assert models.configure() == []


@pytest.mark.parametrize("choice", ["capture", "ignore"])
def test_somebody_has_decided(models: Models, choice: str) -> None:
    models.make("Parent")
    models.make("Child", {"database_cascades": choice}, parent_id=referring())
    assert models.configure() == []


def test_the_manager_decides_for_all(make: Make) -> None:
    models = make(database_cascades="ignore")
    models.make("Parent")
    models.make("Child", {}, parent_id=referring())
    assert models.configure() == []


def test_a_value_that_does_not_fit(make: Make) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"database_cascades is 'warn'.*not 'on'"):
        make(database_cascades="on")


@pytest.mark.parametrize("cascade", ["save-update, merge", "all, delete-orphan"])
def test_the_orm_does_it(models: Models, cascade: str) -> None:
    models.make("Parent", children=relationship("Child", cascade=cascade))
    models.make("Child", {}, parent_id=referring())
    assert models.configure() == []


def test_the_orm_does_it_through_a_backref(models: Models) -> None:
    models.make("Parent")
    parent = relationship("Parent", backref="children")
    models.make("Child", {}, parent_id=referring(), parent=parent)
    assert models.configure() == []


@pytest.mark.parametrize("passive", [True, "all"])
def test_the_orm_leaves_it_to_the_database(models: Models, passive: Any) -> None:
    models.make("Parent")
    parent = relationship("Parent", backref=backref("children", passive_deletes=passive))
    models.make("Child", {}, parent_id=referring(), parent=parent)
    assert len(models.configure()) == 1


def test_a_relationship_that_only_reads(models: Models) -> None:
    models.make("Parent", children=relationship("Child", viewonly=True))
    models.make("Child", {}, parent_id=referring())
    assert len(models.configure()) == 1


def test_a_relationship_over_another_foreign_key(models: Models) -> None:
    models.make("Parent", children=relationship("Child", foreign_keys="Child.parent_id"))
    models.make("Child", {}, parent_id=referring(), other_id=referring())
    (message,) = models.configure()
    assert "child.other_id" in message


def test_each_once(models: Models) -> None:
    models.make("Parent")
    models.make("Child", {}, parent_id=referring())
    assert len(models.configure()) == 1
    models.make("Later", {}, parent_id=referring())
    (message,) = models.configure()
    assert "Later" in message


def test_unversioned_children_are_nobody_s_business(models: Models) -> None:
    models.make("Parent", {})
    models.make("Child", parent_id=referring())
    assert models.configure() == []


def test_below_a_table_without_history(models: Models) -> None:
    """The ORM would delete the grandchildren, but never sees the children go."""
    models.make("Parent")
    models.make("Middle", parent_id=referring(), children=relationship("Child", cascade="all"))
    column = sa.Column(sa.ForeignKey("middle.id", ondelete="CASCADE"))
    models.make("Child", {}, middle_id=column)
    (message,) = models.configure()
    assert "child.middle_id" in message


def test_an_excluded_column_that_is_set_to_null(models: Models) -> None:
    models.make("Parent")
    models.make("Child", {"exclude": ["parent_id"]}, parent_id=referring("SET NULL"))
    assert models.configure() == []


def test_joined_inheritance_is_one_record(models: Models) -> None:
    parent = models.make("Parent", {})
    own = sa.Column(sa.ForeignKey("parent.id", ondelete="CASCADE"), primary_key=True)
    special = type("Special", (parent,), {"__tablename__": "special", "id": own})
    assert models.configure() == []
    assert special.__table__ in models.manager.registry.tables


def linked(make: Make, **arguments: Any) -> Models:
    models = make()
    sa.Table(
        "link",
        models.base.metadata,
        *(
            sa.Column(f"{name}_id", sa.ForeignKey(f"{name}.id", ondelete="CASCADE"))
            for name in ("parent", "tag")
        ),
    )
    models.make("Tag", {})
    models.make("Parent", {}, tags=relationship("Tag", secondary="link", **arguments))
    return models


def test_a_link_table_of_one_side(make: Make) -> None:
    (message,) = linked(make).configure()
    assert "'link'" in message and "link.tag_id" in message


def test_a_link_table_of_both_sides(make: Make) -> None:
    assert linked(make, backref="parents").configure() == []


def test_a_link_table_left_to_the_database(make: Make) -> None:
    assert len(linked(make, backref="parents", passive_deletes=True).configure()) == 1


def natural(make: Make, **relation: Any) -> list[str]:
    models = make()
    children = {"children": relationship("Child", **relation)} if relation else {}
    models.make("Parent", id=sa.Column(sa.String(9), primary_key=True), **children)
    models.make("Child", {}, parent_id=referring(None, "CASCADE"))
    return models.configure()


def test_a_key_that_changes(make: Make) -> None:
    (message,) = natural(make)
    assert "ON UPDATE CASCADE" in message and "passive_updates" in message
    assert len(natural(make, passive_updates=True)) == 1
    assert natural(make, passive_updates=False) == []


def test_a_key_that_nobody_changes(models: Models) -> None:
    models.make("Parent")
    models.make("Child", {}, parent_id=referring(None, "CASCADE"))
    assert models.configure() == []


def test_a_foreign_key_to_a_table_that_comes_later(models: Models) -> None:
    models.make("Child", {}, parent_id=referring())
    models.configure()
    models.make("Parent")
    models.make("Other")
    assert len(models.configure()) == 1


# -- what is found -----------------------------------------------------------------------------


def test_only_what_leads_to_something_captured_is_kept(models: Models) -> None:
    parent = models.make("Parent")
    middle = models.make("Middle", parent_id=referring())
    column = sa.Column(sa.ForeignKey("middle.id", ondelete="SET NULL"))
    child = models.make("Child", {"database_cascades": "capture"}, middle_id=column)
    models.make("Stranger", parent_id=referring())
    models.make("Left", {"database_cascades": "ignore"}, parent_id=referring())
    assert models.configure() == []
    found = models.manager.registry.cascades
    assert set(found) == {parent.__table__, middle.__table__}
    (above,), (below,) = found[parent.__table__], found[middle.__table__]
    assert (above.child, above.effect) == (middle.__table__, Operation.DELETE)
    assert (below.child, below.effect, below.action) == (
        child.__table__,
        Operation.UPDATE,
        Action.SET_NULL,
    )
    assert [(p.name, c.name) for p, c in below.pairs] == [("id", "middle_id")]
