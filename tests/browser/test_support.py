"""The browser fixtures themselves: what goes wrong in a page is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, Response
from playwright.sync_api import Page

from tests.support.browser import Visitor
from tests.support.live_server import live_server
from tests.support.look import find_overflow, find_violations, take_picture


@pytest.fixture
def address() -> Iterator[str]:
    app = Flask(__name__)

    @app.get("/<int:status>/<path:body>")
    def answer(status: int, body: str) -> Response:
        page = f"<!doctype html><title>t</title><link rel=icon href='data:,'>{body}"
        csp = (
            {}
            if body.startswith("<html")
            else {"Content-Security-Policy": "default-src 'self'; img-src 'self' data:"}
        )
        return Response(page, status, csp)

    with live_server(app) as address:
        yield address


def test_pages_are_served_in_the_size_and_theme_asked_for(
    address: str, new_page: Callable[..., Page]
) -> None:
    page = new_page(width=375, theme="dark")
    page.goto(f"{address}/200/<h1>Hello")
    assert page.inner_text("h1") == "Hello"
    assert page.evaluate("innerWidth") == 375
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.parametrize("status", [403, 404, 409])
def test_a_refusal_is_no_complaint(address: str, visitor: Visitor, status: int) -> None:
    visitor.open().goto(f"{address}/{status}/no")
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("<script>1</script>", "Content Security Policy"),
        ("<img src=/missing.png alt=x>", "404"),
        ("<p style='color: red'>", "Content Security Policy"),
    ],
)
def test_what_goes_wrong_in_a_page_is_heard(
    address: str, visitor: Visitor, body: str, word: str
) -> None:
    page = visitor.open()
    page.goto(f"{address}/200/{body}")
    page.wait_for_load_state("networkidle")
    assert any(word in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


GOOD = "<html lang=en><meta name=viewport content='width=device-width'><main><h1>Good</h1></main>"


def test_what_not_everybody_can_use_is_found(address: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(f"{address}/200/{GOOD}")
    assert find_violations(page) == []
    page.goto(f"{address}/200/{GOOD}<main><h1 style='color: %23eee'>Bad</h1><img src='data:,'>")
    assert {line.partition(":")[0] for line in find_violations(page)} >= {
        "color-contrast",
        "image-alt",
    }
    tiny = (
        "<button style='padding: 0; border: 0; font-size: 8px; width: 9px; height: 9px'>x</button>"
    )
    page.goto(f"{address}/200/{GOOD}<main>{tiny}{tiny}")
    assert "target-size" in {line.partition(":")[0] for line in find_violations(page)}


def test_what_does_not_fit_is_found(address: str, new_page: Callable[..., Page]) -> None:
    page = new_page(width=375)
    wide = "<p id=wide style='width: 600px'>wide</p>"
    page.goto(f"{address}/200/{GOOD}<div style='overflow-x: auto'>{wide}</div>")
    assert find_overflow(page) == []
    page.goto(f"{address}/200/{GOOD}{wide}")
    (found,) = find_overflow(page)
    assert 'id="wide"' in found


def test_pictures_go_where_they_are_asked_for(
    address: str,
    new_page: Callable[..., Page],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONTINUUM_TEST_PICTURES", str(tmp_path / "images"))
    page = new_page()
    page.goto(f"{address}/200/{GOOD}")
    path = take_picture(page, "good")
    assert path == tmp_path / "images" / "good.png"
    assert path.read_bytes().startswith(b"\x89PNG")
