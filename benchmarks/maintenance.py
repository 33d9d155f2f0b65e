"""Maintenance of a long history: how long each job takes, and how much memory it needs.

Run as ``python -m benchmarks.maintenance``: makes a million versions of a hundred thousand records,
and as many rows without a version, in a database of its own, and runs the jobs over them one after
the other. Each must leave a history that ``verify`` finds nothing in. With ``--seals`` the history
is sealed first, and the jobs after that keep its seals sound.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from benchmarks.databases import KINDS, fresh
from flask_continuum import baseline, prune, seal, verify
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.plugins import SealPlugin

EACH = 10
"""Versions of a record."""
TOGETHER = 100
"""Records that one transaction changes."""
BATCH = 5000
BOUND = 100
"""Megabytes that the jobs may add to what the process had before them."""
START = datetime(2026, 1, 1)


class Base(DeclarativeBase):
    """The models' base."""


class Article(Base):
    """What has a long history."""

    __tablename__ = "article"
    __versioned__: dict[str, object] = {}
    id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    title = sa.Column(sa.String(100))
    body = sa.Column(sa.Text)


class Note(Base):
    """What had rows before it had a history."""

    __tablename__ = "note"
    __versioned__: dict[str, object] = {}
    id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    text = sa.Column(sa.String(100))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description="Measure maintenance of a long history.")
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help="sqlite, postgresql, mariadb; all by default"
    )
    parser.add_argument("--versions", type=int, default=1_000_000)
    parser.add_argument("--seals", action="store_true", help="seal the history before")
    arguments = parser.parse_args()
    kinds = arguments.kinds or KINDS
    for kind in kinds:
        if len(kinds) > 1:
            # a process of its own for each: what the one before needed would not be seen
            own = [sys.executable, "-m", __spec__.name, kind, "--versions", f"{arguments.versions}"]
            subprocess.run([*own, "--seals"] if arguments.seals else own, check=True)
            continue
        with fresh(kind) as url:
            measure(kind, url, arguments.versions, seals=arguments.seals)


def measure(kind: str, url: str, versions: int, *, seals: bool) -> None:
    """Run all jobs on one database.

    :param seals: whether its history is sealed.
    :raises SystemExit: when a job leaves damage, or takes too much memory.
    """
    engine = sa.create_engine(url)
    sessions = sessionmaker(engine)
    manager = VersioningManager(user_cls=None, plugins=[SealPlugin()] if seals else [])
    manager.attach(Base, sessions, engine)
    try:
        Base.metadata.create_all(engine)
        began = time.perf_counter()
        furnish(engine, manager, versions)
        print(f"{kind}: {versions:,} versions made in {time.perf_counter() - began:.0f} s")
        before = memory()
        with sessions() as session:
            for name, job in jobs(session, manager, versions, seals=seals):
                began = time.perf_counter()
                said = job()
                took = time.perf_counter() - began
                print(
                    f"  {name:<24} {took:6.1f} s  +{memory() - before:3.0f} MB  {said}", flush=True
                )
        if memory() - before > BOUND:
            raise SystemExit(f"{kind}: more than {BOUND} MB")
    finally:
        manager.detach()
        engine.dispose()


def jobs(
    session: Session, manager: VersioningManager, versions: int, *, seals: bool
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the jobs in their order."""
    half = START + timedelta(seconds=versions // TOGETHER // 2)

    def sound(*, seals: bool = False) -> str:
        report = verify(session, manager, seals=seals)
        session.rollback()
        if not report.is_clean:
            raise SystemExit(str(report))
        return "nothing found"

    def sealed() -> str:
        (link,) = seal(session, manager)
        return link

    yield "verify", sound
    if seals:
        yield "seal", sealed
        yield "verify with seals", lambda: sound(seals=True)
    yield "prune, dry run", lambda: dict(prune(session, manager, older_than=half, dry_run=True))
    yield "prune the older half", lambda: dict(prune(session, manager, older_than=half))
    yield "prune all but the last", lambda: dict(prune(session, manager, keep=1))
    yield "verify", sound
    yield "baseline", lambda: dict(baseline(session, manager))
    yield "verify", lambda: sound(seals=seals)


def furnish(engine: sa.Engine, manager: VersioningManager, versions: int) -> None:
    """Write a history as the capture would have written it, without its cost."""
    registry = manager.registry
    registry.configure()
    (history,) = registry.history.values()
    records = versions // EACH
    article, note = registry.of(Article).table, registry.of(Note).table
    rounds = records // TOGETHER
    with engine.begin() as connection:
        connection.execute(
            sa.delete(history.history_column).where(
                history.history_column.c.table_name == note.version.fullname
            )
        )
        insert(
            connection,
            history.transaction,
            (
                {
                    "issued_at": START + timedelta(seconds=number),
                    "uid": f"{number:032}",
                }
                for number in range(1, EACH * rounds + 1)
            ),
        )
        text = "All the news that fits. " * 10
        insert(
            connection,
            article.live,
            ({"id": n, "title": f"{n} {EACH - 1}", "body": text} for n in range(records)),
        )
        insert(
            connection,
            article.version,
            (
                {
                    "id": n,
                    "title": f"{n} {each}",
                    "body": text,
                    "transaction_id": each * rounds + n // TOGETHER + 1,
                    "end_transaction_id": None
                    if each == EACH - 1
                    else (each + 1) * rounds + n // TOGETHER + 1,
                    "operation_type": min(each, 1),
                }
                for n in range(records)
                for each in range(EACH)
            ),
        )
        insert(connection, note.live, ({"id": n, "text": f"{n}"} for n in range(records)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
        else:
            connection.exec_driver_sql("ANALYZE" if engine.dialect.name == "sqlite" else "DO 0")


def insert(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows, some at a time, past every listener of ours."""
    statement = table.insert()
    while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
        connection.execute(statement, batch, execution_options={"continuum_own": True})


def memory() -> float:
    """Return the most that the process has ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
