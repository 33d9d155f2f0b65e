"""A hidden value has no influence: the same crawl with two secrets gives equal bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from flask_continuum.admin.records import title_of
from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.admin.site import EDITOR, HALF_BLIND, KEPT_OUT, PEOPLE, Site, posting

TOKEN = re.compile(r'"continuum_token",? "?value"?[=:] ?"[^"]*"')
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STEPS = re.compile("as_of=20|day=")
"""Addresses of moments, of which each page has many."""


class Stopped(datetime):
    """A clock that stands still, so that no two pages differ by their time."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return NOW


def answer(response: Any) -> tuple[int, str | None, str]:
    """What a person reads, without what is random in it."""
    return response.status_code, response.location, TOKEN.sub("*", response.text)


def lines_of(answered: tuple[int, str | None, str]) -> list[str]:
    """An answer in pieces, so that a test that fails shows where two differ."""
    status, location, text = answered
    return [str(status), location or "", *text.splitlines()]


def crawl(site: Site, person: str) -> Iterator[tuple[str, Any]]:
    """Every page in every way, and every page that their links lead to."""
    client = site.client(person)
    waiting, seen = [each for place in site.places for each in place.addresses], set()
    asked = set(waiting)
    while waiting:
        address = waiting.pop(0)
        elsewhere = not address.startswith("/history/") or "/static/" in address
        if address in seen or elsewhere or (address not in asked and STEPS.search(address)):
            continue
        seen.add(address)
        response = client.get(address)
        assert response.status_code < 500, address
        yield address, answer(response)
        waiting += [link.partition("#")[0] for link in read(response.text).links]


def sent(site: Site, person: str) -> Iterator[tuple[str, Any]]:
    """What every form that writes is answered: without a token, with another plan, as it is."""
    client = site.client(person)
    for place in posting(site):
        shown = client.get(place.address)
        if shown.status_code != 200:
            continue
        form = read(shown.text).plan.values
        yield f"{place.name} without a token", answer(client.post(place.address, data={}))
        other = client.post(place.address, data={**form.to_dict(flat=False), "plan": "another"})
        yield f"{place.name} of another plan", answer(other)
        done = client.post(place.address, data=form)
        yield f"{place.name} is done", answer(done)
        for after in site.places:
            yield f"{place.name} and then {after.name}", answer(client.get(after.address))
        site.restore()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What each person reads in each of two stories that differ in what is hidden from them."""
    folder = tmp_path_factory.mktemp("masks")
    stories = {
        HALF_BLIND: {"secrets": ("other", "other"), "word": "tide"},
        KEPT_OUT: {"secrets": ("other", "other"), "word": "tide", "whole": True},
    }
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_continuum.admin.visit.datetime", Stopped)
        patch.setattr(
            "flask_continuum.engine.capture.writer.utcnow", lambda: NOW.replace(tzinfo=None)
        )
        patch.setattr("uuid.uuid4", lambda: UUID(int=99))
        first = Site(folder / "first.sqlite")
        for person, story in stories.items():
            other = Site(folder / f"{person}.sqlite", **story)
            found[person] = tuple(
                dict([*crawl(site, person), *sent(site, person)]) for site in (first, other)
            )
            other.close()
        first.close()
    return found


@pytest.mark.parametrize("person", [HALF_BLIND, KEPT_OUT])
def test_two_secrets_give_equal_pages(both, person):
    one, other = both[person]
    assert one.keys() == other.keys()
    for address in one:
        for first, second in zip(lines_of(one[address]), lines_of(other[address]), strict=True):
            assert first == second, address


def test_the_crawl_saw_the_pages(both, site):
    one, _ = both[HALF_BLIND]
    assert len(one) > 100
    for place in site.places:
        assert one[place.address][0] == place.route.get[list(PEOPLE).index(HALF_BLIND)]
    assert one["undo is done"][0] == one["revert is done"][0] == 303
    assert one["undo of another plan"][0] == 409
    for kind in ("/records/article/1/3", "/records/section/1/3", "/records/tag", "/transactions/"):
        assert any(kind in address for address in one), kind


def test_what_differs_is_seen_by_those_who_may(tmp_path):
    for person, word in ((HALF_BLIND, "tide"), (KEPT_OUT, "1812")):
        made = Site(tmp_path / f"{person}.sqlite", word="tide", whole=True)
        assert word in made.client(EDITOR).get("/history/records/article/1").text
        made.close()


def test_no_page_holds_the_secret(both):
    for person in (HALF_BLIND, KEPT_OUT):
        for address, (status, _, html) in both[person][0].items():
            if "q=sesame" not in address and status != 303:
                assert "sesame" not in html, (person, address)


def test_a_hidden_field_shows_that_it_is_hidden(both):
    pages = both[HALF_BLIND][0]
    for address in ("/history/records/article/1", "/history/records/article/1/2"):
        assert "••••" in pages[address][2]
        assert "A secret: its values are not shown." in pages[address][2]
    assert "Not this part." in pages["/history/records/article/1/2"][2]
    assert "Hidden by policy" in pages["/history/records/article/1/1/revert"][2]


def test_a_filter_by_a_hidden_field_is_no_filter(both):
    status, _, html = both[HALF_BLIND][0]["/history/records/article/1?field=api_token"]
    assert status == 400 and "names no field" in html


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
