from __future__ import annotations

import pytest

from flask_continuum.admin.folders import find_folders
from flask_continuum.settings import CONTENT_SECURITY_POLICY
from tests.admin.conftest import close
from tests.admin.newsroom import make_newsroom

ADDRESSES = [
    "/history/",
    "/history/records/article/1",
    "/history/records/article/1/2/revert",
    "/history/nowhere",
    "/history/records/article?cursor=x",
    "/history/records/article?format=json",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_is_protected(newsroom, story, maya, tom, address):
    for client in (maya, tom, newsroom.app.test_client()):
        headers = client.get(address).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-store"
        assert "Accept" in headers["Vary"]


def test_the_stylesheet_may_be_kept(newsroom):
    response = newsroom.app.test_client().get("/history/static/continuum/continuum.css")
    response.close()
    assert response.status_code == 200
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in response.headers["Cache-Control"]
    assert "no-store" not in response.headers["Cache-Control"]


@pytest.fixture
def without_policy(tmp_path):
    made = make_newsroom(f"sqlite:///{tmp_path / 'plain.sqlite'}", CONTINUUM_CSP=None)
    yield made
    close(made)


def test_the_policy_can_be_left_to_the_application(without_policy):
    headers = without_policy.login(without_policy.app.test_client()).get("/history/").headers
    assert "Content-Security-Policy" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_have_no_inline_script_or_style(newsroom, story, maya):
    for address in ADDRESSES:
        html = maya.get(address).text
        assert "<style" not in html and " style=" not in html
        assert "<script>" not in html and " onclick=" not in html


def test_folders_are_found_in_the_package_first(tmp_path):
    package = tmp_path / "package"
    for root in (package, tmp_path):
        (root / "templates" / "continuum").mkdir(parents=True)
        (root / "templates" / "continuum" / "base.html").touch()
    assert find_folders(package).static == package / "static"
    (package / "templates" / "continuum" / "base.html").unlink()
    assert find_folders(package).templates == tmp_path / "templates"
    (tmp_path / "templates" / "continuum" / "base.html").unlink()
    with pytest.raises(FileNotFoundError, match="incomplete"):
        find_folders(package)
