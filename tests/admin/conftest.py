from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.admin.newsroom import Newsroom, make_newsroom

START = datetime(2026, 3, 3, 10, 20)
"""When the story of the tests begins."""


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    """An empty newsroom in a file, with its application context."""
    made = make_newsroom(f"sqlite:///{tmp_path / 'newsroom.sqlite'}")
    with made.app.app_context():
        yield made
    close(made)


def close(newsroom: Newsroom) -> None:
    """Give the files back."""
    with newsroom.app.app_context():
        newsroom.db.session.remove()
        for engine in newsroom.db.engines.values():
            engine.dispose()


@pytest.fixture
def maya(newsroom: Newsroom) -> FlaskClient:
    """A client of the one who may see and undo everything."""
    return newsroom.login(newsroom.app.test_client(), 1)


@pytest.fixture
def tom(newsroom: Newsroom) -> FlaskClient:
    """A client of one who is logged in and may see nothing."""
    return newsroom.login(newsroom.app.test_client(), 2)


@pytest.fixture
def story(newsroom: Newsroom) -> Any:
    """The article 1 after four changes, a deleted article 2, and what belongs to them.

    #1 creates article 1 in section City with tag draft; #2 changes title, body, the secret and
    adds tag harbour; #3 moves it to Transport, renames City to Metro and adds a comment; #4 takes
    the tag draft away; #5 creates article 2 and #6 deletes it.
    """
    return write_story(newsroom, secrets=("sesame", "open"))


def write_story(newsroom: Newsroom, *, secrets: tuple[str, str]) -> Any:
    """Write the story with two values of the secret."""
    models, session = newsroom.models, newsroom.db.session

    @contextmanager
    def step(number: int, reason: str | None = None, actor: str = "Ines Okafor") -> Iterator[None]:
        at = START + timedelta(days=number)
        with newsroom.continuum.transaction(reason=reason, actor=actor, issued_at=at):
            yield
            session.commit()

    with step(1, "First draft"):
        city, draft = models.Section(name="City"), models.Tag(name="draft")
        harbour = models.Tag(name="harbour")
        article = models.Article(
            title="Harbour bridge",
            body="The work cost 41 million.\n\nTolls stay suspended.",
            words=812,
            settings={"wordCount": 812, "seo": {"keywords": ["bridge"]}},
            api_token=secrets[0],
            section=city,
            tags=[draft],
        )
        session.add_all([article, harbour])
    with step(2):
        article.title = "Harbour bridge reopens"
        article.body = "The work cost 38 million.\n\nTolls stay suspended."
        article.api_token = secrets[1]
        article.tags = [draft, harbour]
    with step(3, actor="wire-import"):
        article.section = models.Section(name="Transport")
        article.settings = {"wordCount": 639, "seo": {"keywords": ["bridge", "ferry"]}}
        article.comments.append(models.Comment(text="Great news"))
        city.name = "Metro"
    with step(4):
        article.tags = [harbour]
    with step(5):
        gone = models.Article(title="<script>alert('gone')</script>", api_token=secrets[0])
        session.add(gone)
    with step(6):
        session.delete(gone)
    session.expire_all()
    return article


@pytest.fixture(scope="session")
def lasting_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The application of the proofs over all routes; see :mod:`tests.admin.site`."""
    from tests.admin.site import Site  # which takes the story from here

    made = Site(tmp_path_factory.mktemp("site") / "newsroom.sqlite")
    yield made
    made.close()


@pytest.fixture
def site(lasting_site: Any) -> Any:
    """The same application for each test, which leaves it as it was."""
    return lasting_site
