from __future__ import annotations

import pytest
from flask_wtf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer

from flask_continuum.admin import csrf
from flask_continuum.admin.targets import safe_target
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read

PLAN = "/history/records/article/1/2/revert"


def section_of(newsroom) -> str:
    newsroom.db.session.expire_all()
    return newsroom.db.session.get(newsroom.models.Article, 1).section.name


def send(client, form, **headers):
    return client.post(form.action, data=form.values, headers=headers)


@pytest.fixture
def form(story, maya):
    return read(maya.get(PLAN).text).plan


def test_the_plan_as_it_is_sent_is_carried_out(newsroom, maya, form):
    assert section_of(newsroom) == "Transport"
    response = send(maya, form)
    assert response.status_code == 303
    assert response.location == "/history/records/article/1"
    assert section_of(newsroom) == "Metro"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Referer": "https://evil.example/history/"},
    ],
)
def test_a_post_from_elsewhere_is_refused(newsroom, maya, form, headers):
    for path in (PLAN, "/history/transactions/3/undo", "/history/nowhere"):
        assert maya.post(path, data=form.values, headers=headers).status_code == 403
    assert section_of(newsroom) == "Transport"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost"},
        {"Referer": "http://localhost/history/"},
    ],
)
def test_a_post_from_our_own_pages_passes(newsroom, maya, form, headers):
    assert send(maya, form, **headers).status_code == 303


def test_on_https_the_browser_must_say_where_it_comes_from(newsroom, maya, form):
    def post(**headers):
        return maya.post(
            PLAN, data=form.values, headers=headers, base_url="https://localhost"
        ).status_code

    assert post() == 403
    assert post(Origin="http://localhost") == 403
    assert post(Referer="http://localhost/history/") == 403
    assert post(Origin="https://localhost") == 303


@pytest.mark.parametrize("token", [None, "", "nonsense", "a.b.c"])
def test_a_bad_token_shows_the_filled_form_again(newsroom, maya, form, token):
    form.values.pop(csrf.FIELD_NAME)
    form.values["reason"] = "The <import> was wrong"
    form.values.poplist("field")
    form.values.add("field", "settings")
    if token is not None:
        form.values[csrf.FIELD_NAME] = token
    response = send(maya, form)
    assert response.status_code == 400
    assert section_of(newsroom) == "Transport"
    page = read(response.text)
    assert "had expired" in page.text
    again = page.plan
    assert again.values["reason"] == "The <import> was wrong"
    assert again.values.getlist("field") == ["settings"]
    assert send(maya, again).status_code == 303
    assert section_of(newsroom) == "Transport"  # settings only, as was ticked


def test_a_token_of_another_session_is_none(newsroom, maya, form):
    other = newsroom.login(newsroom.app.test_client())
    other.get(PLAN)
    assert send(other, form).status_code == 400
    assert section_of(newsroom) == "Transport"


def test_a_token_grows_old(newsroom, maya, form, monkeypatch):
    import itsdangerous.timed as timed

    late = timed.time.time() + csrf.MAX_AGE + 1
    monkeypatch.setattr(timed.TimestampSigner, "get_timestamp", lambda self: int(late))
    assert send(maya, form).status_code == 400


def test_a_token_signed_with_a_former_key_is_good(newsroom, maya, form):
    newsroom.app.config["SECRET_KEY_FALLBACKS"] = [newsroom.app.config["SECRET_KEY"]]
    newsroom.app.config["SECRET_KEY"] = "a new one"
    assert send(maya, form).status_code == 303


def test_another_salt_makes_no_token(newsroom, maya, form):
    key = newsroom.app.config["SECRET_KEY"]
    with maya.session_transaction() as session:
        nonce = session[csrf.SESSION_KEY]
    forged = URLSafeTimedSerializer(key, salt="other").dumps(nonce)
    form.values[csrf.FIELD_NAME] = forged
    assert send(maya, form).status_code == 400


@pytest.fixture(params=["default", "check off", "exempt"])
def protected(tmp_path, request):
    """An application that has Flask-WTF's protection, used in three ways."""
    made = make_newsroom(f"sqlite:///{tmp_path / 'wtf.sqlite'}")
    protect = CSRFProtect(made.app)
    if request.param == "check off":
        made.app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    if request.param == "exempt":
        protect.exempt(made.app.blueprints["continuum"])
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        yield made
    close(made)


def test_the_hosts_protection_is_used(protected):
    client = protected.login(protected.app.test_client())
    form = read(client.get(PLAN).text).plan
    assert csrf.FIELD_NAME not in form.values
    token = form.values.pop("csrf_token")
    refused = send(client, form)
    assert refused.status_code == 400
    assert "had expired" in refused.text
    assert section_of(protected) == "Transport"
    again = read(refused.text).plan
    assert send(client, again).status_code == 303
    assert section_of(protected) == "Metro"
    assert token


def test_the_hosts_protection_does_not_open_the_gate(protected):
    client = protected.login(protected.app.test_client(), 2)
    assert client.post(PLAN, data={}).status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n//evil.example",
        "javascript:alert(1)",
        "evil.example",
    ],
)
def test_targets_elsewhere_are_not_followed(target):
    assert safe_target(target, "/here") == "/here"


def test_a_target_of_the_application_is_followed(newsroom, story, maya):
    form = read(maya.get(f"{PLAN}?next=/articles/1").text).plan
    assert send(maya, form).location == "/articles/1"
    form = read(maya.get(f"{PLAN}?next=//evil.example").text).plan
    assert form.values["next"] == "//evil.example"
    form.values["field"] = "words"
    response = send(maya, form)
    assert "evil" not in (response.location or "")
