"""Every page as JSON: what it says, who may read it, and how it is asked for."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.admin.site import EDITOR, HALF_BLIND, VIEWER

RECORD = "/history/records/article/1"


def get(client, address, status=200):
    response = client.get(address, headers={"Accept": "application/json"})
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    return json.loads(response.text)


def test_every_page_is_there_as_json(site):
    client = site.client(EDITOR)
    names = {}
    for place in site.places:
        status = place.route.get[1]
        found = get(client, place.address, status)
        assert json.loads(client.get(f"{place.address}?format=json").text).keys() == found.keys()
        names[place.name] = found["page"]
        assert found["layout"]["heading"]
        assert "menu" not in found["layout"]
    assert names.pop("missing") == "error"
    assert names == {name: name for name in names}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html, application/json", "text/html"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("image/png", "text/html"),
    ],
)
def test_what_is_preferred_is_given(site, accept, kind):
    headers = {"Accept": accept} if accept else {}
    response = site.client(EDITOR).get(RECORD, headers=headers)
    assert response.mimetype == kind and "Accept" in response.headers["Vary"]
    # an address that names a format is that one, whatever is preferred
    assert site.client(EDITOR).get(f"{RECORD}?format=json", headers=headers).is_json
    csv = site.client(EDITOR).get(f"{RECORD}?format=csv", headers=headers)
    assert csv.mimetype == "text/csv"


def test_a_timeline_tells_changes_with_typed_values(site):
    page = get(site.client(EDITOR), RECORD)
    entries = {each["id"]: each for day in page["days"] for each in day["entries"]}
    third = next(
        each
        for day in page["days"]
        for each in day["entries"]
        if not each["child"] and each["id"] == "3"
    )
    assert third["person"] == {"name": "wire-import", "kind": "program", "url": None}
    assert datetime.fromisoformat(third["moment"]) == datetime.fromisoformat("2026-03-06T10:20Z")
    assert third["transaction"] == {
        "id": "3",
        "label": "#3",
        "url": "/history/transactions/" + third["transaction"]["url"].rpartition("/")[2],
    }
    fields = {each["key"]: each["diff"] for each in third["fields"]}
    assert fields["section_id"]["old"] == {
        "kind": "record",
        "value": "City",
        "name": "Section 1",
        "url": "/history/records/section/1",
    }
    first = entries["1"]
    words = next(each["diff"] for each in first["fields"] if each["key"] == "words")
    assert words["new"] == {"kind": "number", "value": 812, "text": "812"}
    assert first["reason"] == "First draft"
    paths = {each["path"]: each for each in fields["settings"]["json"]["changes"]}
    assert paths["wordCount"]["before"]["value"] == 812
    assert paths["wordCount"]["after"]["value"] == 639


def test_nothing_not_recorded_and_hidden_are_told_apart(site):
    page = get(site.client(EDITOR), f"{RECORD}/1")
    values = {row["key"]: row["value"] for group in page["groups"] for row in group["rows"]}
    assert values["api_token"] == {
        "kind": "masked",
        "reason": "A secret: its values are not shown.",
    }
    assert values["settings"]["value"] == {"wordCount": 812, "seo": {"keywords": ["bridge"]}}
    gone = get(site.client(EDITOR), "/history/records/article/2/5")
    values = {row["key"]: row["value"] for group in gone["groups"] for row in group["rows"]}
    assert values["words"] == {"kind": "null", "value": None}


def test_rights_are_those_of_the_page(site):
    assert site.client(None).get(RECORD, headers={"Accept": "application/json"}).json == {
        **get(site.client(None), RECORD, 401),
    }
    stranger = get(site.client("stranger"), RECORD, 403)
    assert stranger["words"] == "You may not see the history."
    assert "arbour" not in json.dumps(stranger)
    blind = json.dumps(get(site.client(HALF_BLIND), RECORD))
    assert "Not this part." in blind and "Harbour" not in blind and "million" not in blind
    denied = get(site.client(VIEWER), f"{RECORD}/1/revert", 403)
    assert denied["status"] == 403 and "You may only look." in denied["words"]


def test_errors_are_json_too(site):
    client = site.client(EDITOR)
    assert get(client, "/history/no/such/page", 404)["page"] == "error"
    assert "cursor" in get(client, f"{RECORD}?cursor=x", 400)["words"]
    response = client.get("/history/changes?format=x")
    assert response.status_code == 400 and "csv, jsonl, json" in response.text
    posted = client.post(RECORD, headers={"Accept": "application/json"})
    assert posted.status_code == 405 and posted.is_json and "GET" in posted.headers["Allow"]


def test_a_redirect_keeps_the_form(site):
    response = site.client(EDITOR).get(f"{RECORD}?as_of=2&format=json", follow_redirects=True)
    assert response.json["page"] == "version"
    found = site.client(EDITOR).get("/history/?q=%232&format=json", follow_redirects=True)
    assert found.json["page"] == "transaction"


def test_a_refused_plan_is_json_with_its_status(site):
    client = site.client(EDITOR)
    address = f"{RECORD}/1/revert"
    plan = get(client, address)
    hidden = {each["name"]: each["value"] for each in plan["commit"]["hidden"]}
    refused = client.post(
        address, data={**hidden, "plan": "another"}, headers={"Accept": "application/json"}
    )
    assert refused.status_code == 409 and refused.json["page"] == "revert"
    assert refused.json["stale"] is not None
