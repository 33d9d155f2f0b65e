"""No template says anything that cannot be said in another language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template

from flask_continuum.admin.folders import find_folders
from flask_continuum.presenters.characters import visible
from flask_continuum.presenters.words import speaking
from flask_continuum.templating import add_words
from tests.browser.newsroom_pages import PAGES
from tests.support.pseudo import CLOSE, OPEN, Pseudo, unsaid


@pytest.fixture(scope="module")
def app() -> Flask:
    folders = find_folders()
    app = Flask(__name__)
    add_words(app)
    app.register_blueprint(
        Blueprint(
            "continuum",
            __name__,
            url_prefix="/history",
            template_folder=str(folders.templates),
            static_folder=str(folders.static),
            static_url_path="/static",
        )
    )
    return app


def texts_of(part: Any) -> Iterator[str]:
    """Every text in the context of a page."""
    if isinstance(part, str):
        yield from (part, visible(part))
    elif isinstance(part, (tuple, list)):
        for each in part:
            yield from texts_of(each)
    elif is_dataclass(part):
        for each in fields(part):
            yield from texts_of(getattr(part, each.name))


@pytest.mark.parametrize("name", PAGES)
def test_a_template_says_its_own_words_in_the_language_of_the_page(app: Flask, name: str) -> None:
    template, make = PAGES[name]
    page = make()  # in English: what the context brings is known here, and no word of the template
    with app.test_request_context(), speaking(Pseudo()):
        html = render_template(f"continuum/{template}.html", page=page)
    assert OPEN in html
    assert unsaid(html, texts_of(page)) == set()


def test_what_is_not_said_is_found() -> None:
    html = f'<p title="More">{OPEN}Said {OPEN}twice{CLOSE}{CLOSE} <b>not</b> said</p><p>Data 1</p>'
    found = unsaid(html, ["Data"])
    assert found == {"More", f"{OPEN}Said {OPEN}twice{CLOSE}{CLOSE} not said"}
