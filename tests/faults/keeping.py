"""A process that seals or erases, and tells when it has begun and what is done: to be killed."""

from __future__ import annotations

import sys

import sqlalchemy as sa

from flask_continuum import erase, seal
from flask_continuum.plugins import SealPlugin
from tests.engine.maintenance.people import build

KEY = "a key of the tests"


def main(url: str, job: str) -> None:
    """Do a job on the club in a database."""
    club = build(sa.create_engine(url), plugins=(SealPlugin(),))
    with club.sessions() as session:
        print("begun", flush=True)
        if job == "seal":
            seal(session, club.manager, key=KEY, chunk=1, progress=lambda n: print(n, flush=True))
        else:
            erase(session, (club.Member, 1), club.manager, live=True, reasons=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
