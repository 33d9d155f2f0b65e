"""What the databases' own clients write is on the pages, with who it was."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import Continuum
from tests.support.availability import LeftOut
from tests.support.databases import Database

STATEMENTS = (
    "INSERT INTO article (id, title) VALUES (1, 'Harbour opens')",
    "UPDATE article SET title = 'Harbour closed' WHERE id = 1",
    "DELETE FROM article WHERE id = 1",
)


@pytest.fixture
def site(database: Database) -> Any:
    """Articles whose versions triggers write, and a client of somebody who may see them."""
    app = Flask("outside")
    app.config.update(
        SECRET_KEY="a secret of the tests",
        SQLALCHEMY_DATABASE_URI=database.uri,
        CONTINUUM_ADMIN_USER=lambda user: True,
        TESTING=True,
    )
    db = SQLAlchemy()
    continuum = Continuum(db=db, options={"native_versioning": True})

    class User(UserMixin, db.Model):  # type: ignore[name-defined]
        id = sa.Column(sa.Integer, primary_key=True)

    class Article(db.Model):  # type: ignore[name-defined]
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(50))

    db.init_app(app)
    continuum.init_app(app)
    LoginManager(app).user_loader(lambda number: db.session.get(User, int(number)))

    @app.get("/login")
    def login() -> str:
        login_user(db.session.get(User, 1))
        return ""

    with app.app_context():
        db.create_all()
        db.session.add(User(id=1))
        db.session.commit()
    client = app.test_client()
    client.get("/login")
    yield client
    with app.app_context():
        db.engine.dispose()
    continuum.manager.detach()


def write(database: Database, left_out: LeftOut) -> None:
    """Write as somebody does who sits at the database: each statement in a transaction."""
    url = database.url
    if database.kind == "sqlite":
        with closing(sqlite3.connect(url.database or "", isolation_level=None)) as connection:
            for statement in STATEMENTS:
                connection.execute(statement)
        return
    name = {"postgresql": "psql", "mariadb": "mariadb"}[database.kind]
    client = shutil.which(name)
    if client is None:
        left_out.leave_out(f"the command-line client {name} is not installed")
    command = [client or name]
    if database.kind == "postgresql":
        uri = url.set(drivername="postgresql").render_as_string(hide_password=False)
        command += ["-v", "ON_ERROR_STOP=1", "-qX", uri]
    else:
        command += [f"--host={url.host}", f"--port={url.port or 3306}", f"--user={url.username}"]
        command += [f"--password={url.password}"] if url.password else []
        command += ["--skip-ssl", str(url.database)]
    subprocess.run(command, input=";\n".join(STATEMENTS) + ";", text=True, check=True)


def test_they_are_on_every_page_as_from_outside(
    site: Any, database: Database, left_out: LeftOut
) -> None:
    write(database, left_out)
    timeline = site.get("/history/records/article/1")
    assert timeline.status_code == 200
    assert "Harbour opens" in timeline.text and "Harbour closed" in timeline.text
    assert timeline.text.count("Outside the application") >= 3
    found = site.get("/history/changes?kind=outside&format=json").json
    items = [item for day in found["days"] for item in day["items"]]
    assert len(items) == 3
    page = site.get(items[0]["transaction"]["url"]).text
    by = f"Outside the application, by the database user {database.url.username}"
    expected = {
        "sqlite": "A program outside the application",
        "postgresql": f"{by} (psql",
        "mariadb": by,
    }
    assert expected[database.kind] in page
