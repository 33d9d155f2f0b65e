"""Maintenance that is killed and started again ends as if nobody had interrupted it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from flask_continuum import verify
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build
from tests.faults.maintaining import JOBS
from tests.faults.test_killed import PATIENCE, wait_until_gone
from tests.support.documents import ROOT
from tests.support.kept import empty

RECORDS = range(1, 6)
KILLED_AFTER: Mapping[str, tuple[int, ...]] = {
    "baseline": (9, 9),
    "prune": (25, 50),
    "repair": (60, 90),
    "vacuum": (4, 4),
}
"""Statements after which a process is killed; then another one goes on."""


@pytest.fixture
def newsroom(newsroom_engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(newsroom_engine, kept=True)
    yield newsroom
    newsroom.manager.detach()


def furnish(newsroom: Newsroom, job: str) -> None:
    """Write a history with something to do for a job."""
    empty(newsroom.engine, newsroom.manager)
    for number in range(3):
        with newsroom.commit() as session:
            for key in RECORDS:
                session.merge(newsroom.Section(id=key, name=f"{number}"))
                session.merge(newsroom.Tag(id=key, name=f"{key}.{number}"))
    statements = {
        "baseline": (
            "DELETE FROM history_column WHERE table_name = 'place_version'",
            *(f"INSERT INTO place (country, number, name) VALUES ('x', {n}, '')" for n in RECORDS),
        ),
        "prune": (),
        "repair": (
            "UPDATE section SET name = 'outside'",
            "UPDATE section_version SET end_transaction_id = NULL WHERE transaction_id = 1",
            "UPDATE tag_version SET operation_type = 0 WHERE transaction_id = 2",
            "DELETE FROM tag WHERE id > 2",
        ),
        "vacuum": ("UPDATE section_version SET name = '1' WHERE transaction_id = 1",),
    }
    with newsroom.engine.begin() as connection:
        for statement in statements[job]:
            connection.exec_driver_sql(statement, execution_options={"continuum_own": True})
        newsroom.manager.completeness.forget(connection)


def state(newsroom: Newsroom) -> Any:
    """All of history; transactions by their order, without what differs from run to run."""
    (history,) = newsroom.manager.registry.history.values()
    found: dict[str, Any] = {}
    with newsroom.engine.connect() as connection:
        transactions = connection.execute(
            sa.select(history.transaction).order_by(history.transaction.c.id)
        ).all()
        rank = {row.id: number for number, row in enumerate(transactions)}
        found["transactions"] = [(row.kind, _timeless(row.context)) for row in transactions]
        found["recorded"] = sorted(map(repr, connection.execute(sa.select(history.history_column))))
        for table in newsroom.manager.registry.tables.values():
            rows = []
            for row in connection.execute(sa.select(table.version)).mappings():
                values = {column.key: row[column] for column in table.version.c}
                values["transaction_id"] = rank[values["transaction_id"]]
                values["end_transaction_id"] = rank.get(values["end_transaction_id"])
                rows.append(sorted(values.items()))
            found[table.version.name] = sorted(rows, key=repr)
    return found


def _timeless(told: Any) -> Any:
    if isinstance(told, Mapping):
        return {
            key: _timeless(value) for key, value in told.items() if key not in ("since", "until")
        }
    if isinstance(told, list):
        return [_timeless(each) for each in told]
    return "an instant" if isinstance(told, str) and told.count(":") == 2 else told


def run(newsroom: Newsroom, job: str, killed_after: int | None = None) -> None:
    """Do a job in a process of its own; kill it in the middle where asked for."""
    newsroom.engine.dispose()
    url = newsroom.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.maintaining", url, job, f"{killed_after or ''}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if killed_after is None:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        return
    assert process.stdout is not None
    assert process.stdout.readline(), "it was done before it could be killed"
    process.kill()
    process.communicate(timeout=PATIENCE)
    wait_until_gone(newsroom.engine)


@pytest.mark.parametrize("job", JOBS)
def test_it_goes_on_where_it_was(newsroom: Newsroom, job: str) -> None:
    furnish(newsroom, job)
    before = state(newsroom)
    run(newsroom, job)
    expected = state(newsroom)
    assert expected != before
    furnish(newsroom, job)
    for statements in KILLED_AFTER[job]:
        run(newsroom, job, killed_after=statements)
    run(newsroom, job)
    assert state(newsroom) == expected
    with newsroom.session() as session:
        report = verify(session, newsroom.manager)
    assert report.is_clean, str(report)
    check(newsroom.engine, newsroom.manager)
