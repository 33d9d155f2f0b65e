"""P7 with joined inheritance: what hierarchies cost more, as the budget says."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.capture.shop import run
from tests.support.documents import ROOT
from tests.support.statements import statements

BUDGETS = tomllib.loads((ROOT / "benchmarks" / "budgets.toml").read_text())


@pytest.fixture
def write() -> str:
    return "commit"


@pytest.fixture
def reviews(shop: Any) -> Any:
    """More reviews, the newest of them being number 103."""
    with shop.sessions() as session:
        session.add_all(shop.Review(id=i, title="r", body="b", stars=0) for i in range(5, 104))
        session.commit()
    run(shop, sa.update(shop.Item).where(shop.Item.id == 1).values(title="which are complete"))
    return shop


def cost(shop: Any, *sent: Any) -> int:
    with statements(shop.engine) as found:
        run(shop, *sent)
    return len(found) - len(sent)


@pytest.mark.parametrize("work", ["update", "delete"])
def test_a_statement_asks_each_table_of_the_hierarchy(reviews: Any, work: str) -> None:
    budget = BUDGETS[reviews.engine.dialect.name]
    expected = budget["flush"][work] + budget["bulk"][work]
    expected += (len(reviews.tables) - 1) * budget["hierarchy"][work]
    item = reviews.tables[0]

    def statement(first: int, last: int) -> Any:
        made = item.update().values(title="x") if work == "update" else item.delete()
        return made.where(item.c.id.between(first, last))

    assert cost(reviews, statement(5, 7)) == cost(reviews, statement(8, 90)) == expected


@pytest.mark.parametrize("by", ["flush", "key", "criteria"])
def test_another_table_than_the_root_costs_a_lock_of_the_root(reviews: Any, by: str) -> None:
    """One for a flush, whatever its number of objects and of statements."""
    lock = BUDGETS[reviews.engine.dialect.name]["lock"][by]
    item, article = reviews.tables[:2]

    def flush(first: int, last: int, *names: str) -> int:
        with reviews.sessions() as session:
            model = reviews.Review
            found = session.scalars(sa.select(model).where(model.id.between(first, last))).all()
            with statements(reviews.engine) as sent:
                for number, review in enumerate(found):
                    setattr(review, names[number % len(names)], "7")
                session.commit()
        return sum(" item" in each and "SELECT s.id" in each[:11] for each in sent)

    if by == "flush":
        assert flush(5, 7, "title") == 0
        assert flush(8, 10, "body") == flush(11, 60, "body", "stars") == lock
    elif by == "key":
        root, part = (t.update().where(t.c.id == 5) for t in (item, article))
        assert cost(reviews, part.values(body="x")) - cost(reviews, root.values(title="x")) == lock
        assert cost(reviews, part.values(body="y"), part.values(body="z")) == cost(
            reviews, part.values(body="1")
        )
    else:
        root, part = (t.update().where(t.c.id < 60) for t in (item, article))
        assert cost(reviews, part.values(body="x")) - cost(reviews, root.values(title="x")) == lock
