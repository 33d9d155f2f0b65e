"""Applications whose suites use pytest-flask: its fixtures and its pushed context do no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import Continuum
from flask_continuum.testing import versions_of

db = SQLAlchemy()
continuum = Continuum(db=db)
login_manager = LoginManager()


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50))


class Article(db.Model):
    __versioned__ = {}
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(50))


@login_manager.user_loader
def load(user_id):
    return db.session.get(User, int(user_id))


@pytest.fixture
def app():
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="s",
        SQLALCHEMY_DATABASE_URI="sqlite://",
        CONTINUUM_ADMIN_USER=lambda user: user.name == "Maya",
    )
    db.init_app(app)
    login_manager.init_app(app)
    continuum.init_app(app)

    @app.post("/articles")
    def create():
        login_user(db.session.get(User, 1))
        db.session.add(Article(id=1, title="Harbour"))
        db.session.commit()
        return "", 201

    with app.app_context():
        db.create_all()
        db.session.add(User(id=1, name="Maya"))
        db.session.commit()
    return app


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_factory_called_for_each_test(client, time):
    assert client.post("/articles").status_code == 201
    article = db.session.get(Article, 1)
    (version,) = versions_of(article)
    assert (version.title, version.transaction.user_id) == ("Harbour", 1)


def test_the_pages_under_its_client(client):
    assert client.get("/history/").status_code in (302, 401)
    client.post("/articles")
    response = client.get("/history/records/article/1")
    assert response.status_code == 200
    assert b"Harbour" in response.data
"""


def test_a_suite_of_an_application_with_pytest_flask(tmp_path: Path) -> None:
    (tmp_path / "test_application.py").write_text(SUITE)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout
