"""One newsroom for all commands on each kind of database; commands that write put it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.admin.conftest import close, write_story
from tests.admin.newsroom import Newsroom, make_newsroom
from tests.support.databases import KINDS


@dataclass(frozen=True)
class Shell:
    """The newsroom's command line."""

    newsroom: Newsroom

    def run(self, *words: str, answer: str | None = None, code: int = 0) -> str:
        """Run ``flask history …`` and return what it prints, errors included."""
        runner = self.newsroom.app.test_cli_runner()
        result = runner.invoke(args=["history", *words], input=answer)
        shown = result.output
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, shown
        return shown

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command with ``--json`` and return what it says."""
        return json.loads(self.run(*words, "--json", code=code))


@pytest.fixture(scope="module", params=KINDS)
def shell(
    request: pytest.FixtureRequest, sources: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    with sources.of(request.param).database(tmp_path_factory.mktemp("cli")) as database:
        newsroom = make_newsroom(database.url.render_as_string(hide_password=False))
        with newsroom.app.app_context():
            write_story(newsroom, secrets=("sesame", "open"))
        yield Shell(newsroom)
        close(newsroom)
        newsroom.continuum.manager.detach()
