"""An application puts the pages into a frame of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Blueprint, Flask, render_template

from flask_continuum.admin.folders import find_folders
from flask_continuum.templating import add_words
from tests.browser.newsroom_pages import PAGES

OWN_FRAME = """<!doctype html>
<title>{% block title %}Own{% endblock %}</title>
<nav>Own menu</nav>
<div class="hc hc-embed">
{% include "continuum/partials/heading.html" %}
{% block content %}{% endblock %}
</div>
"""


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    folders = find_folders()
    app = Flask(__name__, template_folder=str(tmp_path))
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
    (tmp_path / "continuum").mkdir()
    return app


@pytest.mark.parametrize("name", PAGES)
def test_every_page_stands_in_a_frame_of_the_application(
    app: Flask, tmp_path: Path, name: str
) -> None:
    (tmp_path / "continuum" / "base.html").write_text(OWN_FRAME, "utf-8")
    template, make = PAGES[name]
    with app.test_request_context():
        page = render_template(f"continuum/{template}.html", page=make())
    assert page.count("<nav>Own menu</nav>") == 1
    assert "Skip to content" not in page
    assert '<div class="hc hc-embed">' in page


def test_the_frame_can_be_filled_instead_of_replaced(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "continuum" / "base.html").write_text(
        '{% extends "continuum/frame.html" %}\n'
        '{% block head %}<link rel="stylesheet" href="/own.css">{% endblock %}\n'
        "{% block footer %}<footer>Own foot</footer>{% endblock %}\n",
        "utf-8",
    )
    template, make = PAGES["model"]
    with app.test_request_context():
        page = render_template(f"continuum/{template}.html", page=make())
    assert page.index("continuum/pages.css") < page.index("/own.css") < page.index("</head>")
    assert "<footer>Own foot</footer>" in page and "hc-top" in page


def test_one_part_may_be_replaced_alone(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "continuum" / "partials").mkdir()
    (tmp_path / "continuum" / "partials" / "header.html").write_text("<b>Own</b>", "utf-8")
    template, make = PAGES["model"]
    with app.test_request_context():
        page = render_template(f"continuum/{template}.html", page=make())
    assert "<b>Own</b>" in page
    assert "hc-top" not in page
    assert "Skip to content" in page
