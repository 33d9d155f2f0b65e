"""Sealing and checking seals from the command line, with the key of the configuration."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_continuum.extension import Continuum
from flask_continuum.plugins import SealPlugin
from tests.support.databases import Database


def make_app(url: str) -> tuple[Flask, Any]:
    app = Flask("archive")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, CONTINUUM_SEAL_KEY="a key of the tests")
    db = SQLAlchemy()
    continuum = Continuum(db=db, plugins=[SealPlugin()], user_cls=None)

    class Paper(db.Model):  # type: ignore[name-defined, misc]
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(50))

    db.init_app(app)
    continuum.init_app(app)
    with app.app_context():
        db.create_all()
        db.session.add(Paper(id=1, title="one"))
        db.session.commit()
    return app, db


def test_what_was_committed_is_sealed_and_checked(database: Database) -> None:
    app, db = make_app(database.url.render_as_string(hide_password=False))

    def run(*words: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["history", *words])
        return result.exit_code, result.output

    code, said = run("seal", "--json")
    first = json.loads(said)
    assert (code, first["sealed"], first["keyed"]) == (0, 1, True)
    assert run("seal") == (0, f"Nothing to do.\n{first['links'][0]}\n")
    assert run("verify", "--seals")[0] == 0
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE paper SET title = 'two'"))
        connection.execute(sa.text("UPDATE paper_version SET title = 'two'"))
    assert run("verify")[0] == 0
    code, said = run("verify", "--seals", "--json")
    assert code == 1
    assert json.loads(said)["counts"] == {"sealed-changed": 1}
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
