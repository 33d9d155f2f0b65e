"""Databases of the benchmarks: made for one contender, dropped when it is done."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

SERVERS = {
    "postgresql": ("CONTINUUM_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1/postgres"),
    "mariadb": ("CONTINUUM_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1/?charset=utf8mb4"),
}
KINDS = ("sqlite", *SERVERS)


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """Lend the address of an empty database of a kind.

    :raises OperationalError: when its server does not answer.
    """
    if kind == "sqlite":
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'benchmark.sqlite'}"
        return
    variable, default = SERVERS[kind]
    url = sa.make_url(os.environ.get(variable, default))
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"continuum_benchmark_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            force = " WITH (FORCE)" if kind == "postgresql" else ""
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")


def version(kind: str) -> str:
    """Return what the server of a kind calls itself."""
    with fresh(kind) as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            asked = "sqlite_version()" if kind == "sqlite" else "version()"
            text: str = connection.exec_driver_sql(f"SELECT {asked}").scalar_one()
    return text.split(" (")[0].removeprefix("PostgreSQL ").split("-")[0]
