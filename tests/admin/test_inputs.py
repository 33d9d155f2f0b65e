"""Values that a plan cannot go on without are typed in on its page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close
from tests.admin.newsroom import Newsroom
from tests.admin.pages import read
from tests.admin.shop import Colour, make_shop

FILLED = {
    "value-supplier": "Harbour Metal",
    "value-price": "12.50",
    "value-colour": "DARK_BLUE",
    "value-since": "2026-03-04",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Newsroom, Path]]:
    file = tmp_path_factory.mktemp("shop") / "shop.sqlite"
    made = make_shop(f"sqlite:///{file}")
    close(made)
    shutil.copy(file, file.with_suffix(".empty"))
    yield made, file
    close(made)


@pytest.fixture
def shop(built: tuple[Newsroom, Path]) -> Iterator[Newsroom]:
    """The shop as it was built: models are mapped once, the file is a copy."""
    made, file = built
    close(made)
    shutil.copy(file.with_suffix(".empty"), file)
    with made.app.app_context():
        yield made


@pytest.fixture
def kim(shop: Newsroom) -> FlaskClient:
    return shop.login(shop.app.test_client(), 1)


def product(shop: Newsroom, number: int, **values: Any) -> Any:
    found = shop.models.Product(
        id=number,
        **{
            "name": f"Lamp {number}",
            "slug": f"lamp-{number}",
            "supplier": "Tinker",
            "price": 5,
            "colour": Colour.RED,
            "since": date(2026, 1, 1),
        }
        | values,
    )
    shop.db.session.add(found)
    shop.db.session.commit()
    return found


def deleted(shop: Newsroom, thing: Any) -> str:
    """Delete a record; the address of the plan that brings it back."""
    model, key = type(thing).__tablename__, thing.id
    shop.db.session.delete(thing)
    shop.db.session.commit()
    return f"/history/records/{model}/{key}/{newest(shop)}/revert"


def newest(shop: Newsroom) -> int:
    manager = shop.continuum.db.metadata.info["continuum"].manager
    transaction = manager.registry.transaction_class_for(shop.models.Product)
    return shop.db.session.query(transaction.id).order_by(transaction.id.desc()).first()[0]


def fetch(client: FlaskClient, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return read(response.text)


def send(client: FlaskClient, form: Any, **values: str) -> Any:
    for name, value in values.items():
        form.values[name] = value
    return client.post(form.action, data=form.values)


def find(shop: Newsroom, name: str, key: int) -> Any:
    shop.db.session.expire_all()
    return shop.db.session.get(getattr(shop.models, name), key)


@contextmanager
def decided_by(shop: Newsroom, policy: type[DefaultPolicy]) -> Iterator[None]:
    state = shop.app.extensions["continuum"]
    shop.app.extensions["continuum"] = replace(state, policy=policy(lambda user: True))
    yield
    shop.app.extensions["continuum"] = state


# --- what history does not know ----------------------------------------------------------------


def test_what_was_not_recorded_is_asked_for_by_its_type_and_set(
    shop: Newsroom, kim: FlaskClient
) -> None:
    address = deleted(shop, product(shop, 1))
    html = kim.get(address).text
    for name, kind in (("supplier", "text"), ("price", "number"), ("since", "date")):
        assert f'type="{kind}" id="value-' in html and f'name="value-{name}"' in html
    assert '<option value="DARK_BLUE">Dark blue</option>' in html
    page = read(html)
    assert "The history does not have it, and it cannot be empty." in page.text
    assert "What cannot come back" not in page.text
    response = send(kim, page.plan, **FILLED)
    assert response.status_code == 303
    back = find(shop, "Product", 1)
    assert (back.name, back.slug) == ("Lamp 1", "lamp-1")
    assert (back.supplier, back.price) == ("Harbour Metal", Decimal("12.50"))
    assert (back.colour, back.since) == (Colour.DARK_BLUE, date(2026, 3, 4))


def test_what_is_wrong_is_told_where_it_is_and_all_that_was_typed_in_stays(
    shop: Newsroom, kim: FlaskClient
) -> None:
    address = deleted(shop, product(shop, 1))
    page = fetch(kim, address)
    page.plan.values.setlist("field", ["slug"])
    wrong = FILLED | {"value-price": "dear", "value-supplier": "  "}
    response = send(kim, page.plan, reason="<i>Back</i>", **wrong)
    assert response.status_code == 422
    assert find(shop, "Product", 1) is None
    assert '<option value="DARK_BLUE" selected>' in response.text
    again = read(response.text)
    assert "Something has still to be filled in" in again.text
    assert "Give a number, such as 12.5." in again.text
    assert again.text.count("Fill this in.") == 1
    assert again.plan.values["value-price"] == "dear"
    assert again.plan.values["value-since"] == "2026-03-04"
    assert again.plan.values["reason"] == "<i>Back</i>"
    assert again.plan.values.getlist("field") == ["slug"]
    assert send(kim, again.plan, **FILLED).status_code == 303
    assert find(shop, "Product", 1).name is None


def test_children_ask_for_theirs_unless_they_are_left_out(shop: Newsroom, kim: FlaskClient) -> None:
    lamp = product(shop, 1)
    lamp.parts = [shop.models.Part(id=n, serial=f"s{n}", maker="Ann") for n in (1, 2)]
    shop.db.session.commit()
    address = deleted(shop, lamp)
    page = fetch(kim, address)
    assert "Maker of part 1, “s1”" in page.text
    assert set(page.plan.values.getlist("relation")) == {"parts+1", "parts+2"}
    assert send(kim, page.plan, **FILLED).status_code == 422
    page.plan.values.setlist("relation", ["parts+2"])
    given = FILLED | {"value-parts+2/maker": "Bea", "value-parts+1/maker": ""}
    assert send(kim, page.plan, **given).status_code == 303
    assert [(part.id, part.maker) for part in find(shop, "Product", 1).parts] == [(2, "Bea")]


def test_an_undo_asks_for_them_record_by_record(shop: Newsroom, kim: FlaskClient) -> None:
    first, second = product(shop, 1), product(shop, 2)
    shop.db.session.delete(first)
    shop.db.session.delete(second)
    shop.db.session.commit()
    address = f"/history/transactions/{newest(shop)}/undo"
    page = fetch(kim, address)
    assert page.plan.values.getlist("record") == ["0", "1"]
    assert "Supplier of product 2, “Lamp 2”" in page.text
    response = send(kim, page.plan)
    assert response.status_code == 422
    form = read(response.text).plan
    form.values.setlist("record", [form.values.getlist("record")[1]])
    given = {name.replace("value-", "value-product:2/"): text for name, text in FILLED.items()}
    assert send(kim, form, **given).status_code == 303
    assert find(shop, "Product", 1) is None
    assert find(shop, "Product", 2).price == Decimal("12.50")


def test_only_who_may_write_a_field_is_asked_for_it(shop: Newsroom, kim: FlaskClient) -> None:
    address = deleted(shop, product(shop, 1))

    class PricesAreSettled(DefaultPolicy):
        def decide(self, action, user, *, field=None, **about):
            if action is Action.REVERT and field == "price":
                return deny("Prices come from the accountant.")
            return super().decide(action, user, field=field, **about)

    bare = fetch(kim, address).plan
    with decided_by(shop, PricesAreSettled):
        html = kim.get(address).text
        assert "value-price" not in html and "<button" in html
        page = read(html)
        assert "Prices come from the accountant." in page.text
        assert not [
            form
            for form in page.forms
            if "value-supplier" not in form.values and form.method == "post"
        ]
        assert send(kim, bare, **FILLED).status_code == 409  # whatever the form says
    assert find(shop, "Product", 1) is None


def test_what_changed_meanwhile_is_told_before_values_are_set(
    shop: Newsroom, kim: FlaskClient
) -> None:
    address = deleted(shop, product(shop, 1))
    form = fetch(kim, address).plan
    product(shop, 1, slug="another")
    response = send(kim, form, **FILLED)
    assert response.status_code == 409
    (onward,) = (each for each in read(response.text).forms if each.values.get("chosen") == "1")
    assert onward.values["value-price"] == "12.50"


def test_a_long_value_is_kept_when_the_new_plan_is_reviewed(
    shop: Newsroom, kim: FlaskClient
) -> None:
    lamp = product(shop, 1)
    first = newest(shop)
    lamp.slug, lamp.name = "old-lamp", "Old lamp"
    shop.db.session.commit()
    product(shop, 2, slug="lamp-1")
    form = fetch(kim, f"/history/records/product/1/{first}/revert").plan
    find(shop, "Product", 1).name = "Older lamp"
    shop.db.session.commit()
    long = "a lamp, " * 2000
    response = send(kim, form, **{"value-slug": long})
    assert response.status_code == 409
    (onward,) = (each for each in read(response.text).forms if each.values.get("chosen") == "1")
    assert onward.method == "post"
    before = newest(shop)
    review = send(kim, onward)
    assert review.status_code == 200 and newest(shop) == before
    assert read(review.text).plan.values["value-slug"] == long


# --- unique values ------------------------------------------------------------------------------


def test_who_has_a_value_is_shown_and_another_one_can_be_given(
    shop: Newsroom, kim: FlaskClient
) -> None:
    lamp = product(shop, 1)
    first = newest(shop)
    lamp.slug, lamp.name = "old-lamp", "Old lamp"
    shop.db.session.commit()
    product(shop, 2, slug="lamp-1", name="New lamp")
    page = fetch(kim, f"/history/records/product/1/{first}/revert")
    assert "Product 2 , “New lamp”, has “lamp-1” by now, and no two may." in page.text
    assert "/history/records/product/2" in page.links
    assert page.plan.values.getlist("field") == ["name"]
    # left empty, the field stays as it is
    assert send(kim, page.plan).status_code == 303
    assert (find(shop, "Product", 1).slug, find(shop, "Product", 1).name) == ("old-lamp", "Lamp 1")
    page = fetch(kim, f"/history/records/product/1/{first}/revert")
    assert send(kim, page.plan, **{"value-slug": "lamp-one"}).status_code == 303
    assert find(shop, "Product", 1).slug == "lamp-one"


def test_a_value_that_is_taken_too_is_refused_and_stays_in_the_form(
    shop: Newsroom, kim: FlaskClient
) -> None:
    lamp = product(shop, 1)
    first = newest(shop)
    lamp.slug = "old-lamp"
    shop.db.session.commit()
    product(shop, 2, slug="lamp-1")
    product(shop, 3)
    form = fetch(kim, f"/history/records/product/1/{first}/revert").plan
    response = send(kim, form, **{"value-slug": "lamp-3"})
    assert response.status_code == 409
    page = read(response.text)
    assert "Product 3 has it by now" in page.text
    assert page.plan.values["value-slug"] == "lamp-3"


def test_a_record_that_comes_back_needs_a_value_that_is_free(
    shop: Newsroom, kim: FlaskClient
) -> None:
    lamp = product(shop, 1, code=7)
    address = deleted(shop, lamp)
    product(shop, 2, slug="lamp-1", code=7)
    page = fetch(kim, address)
    assert send(kim, page.plan, **FILLED).status_code == 422
    assert send(kim, page.plan, **FILLED, **{"value-slug": "again"}).status_code == 303
    back = find(shop, "Product", 1)
    assert (back.slug, back.code) == ("again", None)


def test_a_child_whose_value_is_taken_asks_for_another(shop: Newsroom, kim: FlaskClient) -> None:
    lamp = product(shop, 1)
    lamp.parts = [shop.models.Part(id=1, serial="s1", maker="Ann")]
    shop.db.session.commit()
    address = deleted(shop, lamp)
    other = product(shop, 2)
    other.parts = [shop.models.Part(id=9, serial="s1", maker="Ann")]
    shop.db.session.commit()
    page = fetch(kim, address)
    given = FILLED | {"value-parts+1/maker": "Bea"}
    assert send(kim, page.plan, **given).status_code == 422
    assert send(kim, page.plan, **given, **{"value-parts+1/serial": "s2"}).status_code == 303
    assert [part.serial for part in find(shop, "Product", 1).parts] == ["s2"]


def test_of_values_that_are_unique_together_either_may_be_another(
    shop: Newsroom, kim: FlaskClient
) -> None:
    seat = shop.models.Seat(id=1, row=1, place=1)
    shop.db.session.add(seat)
    shop.db.session.commit()
    first = newest(shop)
    seat.row, seat.place = 8, 8
    shop.db.session.add(shop.models.Seat(id=2, row=1, place=1))
    shop.db.session.commit()
    page = fetch(kim, f"/history/records/seat/1/{first}/revert")
    assert page.plan.values.getlist("field") == ["row", "place"]
    assert send(kim, page.plan).status_code == 409
    assert send(kim, page.plan, **{"value-place": "2"}).status_code == 303
    assert (find(shop, "Seat", 1).row, find(shop, "Seat", 1).place) == (1, 2)


def test_what_somebody_changed_since_decides_whether_values_are_taken_together(
    shop: Newsroom, kim: FlaskClient
) -> None:
    seat = shop.models.Seat(id=1, row=1, place=1)
    shop.db.session.add(seat)
    shop.db.session.commit()
    seat.row = 8
    shop.db.session.commit()
    number = newest(shop)
    seat.place = 5
    shop.db.session.add(shop.models.Seat(id=2, row=1, place=1))
    shop.db.session.commit()
    page = fetch(kim, f"/history/transactions/{number}/undo")
    assert "has 1 by now" not in page.text and "To fill in" not in page.text
    assert send(kim, page.plan).status_code == 303
    assert (find(shop, "Seat", 1).row, find(shop, "Seat", 1).place) == (1, 5)


def test_an_undo_takes_another_value_where_its_own_is_taken(
    shop: Newsroom, kim: FlaskClient
) -> None:
    lamp = product(shop, 1)
    lamp.slug = "old-lamp"
    shop.db.session.commit()
    number = newest(shop)
    product(shop, 2, slug="lamp-1")
    page = fetch(kim, f"/history/transactions/{number}/undo")
    assert send(kim, page.plan).status_code == 422
    assert send(kim, page.plan, **{"value-slug": "lamp-one"}).status_code == 303
    assert find(shop, "Product", 1).slug == "lamp-one"


def test_who_has_a_value_is_not_told_to_those_who_may_not_see_that_record(
    shop: Newsroom, kim: FlaskClient
) -> None:
    address = deleted(shop, product(shop, 1))
    bare = kim.get(address).text
    product(shop, 2, slug="lamp-1", name="Secret lamp")

    class SecondIsHidden(DefaultPolicy):
        def decide(self, action, user, *, record=None, **about):
            if getattr(record, "name", "") == "Secret lamp":
                return deny("Not for you.")
            return super().decide(action, user, record=record, **about)

    with decided_by(shop, SecondIsHidden):
        page = fetch(kim, address)
        assert page.text == read(bare).text
        # nor does an address make the page tell
        assert (
            read(kim.get(f"{address}?chosen=1&value-slug=x&field=slug").text).text.count("Slug")
            == 1
        )
        response = send(kim, page.plan, **FILLED)
        assert response.status_code == 409
        refused = read(response.text)
        assert "Secret" not in refused.text and "Product 2" not in refused.text
        assert "It has to be unique, and “lamp-1” is not free." in refused.text
        assert refused.plan.values["value-price"] == "12.50"
        given = FILLED | {"value-slug": "lamp-one"}
        assert send(kim, refused.plan, **given).status_code == 303
    assert find(shop, "Product", 1).slug == "lamp-one"
