"""Sealing and erasing by processes that are killed: what is there is whole, and can go on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from flask_continuum import erase, seal, verify
from flask_continuum.plugins import SealPlugin
from tests.engine.maintenance.people import Club, build, write_story
from tests.faults.keeping import KEY
from tests.faults.test_killed import PATIENCE, wait_until_gone
from tests.support.documents import ROOT

SECRET = "xyzzy"


@pytest.fixture
def club(engine: sa.Engine) -> Iterator[Club]:
    made = build(engine, plugins=(SealPlugin(),))
    write_story(made, SECRET)
    for points in range(20):
        with made.sessions() as session:
            session.get(made.Member, 2).points = 100 + points
            session.commit()
    yield made


def kill(club: Club, job: str, lines: int, after: float) -> None:
    """Have a process do a job, and kill it a little after it has told so many lines."""
    url = club.engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.keeping", url, job],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(lines)]
    assert told[0] == "begun\n"
    time.sleep(after)
    process.kill()
    process.communicate(timeout=PATIENCE)
    wait_until_gone(club.engine)


def test_a_seal_is_whole_and_goes_on(club: Club) -> None:
    kill(club, "seal", 5, 0.004)
    with club.sessions() as session:
        assert verify(session, club.manager, seals=True, key=KEY).is_clean
        seal(session, club.manager, key=KEY)
        assert verify(session, club.manager, seals=True, key=KEY).is_clean
        seals = session.scalar(sa.text("SELECT COUNT(*) FROM history_seal"))
        assert seals == session.scalar(sa.select(sa.func.count(club.manager.transaction_cls.id)))


@pytest.mark.parametrize("after", [0.02, 0.08])
def test_all_is_erased_or_nothing(club: Club, after: float) -> None:
    before = club.texts()
    kill(club, "erase", 1, after)
    assert club.texts() == before or SECRET not in club.texts()
    with club.sessions() as session:
        erase(session, (club.Member, 1), club.manager, live=True, reasons=True)
        assert verify(session, club.manager).is_clean
    assert SECRET not in club.texts()
