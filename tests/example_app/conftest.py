"""The newsroom for tests: once with its demo data, once empty, each test with a file of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from example_app.demo import fill
from tests.example_app.opening import NOW, close, open_newsroom, token


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the demo data as they are at ``NOW``."""
    file = tmp_path_factory.mktemp("newsroom") / "filled.sqlite"
    newsroom = open_newsroom(file)
    with newsroom.app_context():
        fill(NOW)
    close(newsroom)
    return file


@pytest.fixture
def newsroom(filled_file: Path, tmp_path: Path) -> Iterator[Flask]:
    """The newsroom with its demo data; the test may change it."""
    newsroom = open_newsroom(shutil.copy(filled_file, tmp_path / "newsroom.sqlite"))
    yield newsroom
    close(newsroom)


@pytest.fixture
def empty_newsroom(tmp_path: Path) -> Iterator[Flask]:
    """The newsroom with tables and nothing in them."""
    newsroom = open_newsroom(tmp_path / "empty.sqlite")
    yield newsroom
    close(newsroom)


@pytest.fixture
def log_in(newsroom: Flask) -> Callable[[str], FlaskClient]:
    """Return a browser in which somebody has logged in, by their handle."""

    def logged_in(handle: str) -> FlaskClient:
        client = newsroom.test_client()
        answer = client.post("/login", data={"handle": handle, "csrf_token": token(client)})
        assert answer.status_code == 302
        return client

    return logged_in
