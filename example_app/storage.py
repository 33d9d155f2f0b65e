"""Where the newsroom keeps its data: the SQLite file, its settings, and the first filling."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from example_app.demo import fill


def default_address(folder: str) -> str:
    """Return the address of the SQLite file in the instance folder."""
    return f"sqlite:///{Path(folder, 'newsroom.sqlite')}"


def secret_key(folder: str) -> str:
    """Return the key that signs sessions, made at the first start and kept beside the data.

    :param folder: the instance folder; made when it is missing
    :returns: 64 hexadecimal signs
    """
    file = Path(folder, "secret_key")
    file.parent.mkdir(parents=True, exist_ok=True)
    # Two processes may start at once: only one of them makes the file, both read it.
    with suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32))
    return file.read_text(encoding="ascii")


def make_demo_file(
    address: str, folder: str, create_app: Callable[[dict[str, Any]], Flask]
) -> None:
    """Write the demo data into a new SQLite file; an existing file stays as it is.

    The file is filled beside its place and moved there when it is complete, so that a first start
    that was interrupted leaves nothing half done, and of two first starts one wins whole. A
    database that is no file is left alone.

    :param address: the database's address
    :param folder: the instance folder, where a file without a folder belongs
    :param create_app: makes the application that fills the file
    """
    url = sa.make_url(address)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    file = Path(folder, url.database)
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{draft}", "DEMO_DATA": False})
        with app.app_context():
            fill()
            database: SQLAlchemy = app.extensions["sqlalchemy"]
            database.session.remove()
            database.engine.dispose()
        move_unless_taken(draft, file)
    finally:
        for leftover in file.parent.iterdir():
            if leftover.name.startswith(draft.name):
                leftover.unlink()


def move_unless_taken(draft: Path, file: Path) -> None:
    """Give a file its final name; one that has the name already stays."""
    try:
        os.link(draft, file)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        draft.replace(file)


def prepare(database: SQLAlchemy) -> None:
    """Set up the connections of SQLite, and bring the tables to what the models say."""
    if database.engine.dialect.name == "sqlite":
        sa.event.listen(database.engine, "connect", set_up_sqlite)
    flask_migrate.upgrade()


def set_up_sqlite(connection: Any, record: Any) -> None:
    """Let readers work beside a writer, and hold SQLite to its foreign keys."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
