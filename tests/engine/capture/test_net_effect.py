"""P3, no noise: one version per record and transaction, and none where nothing changed."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom


def sections(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def transactions(newsroom: Newsroom) -> int:
    (history,) = newsroom.manager.registry.history.values()
    with newsroom.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(history.transaction)) or 0


@pytest.fixture
def section(newsroom: Newsroom) -> int:
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="City"))
    return 1


def test_insert_then_update_is_an_insert(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        section = newsroom.Section(id=1, name="City")
        session.add(section)
        session.flush()
        section.name = "Metro"
    assert sections(newsroom) == [(1, "Metro", 1, None, 0)]


def test_insert_then_delete_is_nothing(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        section = newsroom.Section(id=1, name="City")
        session.add(section)
        session.flush()
        session.delete(section)
    assert sections(newsroom) == []
    assert transactions(newsroom) == 0


def test_several_flushes_are_one_version(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        for name in ("a", "b", "c"):
            found.name = name
            session.flush()
    assert sections(newsroom) == [(1, "City", 1, 2, 0), (1, "c", 2, None, 1)]


def test_there_and_back_is_nothing(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "Metro"
        session.flush()
        found.name = "City"
    assert sections(newsroom) == [(1, "City", 1, None, 0)]
    assert transactions(newsroom) == 1


def test_setting_the_same_value_is_nothing(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "City"
    with newsroom.commit() as session:
        # never loaded, so SQLAlchemy cannot know and sends the update
        found = session.get(newsroom.Section, 1)
        session.expire(found)
        found.name = "City"
    assert transactions(newsroom) == 1


def test_delete_then_insert_of_the_same_key_is_an_update(newsroom: Newsroom, section: int) -> None:
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Section, 1))
        session.flush()
        session.add(newsroom.Section(id=1, name="Metro"))
    assert sections(newsroom) == [(1, "City", 1, 2, 0), (1, "Metro", 2, None, 1)]


def test_update_then_delete_keeps_what_the_record_held_last(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = "Metro"
        session.flush()
        session.delete(found)
    assert sections(newsroom) == [(1, "City", 1, 2, 0), (1, "Metro", 2, None, 2)]


def test_update_then_delete_of_a_record_whose_values_were_not_loaded(
    newsroom: Newsroom, section: int
) -> None:
    with newsroom.commit() as session:
        found = session.get(newsroom.Section, 1)
        found.name = newsroom.Section.name + "!"
        session.flush()
        session.expire(found)
        session.delete(found)
    assert sections(newsroom)[-1] == (1, "City!", 2, None, 2)


def test_only_excluded_columns_is_nothing(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Place(country="pt", number=1, name="Lisbon", note="a"))
    with newsroom.commit() as session:
        session.get(newsroom.Place, ("pt", 1)).note = "b"
    assert transactions(newsroom) == 1
    with newsroom.engine.connect() as connection:
        assert connection.scalar(sa.select(newsroom.Place.note)) == "b"


def test_case_and_accents_are_changes(newsroom: Newsroom, section: int) -> None:
    """MariaDB's default collation takes them for equal."""
    for name in ("CITY", "Cïty", "Cïty "):
        with newsroom.commit() as session:
            session.get(newsroom.Section, 1).name = name
    assert [row[1] for row in sections(newsroom)] == ["City", "CITY", "Cïty", "Cïty "]


def test_null_and_empty_are_different(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Place(country="pt", number=1, name=None))
    for name in ("", None, "x", None):
        with newsroom.commit() as session:
            session.get(newsroom.Place, ("pt", 1)).name = name
    found = rows(newsroom.engine, newsroom.registry_of(newsroom.Place).table)
    assert [row[2] for row in found] == [None, "", None, "x", None]


def test_a_record_changed_and_another_not(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=i, name=f"s{i}") for i in (1, 2, 3)])
    with newsroom.commit() as session:
        one, two, three = (session.get(newsroom.Section, i) for i in (1, 2, 3))
        one.name, two.name = "x", "y"
        session.flush()
        one.name = "s1"
        session.delete(three)
    assert sections(newsroom) == [
        (1, "s1", 1, None, 0),
        (2, "s2", 1, 2, 0),
        (2, "y", 2, None, 1),
        (3, "s3", 1, 2, 0),
        (3, "s3", 2, None, 2),
    ]


def test_a_rolled_back_transaction_leaves_nothing(newsroom: Newsroom, section: int) -> None:
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "lost"
        session.flush()
        session.rollback()
        session.add(newsroom.Section(id=2, name="kept"))
        session.commit()
    assert sections(newsroom) == [(1, "City", 1, None, 0), (2, "kept", 2, None, 0)]
