"""``CONTINUUM_READ_BIND``: pages read from a replica, plans and what they do from the database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from flask_continuum import ImproperlyConfigured, feed
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import Newsroom, make_newsroom
from tests.admin.pages import read
from tests.support.availability import LeftOut

PROGRAMS = Path("/usr/lib/postgresql")


def submit(client: FlaskClient, plan: TestResponse) -> TestResponse:
    """Do what a page of a plan offers."""
    form = read(plan.text).plan
    return client.post(form.action, data=form.values)


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Newsroom]:
    """A newsroom and a copy of it that stays behind: section 1 is renamed in one only."""
    primary, replica = tmp_path / "primary.sqlite", tmp_path / "replica.sqlite"
    made = make_newsroom(
        f"sqlite:///{primary}",
        SQLALCHEMY_BINDS={"replica": f"sqlite:///{replica}"},
        CONTINUUM_READ_BIND="replica",
    )
    with made.app.app_context():
        write_story(made, secrets=("sesame", "open"))
        made.db.session.remove()
    shutil.copy(primary, replica)
    with made.app.app_context():
        made.db.session.get(made.models.Section, 1).name = "Only in the primary"
        made.db.session.commit()
    yield made
    close(made)


def test_pages_read_from_the_replica_and_plans_from_the_database(copied: Newsroom) -> None:
    client = copied.login(copied.app.test_client())
    for address in (
        "/history/",
        "/history/changes",
        "/history/records/section",
        "/history/records/section/1",
        "/history/changes?format=csv",
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert "Metro" in page.text or address == "/history/"
        assert "Only in the primary" not in page.text
        page.close()
    assert "Only in the primary" in client.get("/history/records/section/1/1/revert").text


def test_the_page_behind_a_change_knows_of_it(copied: Newsroom) -> None:
    client = copied.login(copied.app.test_client())
    plan = client.get("/history/records/section/1/1/revert")
    answer = submit(client, plan)
    assert answer.status_code == 303
    with copied.app.app_context():
        assert copied.db.session.get(copied.models.Section, 1).name == "City"
    behind = client.get(answer.location)
    assert "Only in the primary" in behind.text
    assert "Only in the primary" not in client.get(answer.location).text


def test_the_connection_is_given_back(copied: Newsroom) -> None:
    client = copied.login(copied.app.test_client())
    client.get("/history/records/section/1")
    with client.get("/history/changes?format=jsonl") as page:
        assert page.text
    with copied.app.app_context():
        pool: Any = copied.db.engines["replica"].pool
        assert pool.checkedout() == 0


def test_a_bind_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="READ_BIND is 'replica'"):
        make_newsroom(f"sqlite:///{tmp_path / 'x'}", CONTINUUM_READ_BIND="replica")


class Cluster:
    """A PostgreSQL server of this test's own, in a folder of the user that it runs as."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        address = f"postgres@127.0.0.1:{self.port}/postgres?sslmode=disable"
        return f"postgresql+psycopg://{address}"

    def run(self, program: str, *words: str) -> None:
        command = [str(self.programs / program), *words]
        if os.geteuid() == 0:  # which no server of PostgreSQL runs as
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = str(self.folder.with_suffix(".log"))
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder), "-m", "immediate", "stop")


@pytest.fixture
def streaming(left_out: LeftOut) -> Iterator[tuple[Cluster, Cluster]]:
    """A server and its standby, which follows by streaming replication."""
    found = sorted(PROGRAMS.glob("*/bin/pg_basebackup"))
    if not found or (os.geteuid() == 0 and shutil.which("runuser") is None):
        left_out.leave_out("no programs of PostgreSQL to make a standby with")
    folder = Path(tempfile.mkdtemp(prefix="continuum-replica-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    primary, standby = (Cluster(folder / name, found[-1].parent) for name in ("one", "two"))
    started = []
    try:
        words = ["-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions"]
        primary.run("initdb", "-D", str(primary.folder), *words)
        primary.start()
        started.append(primary)
        source = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres"]
        standby.run(
            "pg_basebackup", *source, "-D", str(standby.folder), "-R", "-c", "fast", "--no-sync"
        )
        standby.start()
        started.append(standby)
        yield primary, standby
    finally:
        for each in reversed(started):
            each.stop()
        shutil.rmtree(folder)


def test_a_standby_that_streams(streaming: tuple[Cluster, Cluster]) -> None:
    primary, standby = streaming
    made = make_newsroom(
        primary.url, SQLALCHEMY_BINDS={"standby": standby.url}, CONTINUUM_READ_BIND="standby"
    )
    client = made.login(made.app.test_client())
    section = "/history/records/section/1"

    def rename(name: str) -> None:
        with made.app.app_context():
            made.db.session.get(made.models.Section, 1).name = name
            made.db.session.commit()

    def ask(question: str, *, of: str) -> Any:
        with made.app.app_context(), made.db.engines[of].connect() as connection:
            return connection.execute(sa.text(question)).scalar()

    def catch_up() -> None:
        with made.app.app_context(), made.db.engine.connect() as connection:
            there = connection.execute(sa.text("SELECT pg_current_wal_insert_lsn()")).scalar()
        behind = f"SELECT pg_last_wal_replay_lsn() < '{there}'"
        deadline = time.monotonic() + 10
        while ask(behind, of="standby"):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    try:
        with made.app.app_context():
            write_story(made, secrets=("sesame", "open"))
        catch_up()
        assert "Metro" in client.get(section).text
        ask("SELECT pg_wal_replay_pause()", of="standby")
        rename("Only in the primary")
        assert "Only in the primary" not in client.get(section).text
        plan = client.get(f"{section}/1/revert")
        assert "Only in the primary" in plan.text
        answer = submit(client, plan)
        assert answer.status_code == 303
        assert "Only in the primary" in client.get(answer.location).text  # what is behind it
        ask("SELECT pg_wal_replay_resume()", of="standby")
        catch_up()
        assert "Only in the primary" in client.get(section).text
        with (
            made.app.app_context(),
            Session(made.db.engines["standby"]) as session,
            pytest.raises(ImproperlyConfigured, match="standby"),
        ):
            feed(session, made.continuum.manager)
    finally:
        close(made)
