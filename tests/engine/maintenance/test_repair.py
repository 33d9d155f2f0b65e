"""Each kind of damage is mended: then ``verify`` finds nothing, and live rows are as before."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum import FindingKind, HistoryWriteError, repair, timeline, verify
from tests.engine.invariants import check
from tests.engine.maintenance.test_verify import SABOTAGE, damage, found
from tests.engine.maintenance.test_verify import newsroom as newsroom  # the fixture
from tests.engine.maintenance.test_verify_shapes import damage as damage_shapes
from tests.engine.maintenance.test_verify_shapes import family as family
from tests.engine.newsroom import Newsroom


def live_rows(newsroom: Newsroom) -> list[Any]:
    tables = [table.live for table in newsroom.manager.registry.tables.values()]
    with newsroom.engine.connect() as connection:
        return [
            sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in sorted(tables, key=lambda each: each.fullname)
        ]


@pytest.mark.parametrize("name", SABOTAGE)
def test_damage_is_mended(newsroom: Newsroom, name: str) -> None:
    sql, expected = SABOTAGE[name]
    damage(newsroom, *sql.split(";"))
    assert found(newsroom) == expected
    before = live_rows(newsroom)
    with newsroom.session() as session:
        done = repair(session, newsroom.manager)
    assert done.report.is_clean, str(done)
    # a record whose only version is its deletion is mended as one without a beginning
    assert set(done.mended) >= {kind for kind, *_ in expected} - {FindingKind.RECORD_AFTER_DELETION}
    assert live_rows(newsroom) == before
    assert found(newsroom) == []
    if name != "history_column of nothing":
        check(newsroom.engine, newsroom.manager)
    # and history goes on
    if name == "gap" and newsroom.engine.dialect.name == "postgresql":
        # a transaction that was inserted with an id has not moved the sequence on
        damage(newsroom, "SELECT nextval(pg_get_serial_sequence('TRANSACTION', 'id'))")
    with newsroom.commit() as session:
        session.merge(newsroom.Section(id=1, name="goes on"))
        session.merge(newsroom.Place(country="es", number=2, name="goes on"))
        session.get(newsroom.Article, 1).tags = []
    assert found(newsroom) == []


def test_what_happened_outside_says_when(newsroom: Newsroom) -> None:
    damage(newsroom, "UPDATE section SET name = 'by hand'")
    with newsroom.session() as session:
        done = repair(session, newsroom.manager)
        assert dict(done.mended) == {FindingKind.OPEN_VERSION_DIFFERS: 1}
        newest, before, *_ = timeline(session, (newsroom.Section, (1,)))
        (change,) = newest.fields
        assert (change.key, change.old, change.new) == ("name", "four", "by hand")
        transaction = newest.transaction
        assert transaction.kind == "repair"
        told = transaction.context["repair"]
        assert told["since"] == before.transaction.issued_at.isoformat()
        assert told["since"] < told["until"]


def test_what_no_repair_can_mend_is_left(newsroom: Newsroom) -> None:
    damage(newsroom, "DROP TABLE place")
    with newsroom.session() as session:
        done = repair(session, newsroom.manager)
    assert dict(done.mended) == {}
    assert [each.kind for each in done.report.findings] == [FindingKind.TABLE_MISSING]
    newsroom.base.metadata.tables["place"].create(newsroom.engine)


@pytest.mark.parametrize("table", ["place_version", "history_column"])
def test_a_table_of_history_is_made_again(newsroom: Newsroom, table: str) -> None:
    damage(newsroom, f"DROP TABLE {table}")
    with newsroom.session() as session:
        done = repair(session, newsroom.manager)
    assert done.report.is_clean, str(done)
    assert found(newsroom) == []


def test_in_chunks(newsroom: Newsroom) -> None:
    damage(
        newsroom,
        *(f"INSERT INTO place (country, number, name) VALUES ('x', {n}, '')" for n in range(5)),
        "DELETE FROM comment",
    )
    told = []
    with newsroom.session() as session:
        done = repair(session, newsroom.manager, chunk=2, progress=lambda *each: told.append(each))
    assert done.report.is_clean
    assert sum(done.mended.values()) == 6
    assert len(told) >= 3
    with newsroom.session() as session, pytest.raises(ValueError, match="at least one"):
        repair(session, newsroom.manager, chunk=0)


def test_a_sound_history_is_left_alone(newsroom: Newsroom) -> None:
    with newsroom.session() as session:
        done = repair(session, newsroom.manager)
        assert dict(done.mended) == {}
        session.add(newsroom.Section(id=9, name="x"))
        session.flush()
        with pytest.raises(HistoryWriteError):
            repair(session, newsroom.manager)


def test_only_some_models_are_mended(newsroom: Newsroom) -> None:
    damage(newsroom, "UPDATE section SET name = 'x'", "UPDATE article SET title = 'x'")
    with newsroom.session() as session:
        repair(session, newsroom.manager, models=[newsroom.Article])
        left = verify(session, newsroom.manager).findings
    assert [each.table for each in left] == ["section"]


# -- joined inheritance ------------------------------------------------------------------------


def mend(world: Any) -> None:
    with world.sessions() as session:
        done = repair(session, world.manager)
    assert done.report.is_clean, str(done)


@pytest.mark.parametrize("transaction", [1, 2, 3])
@pytest.mark.parametrize("table", ["item_version", "article_item_version"])
def test_a_part_that_was_lost_is_written_again(
    family: Any, engine: sa.Engine, table: str, transaction: int
) -> None:
    damage_shapes(engine, f"DELETE FROM {table} WHERE id = 1 AND transaction_id = {transaction}")
    mend(family)
    with engine.connect() as connection:
        for each in ("item_version", "article_item_version"):
            asked = sa.text(f"SELECT transaction_id FROM {each} WHERE id = 1 ORDER BY 1")
            assert connection.scalars(asked).all() == [1, 2, 3]


def test_a_part_of_which_nothing_is_left_is_taken_from_the_live_row(
    family: Any, engine: sa.Engine
) -> None:
    damage_shapes(engine, "DELETE FROM article_item_version WHERE id = 1")
    mend(family)
    with engine.connect() as connection:
        asked = sa.text(
            "SELECT body FROM article_item_version WHERE id = 1 ORDER BY transaction_id"
        )
        assert connection.scalars(asked).all() == ["c", "c", "c"]


def test_what_changed_outside_in_one_part_is_written_in_both(
    family: Any, engine: sa.Engine
) -> None:
    damage_shapes(
        engine,
        "UPDATE article_item SET body = 'x'",
        "INSERT INTO item (id, kind) VALUES (7, 'item')",
    )
    mend(family)
    with engine.connect() as connection:
        newest = [
            connection.scalar(sa.text(f"SELECT MAX(transaction_id) FROM {each} WHERE id = 1"))
            for each in ("item_version", "article_item_version")
        ]
        assert newest[0] == newest[1] > 4
