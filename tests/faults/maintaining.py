"""A process that does maintenance until it is done, or waits in the middle for somebody to kill it.

Run as ``python -m tests.faults.maintaining URL JOB [STATEMENTS]``. After so many statements it says
so, and goes no further.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum import baseline, prune, repair, vacuum
from tests.engine.newsroom import Newsroom, build

CHUNK = 2

JOBS: Mapping[str, Callable[[Session, Newsroom], Any]] = {
    "baseline": lambda session, newsroom: baseline(session, newsroom.manager, chunk=CHUNK),
    "prune": lambda session, newsroom: prune(session, newsroom.manager, keep=1, chunk=CHUNK),
    "repair": lambda session, newsroom: repair(session, newsroom.manager, chunk=CHUNK),
    "vacuum": lambda session, newsroom: vacuum(session, newsroom.Section),
}


def main(url: str, job: str, statements: str = "") -> None:
    """Do it."""
    engine = sa.create_engine(url)
    newsroom = build(engine)  # the tables are there
    numbers = count(1)

    def wait(*told: Any) -> None:
        if f"{next(numbers)}" == statements:
            print("in the middle", flush=True)
            sys.stdin.read()

    sa.event.listen(engine, "after_cursor_execute", wait)
    with newsroom.session() as session:
        JOBS[job](session, newsroom)
        session.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
