"""P5 under torture: writers in threads and processes want the same few records at the same time.

The suite runs a short version; ``make torture`` a long one, whose conflicts are printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
import sqlalchemy as sa

from tests.engine.invariants import check
from tests.support.databases import Database
from tests.support.documents import ROOT
from tests.torture.writers import Score, engine_for, furnish, prepare, write_in_threads

SECONDS = float(os.environ.get("CONTINUUM_TEST_TORTURE", "1"))
MODES = [
    ("commit", "orderly"),
    ("flush", "wild"),
    ("native", "wild"),
    ("commit", "wild"),
    ("flush", "orderly"),
]
MODES = MODES if SECONDS > 5 else MODES[:3]
LEVELS = {
    "sqlite": ("SERIALIZABLE",),
    "postgresql": ("READ COMMITTED", "REPEATABLE READ"),
    "mariadb": ("READ COMMITTED", "REPEATABLE READ"),
}
CASES = [
    pytest.param(kind, level, id=f"{kind}-{level.replace(' ', '-').lower()}")
    for kind, levels in LEVELS.items()
    for level in levels
]


@pytest.mark.parametrize(("database_kind", "isolation"), CASES, indirect=["database_kind"])
@pytest.mark.parametrize(("write", "order"), MODES)
def test_history_stands_writers_at_once(
    database: Database, isolation: str, write: str, order: str
) -> None:
    orderly = order == "orderly"
    torture = prepare(engine_for(database.url, isolation), write)
    newsroom = torture.newsroom
    furnish(torture)
    # an even length of the seed makes the processes orderly too
    others = [
        start(database.url, isolation, write, seed if orderly else f"{seed}!")
        for seed in ("p0", "p1")
    ]
    score = write_in_threads(torture, "t", 3, SECONDS, orderly=orderly)
    for each in others:
        score.add(finish(each))
    print(f"\n  {database.kind}, {isolation}, {write}, {order}: {score}")
    newsroom.engine.dispose()
    check(database.create_engine(), newsroom.manager)
    newsroom.manager.detach()
    assert score.failures == []
    assert score.committed


def start(url: sa.URL, isolation: str, write: str, seed: str) -> subprocess.Popen[str]:
    text = url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.torture.writers", text, isolation, write, seed, str(SECONDS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Score:
    output, _ = process.communicate(timeout=SECONDS + 60)
    assert process.returncode == 0
    committed, rolled_back, conflicts, failures = json.loads(output)
    return Score(committed, rolled_back, Counter(conflicts), failures)
