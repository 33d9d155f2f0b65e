"""Empty databases of three kinds for tests, made for one run and dropped at its end."""

from __future__ import annotations

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

# Without TLS: each test connects anew, and for each connection PyMySQL reads all of the machine's
# certificates first, which takes longer than most tests.
POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres?sslmode=disable"
MARIADB = "mysql+pymysql://root@127.0.0.1:3306/?charset=utf8mb4&ssl_disabled=true"
ASYNC_DRIVERS = {"sqlite": "aiosqlite", "postgresql": "psycopg_async", "mysql": "aiomysql"}
KINDS = ("sqlite", "postgresql", "mariadb")
NO_SUCH_THREAD = 1094


class Unavailable(Exception):
    """The server does not answer; the text says which and why."""


@dataclass(slots=True)
class Database:
    """One empty database; every engine made for it is disposed after the test."""

    kind: str
    url: sa.URL
    _engines: list[sa.Engine] = field(default_factory=list)

    def create_engine(self, **options: Any) -> sa.Engine:
        """Return another engine for this database, ``options`` as for ``sa.create_engine``."""
        engine = sa.create_engine(self.url, **options)
        self._engines.append(engine)
        return engine

    @property
    def uri(self) -> str:
        """The address with its password, as ``SQLALCHEMY_DATABASE_URI`` wants it."""
        return self.url.render_as_string(hide_password=False)

    def dispose(self) -> None:
        """Close every connection of the engines made here."""
        while self._engines:
            self._engines.pop().dispose()


class Source(ABC):
    """Gives out empty databases of one kind."""

    kind: str

    @contextmanager
    def database(self, folder: Path) -> Iterator[Database]:
        """Lend an empty database; ``folder`` is the test's own, for databases that are files."""
        database = Database(self.kind, self._take(folder))
        try:
            yield database
        finally:
            database.dispose()
            self._give_back(database.url)

    @abstractmethod
    def _take(self, folder: Path) -> sa.URL: ...

    @abstractmethod
    def _give_back(self, url: sa.URL) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Drop whatever this run has made."""


class Files(Source):
    """SQLite: a new file each time, with the driver's defaults."""

    kind = "sqlite"

    def _take(self, folder: Path) -> sa.URL:
        name = f"{secrets.token_hex(4)}.sqlite"
        return sa.URL.create("sqlite", database=str(folder / name))

    def _give_back(self, url: sa.URL) -> None:
        assert url.database is not None
        Path(url.database).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is left: each file went with its test."""


class Server(Source):
    """A database server: databases are kept from test to test and emptied in between.

    A test that needs two at a time gets two; most runs make one per server.
    """

    #: Arguments for the driver that turn a cleaning blocked by a forgotten lock into an error.
    patience: ClassVar[Mapping[str, str]]

    def __init__(self, url: sa.URL) -> None:
        """Connect to the server at ``url``; :class:`Unavailable` when it does not answer."""
        self._url = url
        self._free: list[sa.URL] = []
        self._made: list[str] = []
        self._admin = sa.create_engine(
            url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5, **self.patience}
        )
        try:
            self._admin.connect().close()
        except sa.exc.OperationalError as error:
            self._admin.dispose()
            where = url.render_as_string()
            raise Unavailable(f"{self.kind} does not answer at {where}") from error

    def _take(self, folder: Path) -> sa.URL:
        if self._free:
            return self._free.pop()
        name = f"continuum_test_{os.getpid()}_{secrets.token_hex(3)}"
        with self._admin.connect() as connection:
            self._create(connection, name)
        self._made.append(name)
        return self._url.set(database=name)

    def _give_back(self, url: sa.URL) -> None:
        assert url.database is not None
        with self._admin.connect() as connection:
            self._disconnect_others(connection, url.database)
            self._empty(connection, url)
        self._free.append(url)

    def close(self) -> None:
        with self._admin.connect() as connection:
            for name in self._made:
                self._disconnect_others(connection, name)
                connection.exec_driver_sql(f"DROP DATABASE {name}")
        self._admin.dispose()

    @abstractmethod
    def _create(self, connection: sa.Connection, name: str) -> None: ...

    @abstractmethod
    def _disconnect_others(self, connection: sa.Connection, name: str) -> None:
        """End what a failed test left connected: its locks would block the cleaning."""

    @abstractmethod
    def _empty(self, connection: sa.Connection, url: sa.URL) -> None: ...


class PostgreSQL(Server):
    """PostgreSQL: a database whose schema ``public`` is made anew."""

    kind = "postgresql"
    patience: ClassVar[Mapping[str, str]] = {"options": "-c lock_timeout=20s"}

    def _create(self, connection: sa.Connection, name: str) -> None:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        # Tests kill clients, never the server: a COMMIT need not wait for the disk.
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")

    def _disconnect_others(self, connection: sa.Connection, name: str) -> None:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = :name AND pid <> pg_backend_pid()"
            ),
            {"name": name},
        )

    def _empty(self, connection: sa.Connection, url: sa.URL) -> None:
        engine = sa.create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            connect_args=dict(self.patience),
        )
        with engine.connect() as inside:
            schemas = inside.scalars(
                sa.text(
                    "SELECT quote_ident(nspname) FROM pg_namespace"
                    " WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
                )
            )
            for schema in schemas.all():
                inside.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
            inside.exec_driver_sql("CREATE SCHEMA public")


class MariaDB(Server):
    """MariaDB: a database with the server's default collation, dropped and made anew."""

    kind = "mariadb"
    patience: ClassVar[Mapping[str, str]] = {"init_command": "SET SESSION lock_wait_timeout = 20"}

    def _create(self, connection: sa.Connection, name: str) -> None:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")

    def _disconnect_others(self, connection: sa.Connection, name: str) -> None:
        others = connection.scalars(
            sa.text(
                "SELECT id FROM information_schema.processlist"
                " WHERE db = :name AND id <> connection_id()"
            ),
            {"name": name},
        )
        for thread in others.all():
            try:
                connection.exec_driver_sql(f"KILL CONNECTION {int(thread)}")
            except sa.exc.OperationalError as error:
                assert error.orig is not None
                if error.orig.args[0] != NO_SUCH_THREAD:  # it may have gone by itself meanwhile
                    raise

    def _empty(self, connection: sa.Connection, url: sa.URL) -> None:
        connection.exec_driver_sql(f"DROP DATABASE {url.database}")
        connection.exec_driver_sql(f"CREATE DATABASE {url.database}")


def open_source(kind: str) -> Source:
    """Return the source of databases of ``kind``; :class:`Unavailable` says what is missing."""
    match kind:
        case "sqlite":
            return Files()
        case "postgresql":
            return PostgreSQL(sa.make_url(os.environ.get("CONTINUUM_TEST_POSTGRESQL", POSTGRESQL)))
        case "mariadb":
            return MariaDB(sa.make_url(os.environ.get("CONTINUUM_TEST_MARIADB", MARIADB)))
        case _:
            raise ValueError(f"no such kind of database: {kind!r}")


def async_url(url: sa.URL) -> sa.URL:
    """Return the address of the same database for an engine of asyncio."""
    kind = url.get_backend_name()
    url = url.set(drivername=f"{kind}+{ASYNC_DRIVERS[kind]}")
    return url.difference_update_query(["ssl_disabled"])  # aiomysql does without unless told
