from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import ClassNotVersioned, Continuum
from flask_continuum.testing import (
    assert_attributed,
    assert_history,
    assert_unchanged,
    created,
    deleted,
    updated,
    versions_of,
)


class Shop:
    def __init__(self) -> None:
        self.db = db = SQLAlchemy()
        self.continuum = Continuum(db=db)

        class Item(db.Model):  # type: ignore[name-defined,misc]
            __versioned__: Any = {"exclude": ["views"]}
            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(20))
            price = db.Column(db.Integer)
            views = db.Column(db.Integer)

        class Plain(db.Model):  # type: ignore[name-defined,misc]
            id = db.Column(db.Integer, primary_key=True)

        self.Item, self.Plain = Item, Plain

    def save(self, thing: Any, **values: Any) -> Any:
        for name, value in values.items():
            setattr(thing, name, value)
        self.db.session.add(thing)
        self.db.session.commit()
        return thing


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop, app = Shop(), Flask("shop")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", CONTINUUM_ADMIN=False)
    shop.db.init_app(app)
    shop.continuum.init_app(app)
    with app.app_context():
        shop.db.create_all()
        yield shop
        shop.db.session.remove()
        shop.db.engine.dispose()


def test_the_history_of_a_record_from_beginning_to_end(shop: Shop) -> None:
    item = shop.save(shop.Item(name="cup"))
    shop.save(item, price=3)
    shop.db.session.delete(item)
    shop.db.session.commit()

    steps = [created(name="cup", price=None), updated(price=3), deleted(name="cup")]
    assert_history(item, steps)
    assert_history(item, [{"name": "cup"}, {}, {"price": 3}])
    assert [version.price for version in versions_of(item)] == [None, 3, 3]


def test_what_is_only_flushed_counts(shop: Shop) -> None:
    item = shop.Item(name="cup")
    shop.db.session.add(item)
    shop.db.session.flush()

    assert_history(item, [created(name="cup")])


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [created(name="cup")],
        [created(name="cup"), updated(price=3), updated(price=4)],
        [created(name="mug"), updated(price=3)],
        [created(name="cup"), updated(price="3")],
        [updated(name="cup"), updated(price=3)],
        [updated(price=3), created(name="cup")],
    ],
)
def test_another_history_fails(shop: Shop, steps: list[Any]) -> None:
    item = shop.save(shop.save(shop.Item(name="cup")), price=3)
    with pytest.raises(AssertionError, match="not the expected one"):
        assert_history(item, steps)


def test_the_failure_shows_both_sides(shop: Shop) -> None:
    item = shop.save(shop.save(shop.Item(name="cup")), price=3)
    with pytest.raises(AssertionError) as error:
        assert_history(item, [created(name="cup"), updated(price=4), deleted()])
    assert str(error.value).splitlines() == [
        "The history is not the expected one.",
        "  0  expected INSERT name='cup'",
        "     found    INSERT name='cup', price=None",
        "! 1  expected UPDATE price=4",
        "     found    UPDATE name='cup', price=3",
        "! 2  expected DELETE",
        "     found    (no version)",
    ]


def test_a_misspelt_or_excluded_field_is_an_error(shop: Shop) -> None:
    item = shop.save(shop.Item(name="cup"))
    for name in ("nmae", "views"):
        with pytest.raises(ValueError, match=f"'{name}'; it has id, name, price"):
            assert_history(item, [created(**{name: 1})])


def test_what_cannot_have_a_history_is_an_error(shop: Shop) -> None:
    with pytest.raises(ClassNotVersioned):
        versions_of(shop.save(shop.Plain()))
    with pytest.raises(ValueError, match="saved"):
        versions_of(shop.Item(name="cup"))
    item = shop.save(shop.Item(name="cup"))
    with pytest.raises(ValueError, match="no record"):
        assert_history(versions_of(item)[0], [])


def test_the_newest_change_is_attributed(shop: Shop) -> None:
    item = shop.save(shop.Item(name="cup"))
    with shop.continuum.transaction(reason="sale", actor="Maya", context={"a": 1, "b": 2}):
        shop.save(item, price=2)

    assert_attributed(item, actor="Maya", reason="sale", kind=None, context={"a": 1})
    with pytest.raises(
        AssertionError, match=r"Item 1 .*: actor is 'Maya', not 'Ana'; kind is None"
    ):
        assert_attributed(item, actor="Ana", kind="revert", reason="sale")
    with pytest.raises(AssertionError, match=r"context is \{\}"):
        assert_attributed(item, context={"c": 1})
    with pytest.raises(AttributeError, match="motive"):
        assert_attributed(item, motive="x")


def test_a_record_without_history_is_attributed_to_nobody(shop: Shop) -> None:
    item = shop.save(shop.Item(name="cup"))
    shop.db.session.execute(shop.db.text("DELETE FROM item_version"))
    with pytest.raises(AssertionError, match="Item 1 has no history"):
        assert_attributed(item, actor=None)


def test_a_block_that_changes_nothing_passes_and_another_fails(shop: Shop) -> None:
    item, other = shop.save(shop.Item(name="cup")), shop.save(shop.Item(name="mug"))

    with assert_unchanged(item, other):
        shop.save(item, views=3, name="cup")
    with (
        pytest.raises(AssertionError, match=r"Item 2: UPDATE id=2, name='jug', price=None"),
        assert_unchanged(item, other),
    ):
        shop.save(other, name="jug")


def test_an_error_in_the_block_comes_through(shop: Shop) -> None:
    with pytest.raises(LookupError), assert_unchanged():
        raise LookupError
