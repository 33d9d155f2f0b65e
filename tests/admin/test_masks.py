"""A hidden value has no influence: the same crawl with two secrets gives equal bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read

STARTS = [
    "/history/",
    "/history/?q=sesame",
    "/history/?q=harbour",
    "/history/records/article?q=sesame",
    "/history/records/article?deleted=1&q=sesame",
    "/history/records/article/1?field=api_token",
    "/history/records/article/1/compare?from=1&to=2&show=all",
    "/history/records/article/1/compare?from=1&to=now&show=all&layout=inline",
    "/history/records/article/2/6/revert",
]
RANDOM = re.compile(
    r'[0-9a-f]{32}(?![0-9a-f])|name="continuum_token" value="[^"]*"|\d\d:\d\d(:\d\d)? UTC'
)


def crawl(client) -> Iterator[tuple[str, str]]:
    """Every page that links lead to, with what is random in it taken out."""
    waiting, seen = list(STARTS), set()
    while waiting:
        address = waiting.pop(0)
        name = RANDOM.sub("*", address)
        if name in seen or not address.startswith("/history/"):
            continue
        seen.add(name)
        response = client.get(address)
        assert response.status_code in (200, 400, 404), address
        if not address.startswith("/history/static"):
            yield name, RANDOM.sub("*", response.text)
            waiting += [link.partition("#")[0] for link in read(response.text).links]


def pages_with(tmp_path, secrets) -> dict[str, str]:
    made = make_newsroom(f"sqlite:///{tmp_path / secrets[0]}.sqlite")
    with made.app.app_context():
        write_story(made, secrets=secrets)
    found = dict(crawl(made.login(made.app.test_client())))
    close(made)
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    return pages_with(folder, ("sesame", "open")), pages_with(folder, ("other", "other"))


def test_two_secrets_give_equal_pages(both):
    one, other = both
    assert one.keys() == other.keys()
    for address in one:
        assert one[address] == other[address], address


def test_the_crawl_saw_the_pages(both):
    one, _ = both
    assert len(one) > 25
    kinds = ("/compare", "/revert", "/undo", "/transactions/", "/records/article/1/3")
    for kind in kinds:
        assert any(kind in address for address in one), kind


def test_no_page_holds_the_secret(both):
    for address, html in both[0].items():
        if "q=sesame" not in address:
            assert "sesame" not in html, address


def test_a_hidden_field_shows_that_it_is_hidden(both):
    for address in ("/history/records/article/1", "/history/records/article/1/1"):
        assert "••••" in both[0][address]
        assert "A secret: its values are not shown." in both[0][address]
    plan = both[0]["/history/records/article/1/1/revert"]
    assert "Hidden by policy" in plan


def test_a_filter_by_a_hidden_field_is_no_filter(both):
    assert "names no field" in both[0]["/history/records/article/1?field=api_token"]
