"""Every route, asked by everybody in every way: who may enter, who may write, who sees what."""

from __future__ import annotations

import pytest

from tests.admin.pages import read
from tests.admin.site import EDITOR, HALF_BLIND, KEPT_OUT, PEOPLE, ROUTES, VIEWER, Place, Site

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def test_every_route_has_a_decision(site: Site) -> None:
    assert {place.name for place in site.places} == set(ROUTES), "ROUTES names what is gone"
    for place in site.places:
        assert ("POST" in place.methods) == (place.route.post is not None), place.name


@pytest.mark.parametrize(
    ("person", "status", "words"),
    [(None, 401, "Log in first"), ("stranger", 403, "You may not see the history.")],
)
def test_nobody_enters_without_rights_in_any_way(site, person, status, words):
    client = site.client(person)
    for place in site.places:
        for method in METHODS:
            if method == "OPTIONS" and method in (place.rule.methods or ()):
                continue  # answered with the methods alone
            response = client.open(place.address, method=method)
            assert response.status_code == status, (method, place.address)
            assert method == "HEAD" or words in response.text
        for address in place.addresses:
            response = client.get(address)
            assert response.status_code == status, address
            assert "arbour" not in response.text and "stranger" not in response.text, address


@pytest.mark.parametrize(("column", "person"), list(enumerate(PEOPLE)))
def test_each_route_answers_each_person_as_decided(site, column, person):
    client = site.client(person)
    found, decided = {}, {}
    for place in site.places:
        for method in METHODS:
            if method in ("POST", "OPTIONS") and method in (place.rule.methods or ()):
                continue  # with a form, below; or answered with the methods alone
            status = 405
            if method in ("GET", "HEAD") or place.name == "missing":
                status = place.route.get[column]
            found[method, place.address] = client.open(place.address, method=method).status_code
            decided[method, place.address] = status
    assert found == decided


def form_of(site: Site, place: Place) -> dict[str, object]:
    """The form as it was sent to somebody who may: others can make it up."""
    return read(site.client(EDITOR).get(place.address).text).plan.values


@pytest.mark.parametrize(("column", "person"), list(enumerate(PEOPLE)))
def test_each_form_is_taken_from_those_who_may_send_it(site, column, person):
    for place in site.places:
        if place.route.post is None:
            continue
        status, client, before = place.route.post[column], site.client(person), site.dump()
        page = client.get(place.address)
        form = read(page.text).plan.values if page.status_code == 200 else form_of(site, place)
        response = client.post(place.address, data=form)
        assert response.status_code == status, (place.address, response.text)
        assert (site.dump() != before) == (status == 303), place.address
        if status == 403:
            assert "You may only look." in response.text
        site.restore()


def test_who_may_only_look_is_offered_nothing_else(site):
    client = site.client(VIEWER)
    for place in site.places:
        page = read(client.get(place.address).text)
        links = [link for link in page.links if link.endswith(("/revert", "/undo"))]
        assert not links and not any("format=csv" in link for link in page.links), place.address
        assert not any(form.method == "post" for form in page.forms), place.address
        if place.route.file:
            for form in ("csv", "jsonl"):
                refused = client.get(f"{place.address}?format={form}")
                assert refused.status_code == 403 and "You may only look." in refused.text


@pytest.mark.parametrize(
    ("person", "words", "links"),
    [
        (
            KEPT_OUT,
            ("Harbour bridge", "41 million", "812", "Great news", "Comment"),
            ("/records/article/1", "/records/comment"),
        ),
        (HALF_BLIND, ("Harbour bridge", "41 million", "38 million"), ()),
    ],
)
def test_what_is_denied_is_on_no_page_and_in_no_file(site, person, words, links):
    client, editor = site.client(person), site.client(EDITOR)
    unseen = {*words, *links}  # by those who may see it
    for place in site.places:
        for address in place.addresses:
            response = client.get(address)
            for word in (*words, *links):
                assert word not in response.text, (address, word)
            if unseen:
                shown = editor.get(address).text
                unseen -= {word for word in unseen if word in shown}
    assert not unseen


def test_who_sees_only_a_part_puts_back_only_that(site):
    client, models = site.client(HALF_BLIND), site.newsroom.models
    address = "/history/records/article/1/1/revert"
    form = read(client.get(address).text).plan.values
    assert set(form.getlist("field")) == {"settings"}
    for field in ("title", "body", "section_id", "section", "api_token"):
        form.add("field", field)
    form.add("relation", "tags+1")
    assert client.post(address, data=form).status_code == 303
    with site.app.app_context():
        article = site.newsroom.db.session.get(models.Article, 1)
        assert article.settings["wordCount"] == 812
        assert (article.title, article.section.name) == ("Harbour bridge reopens", "Transport")
        assert (article.api_token, [tag.name for tag in article.tags]) == ("open", ["harbour"])
    site.restore()
