"""A hidden value has no influence: the same crawl with two secrets gives equal bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from flask_continuum.admin.records import title_of
from flask_continuum.policy import Action, DefaultPolicy, deny
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
    "/history/changes?q=sesame",
    "/history/changes?q=harbour&format=csv",
    "/history/changes?model=article&field=api_token",
    "/history/records/article?as_of=1",
    "/history/records/article?as_of=1&q=sesame",
    "/history/records/article/1/compare?from=1&to=2&show=all",
    "/history/records/article/1/compare?from=1&to=now&show=all&layout=inline",
    "/history/records/article/2/6/revert",
]
RANDOM = re.compile(
    r'[0-9a-f]{32}(?![0-9a-f])|name="continuum_token" value="[^"]*"|\d\d:\d\d(:\d\d)? UTC'
    r'|name="(time|day)" value="[^"]*"'
)


def crawl(client) -> Iterator[tuple[str, str]]:
    """Every page that links lead to, with what is random in it taken out."""
    waiting, seen = list(STARTS), set()
    while waiting:
        address = waiting.pop(0)
        name = RANDOM.sub("*", address)
        if name in seen or not address.startswith("/history/") or "as_of=20" in name:
            continue  # elsewhere, seen already, or one of many steps in time
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


class Discreet(DefaultPolicy):
    """Hides a relationship, and a foreign key."""

    def decide(self, action, user, *, field=None, relationship=None, **subject):
        if action is Action.VIEW_FIELD and (relationship == "tags" or field == "section_id"):
            return deny("Not for your eyes.")
        return super().decide(action, user, field=field, relationship=relationship, **subject)


class Embargo(DefaultPolicy):
    """Hides the title of one article."""

    def decide(self, action, user, *, record=None, version=None, field=None, **subject):
        thing = record if record is not None else version
        if action is Action.VIEW_FIELD and field == "title" and getattr(thing, "id", None) == 1:
            return deny("Not before Monday.")
        about = {"record": record, "version": version, "field": field}
        return super().decide(action, user, **about, **subject)


def test_a_search_does_not_find_what_one_record_hides(tmp_path):
    made = make_newsroom(f"sqlite:///{tmp_path / 'newsroom.sqlite'}", policy=Embargo)
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        made.db.session.add(made.models.Article(title="Harbour lights"))
        made.db.session.commit()
    client = made.login(made.app.test_client())
    for page in ("/history/?q=", "/history/records/article?q="):
        found = client.get(f"{page}harbour").text
        assert "Harbour lights" in found and '/records/article/1"' not in _main(found)
        assert '/records/article/1"' in _main(client.get(f"{page}1").text)
    close(made)


def _main(text):
    """The search's results: without the feed, which names every record."""
    return text[text.index("<main") :].partition("Latest transactions")[0]


def test_a_hidden_link_is_hidden_by_either_of_its_names(tmp_path):
    made = make_newsroom(f"sqlite:///{tmp_path / 'discreet.sqlite'}", policy=Discreet)
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
    client = made.login(made.app.test_client())
    article = "/history/records/article/1"
    for address in (
        article,
        f"{article}/1",
        f"{article}/3",
        f"{article}/compare?from=1&to=now&show=all",
        f"{article}/1/revert",
    ):
        response = client.get(address)
        assert response.status_code == 200
        text = read(response.text).text
        for word in ("harbour", "City", "Transport", "Metro"):
            assert word not in text, (address, word)
    assert client.get(f"{article}?field=section_id").status_code == 400
    assert client.get(f"{article}?field=tags").status_code == 400
    with made.app.app_context():
        form = read(client.get(f"{article}/1/revert").text).plan
        form.values.add("field", "section_id")
        form.values.add("relation", "tags+1")
        assert client.post(form.action, data=form.values).status_code == 303
        after = made.db.session.get(made.models.Article, 1)
        assert (after.section.name, [tag.name for tag in after.tags]) == ("Transport", ["harbour"])
    close(made)


def test_a_label_function_does_not_see_what_is_hidden():
    def label_of(thing):
        return f"{thing.name} {thing.token}"

    def failing(thing):
        return thing.token.upper()

    thing = SimpleNamespace(name="Door", token="sesame")
    for label, expected in ((label_of, "Door None"), (failing, None), ("token", None)):
        versioned = SimpleNamespace(options=SimpleNamespace(label=label))
        assert title_of(versioned, thing, {"token": "A secret."}) == expected
