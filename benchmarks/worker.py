"""A process of one contender on one database: does a workload whenever it is told to.

It reads one JSON object a line, such as ``{"workload": "W1", "size": 10, "measure": "seconds"}``,
and answers each with one. It runs in the contender's own environment, which has none of this
project's packages but this one.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import platform
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from benchmarks.contenders import contender
from benchmarks.models import declare
from benchmarks.workloads import Desk, Timed, workload


def main(name: str, url: str) -> None:
    """Serve a contender until the input ends."""
    warnings.simplefilter("ignore")  # peers have theirs
    who = contender(name)
    engine = engine_for(url)
    with engine.begin() as connection:
        for text in who.before:
            connection.exec_driver_sql(text)
    desk = Desk(engine, declare(who))
    say(versions(who.package))
    for line in sys.stdin:
        order = json.loads(line)
        try:
            say(measured(desk, order))
        except Exception as error:
            # the table says so, and why; the next workload has fresh tables
            say({"error": f"{type(error).__name__}: {error}"[:500]})
            engine.dispose()


def say(answer: dict[str, Any]) -> None:
    """Write an answer."""
    print(json.dumps(answer), flush=True)


def versions(package: str | None) -> dict[str, Any]:
    """Return what this process runs on."""
    names = ["sqlalchemy", *([package.replace("_", "-")] if package else [])]
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version(), **found}


def engine_for(url: str) -> sa.Engine:
    """Return an engine; SQLite writes ahead, as a web application's would."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def connect(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def measured(desk: Desk, order: dict[str, Any]) -> dict[str, Any]:
    """Prepare a workload on fresh tables, do it, and return what was measured.

    :param order: ``workload``, ``size``, and as ``measure`` one of ``seconds``, ``statements``,
        ``bytes`` (the peak of what Python has allocated meanwhile).
    """
    desk.models.metadata.drop_all(desk.engine)
    desk.models.metadata.create_all(desk.engine)
    timed = workload(order["workload"]).make(desk, order["size"])
    gc.collect()
    return {order["measure"]: METERS[order["measure"]](desk, timed)}


def seconds(desk: Desk, timed: Timed) -> float:
    """Return the seconds on the wall."""
    start = time.perf_counter()
    timed()
    return time.perf_counter() - start


def statements(desk: Desk, timed: Timed) -> int:
    """Return how many statements were sent, each call of the driver counted once."""
    count = 0

    def before_cursor_execute(*_: Any) -> None:
        nonlocal count
        count += 1

    sa.event.listen(desk.engine, "before_cursor_execute", before_cursor_execute)
    try:
        timed()
    finally:
        sa.event.remove(desk.engine, "before_cursor_execute", before_cursor_execute)
    return count


def peak(desk: Desk, timed: Timed) -> int:
    """Return the greatest number of bytes that Python had allocated."""
    tracemalloc.start()
    try:
        timed()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


METERS: dict[str, Callable[[Desk, Timed], float]] = {
    "seconds": seconds,
    "statements": statements,
    "bytes": peak,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
