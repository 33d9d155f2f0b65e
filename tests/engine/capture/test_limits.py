"""What is not captured: each line of docs/limits.md that no other test shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom, build
from tests.support.marks import on


@pytest.fixture
def newsroom(newsroom_engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(newsroom_engine, kept=True)
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="City"))
    yield newsroom
    newsroom.manager.detach()


def versions(newsroom: Newsroom) -> list[Any]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def test_raw_sql_is_not_seen(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.execute(sa.text("UPDATE section SET name = 'Metro'"))
    assert [row[1] for row in versions(newsroom)] == ["City"]


def test_a_commit_of_the_driver_is_not_seen(newsroom: Newsroom) -> None:
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.commit()
        session.rollback()
    assert [row[1] for row in versions(newsroom)] == ["City"]


@on("postgresql")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_key_that_others_deleted_is_inserted_again(newsroom: Newsroom, level: str) -> None:
    """The snapshot shows the version before as open, which has an end since."""
    with newsroom.engine.connect() as late:
        late = late.execution_options(isolation_level=level)
        late.execute(sa.select(newsroom.User.id)).all()  # the snapshot is taken
        with newsroom.commit() as session:
            session.delete(session.get(newsroom.Section, 1))
        # the application's own statement has nothing against it
        late.execute(sa.insert(newsroom.Section.__table__), {"id": 1, "name": "Metro"})
        with pytest.raises(sa.exc.OperationalError, match="could not serialize") as caught:
            late.commit()
        assert "section_version" in str(caught.value.statement)
        late.rollback()
    assert [(row[1], row[4]) for row in versions(newsroom)] == [("City", 0), ("City", 2)]
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="Metro"))
    assert [row[1] for row in versions(newsroom)] == ["City", "City", "Metro"]
