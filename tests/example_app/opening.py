"""How tests open the newsroom and fill in its forms."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from example_app import create_app
from example_app.extensions import db

NOW = datetime(2026, 11, 24, 12, 0)


def open_newsroom(file: Path) -> Flask:
    """Return an application on a file; nothing is filled in."""
    return create_app(
        {
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}",
            "SECRET_KEY": "for tests",
            "DEMO_DATA": False,
            "TESTING": True,
        }
    )


def close(newsroom: Flask) -> None:
    with newsroom.app_context():
        db.session.remove()
        db.engine.dispose()


def token(client: FlaskClient, address: str = "/login") -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(address).text)
    assert found is not None
    return found[1]
