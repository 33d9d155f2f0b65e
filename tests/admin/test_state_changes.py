"""Nothing changes but by a form of ours, sent by POST from a page of ours."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from flask_continuum.admin import csrf
from flask_continuum.admin.choices import REVIEW
from tests.admin.pages import read
from tests.admin.site import EDITOR, STRANGER, Site, posting

FOREIGN = (
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Referer": "https://evil.example/history/"},
)


@pytest.fixture(scope="module")
def forms(lasting_site: Site):
    """Each page that writes, with the form that it would send."""
    client = lasting_site.client(EDITOR)
    found = [
        (place, read(client.get(place.address).text).plan.values) for place in posting(lasting_site)
    ]
    assert len(found) >= 2
    return client, found


@pytest.fixture
def unchanged(site: Site):
    """The database holds afterwards what it held before."""
    before = site.dump()
    yield
    assert site.dump() == before


def test_another_site_cannot_send_a_form(forms, unchanged):
    client, found = forms
    for place, form in found:
        for headers in FOREIGN:
            response = client.post(place.address, data=form, headers=headers)
            assert response.status_code == 403, (place.address, headers)


@pytest.mark.parametrize("token", [None, "", "a.b.c", "x" * 10_000, "\ud800"])
def test_a_form_without_our_token_is_shown_again(forms, unchanged, token):
    client, found = forms
    for place, form in found:
        sent = form.copy()
        sent.pop(csrf.FIELD_NAME)
        if token is not None:
            sent[csrf.FIELD_NAME] = token.encode("utf-8", "surrogatepass")
        response = client.post(place.address, data=sent)
        assert response.status_code == 400, place.address
        assert "had expired" in response.text


def test_a_plan_that_is_asked_for_again_is_shown_and_nothing_done(forms, unchanged):
    client, found = forms
    for place, form in found:
        asked = {**form.to_dict(flat=False), REVIEW: "1", "reason": "Kept for now"}
        response = client.post(place.address, data=asked)
        assert response.status_code == 200, place.address
        assert read(response.text).plan.values["reason"] == "Kept for now"
        assert client.post(place.address, data=asked, headers=FOREIGN[1]).status_code == 403
        del asked[csrf.FIELD_NAME]
        assert client.post(place.address, data=asked).status_code == 400


def test_the_token_of_another_person_is_none(site, forms, unchanged):
    _, found = forms
    other = site.client(EDITOR)
    for place, form in found:
        assert other.post(place.address, data=form).status_code == 400
        assert site.client("stranger").post(place.address, data=form).status_code == 403
        assert site.newsroom.app.test_client().post(place.address, data=form).status_code == 401
    assert STRANGER


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
def test_no_other_method_writes(site, forms, unchanged, method):
    client, found = forms
    for place, form in found:
        query = urlencode(list(form.items(multi=True)))
        response = client.open(f"{place.address}?{query}", method=method)
        expected = 200 if method in ("GET", "HEAD", "OPTIONS") else 405
        assert response.status_code == expected, (method, place.address)
        response = client.open(
            place.address, method=method, data=form, headers={"X-HTTP-Method-Override": "POST"}
        )
        assert response.status_code == expected, (method, place.address)


def test_no_page_writes_by_being_looked_at(site, unchanged):
    client = site.client(EDITOR)
    for place in site.places:
        for address in place.addresses:
            client.get(address)


def test_no_answer_is_shown_in_a_frame_or_kept(site, forms):
    client, found = forms
    answers = [client.get(place.address) for place in site.places]
    answers += [client.post(place.address, data={}) for place in site.places]
    answers += [client.post(place.address, data=form, headers=FOREIGN[0]) for place, form in found]
    answers += [site.app.test_client().get(place.address) for place in site.places]
    for response in answers:
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_a_form_that_is_carried_out_leads_to_our_own_site(site, forms, target):
    client, found = forms
    for place, form in found:
        response = client.post(f"{place.address}?next={target}", data={**form, "next": target})
        assert response.status_code in (303, 409), place.address
        assert (response.location or "/history/").startswith("/history/")
        site.restore()
