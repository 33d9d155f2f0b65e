"""No page answers 500 because of data, and no address leads to another record."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_continuum.presenters.addresses import encode_key
from tests.admin.conftest import START, close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read

KEYS = [
    ("a", "b"),
    ("a,b", "c"),
    ("a", "b,c"),
    ("", ""),
    ("..", "."),
    ("compare", "fields"),
    ("a/b", "//"),
    ("50%", "%2F"),
    ("~", "~z"),
    ("Žižkov", "日本"),
    ("<script>", '"&'),
    ("tab\t", "line\n"),
]
HOSTILE = [
    "",
    " ",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7919 * 104729 }}{% raw %}",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦",
    "\u202eevil",
    "\x01\x02\x7f",
    "x" * 100_000,
    "a\n" * 20_000,
]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The story, told once for tests that only read."""
    folder = tmp_path_factory.mktemp("told")
    made = make_newsroom(f"sqlite:///{folder / 'told.sqlite'}")
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        for country, code in KEYS:
            made.db.session.add(made.models.Place(country=country, code=code, name=repr(code)))
        made.db.session.commit()
        yield made.login(made.app.test_client())
    close(made)


@pytest.mark.parametrize("key", KEYS)
def test_any_key_has_an_address_of_its_own(told, key):
    address = f"/history/records/place/{encode_key(key)}"
    page = told.get(address)
    assert page.status_code == 200
    read_page = read(page.text)
    assert f"Place {key[0]}"[:7] in read_page.text
    version = next(link for link in read_page.links if link.startswith(f"{address}/"))
    assert told.get(version).status_code == 200
    assert told.get(f"{address}/compare").status_code == 200


def test_no_two_keys_share_an_address(told):
    texts = {told.get(f"/history/records/place/{encode_key(key)}").text for key in KEYS}
    assert len(texts) == len(KEYS)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/history/records/article/042", 404),
        ("/history/records/article/+1", 404),
        ("/history/records/article/1,1", 404),
        ("/history/records/article/one", 404),
        ("/history/records/article/99999999999999999999999999", 404),
        ("/history/records/article/18446744073709551615", 404),
        ("/history/records/article/%00", 404),
        ("/history/records/place/~00,a", 404),
        ("/history/records/place/~ED~A0~80,a", 404),
        ("/history/records/place/a", 404),
        ("/history/records/place/~n,a", 404),
        ("/history/records/article/~n", 404),
        ("/history/records/article/~z", 404),
        ("/history/records/transaction/1", 404),
        ("/history/records/article_version/1", 404),
        ("/history/records/article/1/99999999999999999999999", 404),
        ("/history/records/article/1/0", 404),
        ("/history/records/article/1/-1", 404),
        ("/history/records/article/1/two", 404),
        ("/history/records/article/1?cursor=%00", 400),
        ("/history/records/article/1?cursor=W10", 400),
        ("/history/records/article/1?field=nothing", 400),
        ("/history/records/article/1?field=api_token", 400),
        ("/history/records/article/1?operation=invented", 400),
        ("/history/records/article/1?user=nobody", 200),
        ("/history/records/article/1?user=9999999999999999999999", 200),
        ("/history/records/article?cursor=a", 400),
        ("/history/records/article?q=%00", 200),
        ("/history/records/article?q=%25_", 200),
        ("/history/?q=%00", 200),
        ("/history/?q=%23999999999999999999999999", 200),
        ("/history/changes?cursor=a", 400),
        ("/history/changes?until=yesterday", 400),
        ("/history/changes?until=9999-12-31", 400),
        ("/history/changes?since=0001-01-02", 200),
        ("/history/changes?operation=x", 400),
        ("/history/changes?kind=x", 400),
        ("/history/changes?model=article&field=x", 400),
        ("/history/changes?model=nothing", 404),
        ("/history/changes?user=x", 404),
        ("/history/changes?q=%00", 200),
        ("/history/records/article?as_of=x", 400),
        ("/history/records/article?as_of=99999999999999999999", 400),
        ("/history/records/article?as_of=77777", 400),
        ("/history/records/article?day=0001-01-01", 200),
        ("/history/records/article/1?as_of=9999-12-31", 200),
        ("/history/users/x", 404),
        ("/history/users/999", 404),
        ("/history/users/1?cursor=a", 400),
        ("/history/records/article/1/compare?from=x", 400),
        ("/history/records/article/1/compare?from=0", 400),
        ("/history/records/article/1/compare?from=-1", 400),
        ("/history/records/article/1/compare?from=99999999999999999999", 400),
        ("/history/records/article/1/compare?from=9999999999999999999", 400),
        ("/history/records/article/1/compare?from=now&to=now", 200),
        ("/history/records/article/2/compare?from=5&to=6", 200),
        ("/history/records/article/2/compare", 200),
        ("/history/transactions/0", 404),
        ("/history/transactions/nothing", 404),
        ("/history/transactions/%00", 404),
        ("/history/transactions/1?model=nothing", 404),
        ("/history/transactions/1?model=article", 200),
        ("/history/nowhere/at/all", 404),
    ],
)
def test_addresses_that_are_not_as_pages_write_them(told, address, status):
    response = told.get(address)
    assert response.status_code == status
    assert "/history/" in read(response.text).links  # there is always a way back


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pages_that_only_read_take_no_other_method(told, method):
    response = told.open("/history/records/article/1", method=method)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "Not possible this way" in response.text


def test_a_slash_too_many_leads_to_the_page(told):
    assert told.get("/history/records/article/1/").location == "/history/records/article/1"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_address_makes_an_error(told, data):
    part = st.text(max_size=12).map(lambda text: text.replace("?", "").replace("#", ""))
    number = st.integers(-10, 2**70).map(str)
    segment = st.one_of(part, number, st.sampled_from(["article", "1", "2", "compare", "revert"]))
    path = "/".join(data.draw(st.lists(segment, max_size=5)))
    start = data.draw(
        st.sampled_from(["", "records/", "records/article/", "records/article/1/", "transactions/"])
    )
    names = st.sampled_from(
        ["q", "cursor", "from", "to", "field", "user", "operation", "until", "model", "chosen"]
    )
    query = data.draw(st.dictionaries(names, st.one_of(part, number), max_size=3))
    response = told.get(f"/history/{start}{path}", query_string=query)
    assert response.status_code < 500


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value[:20]))
def test_any_text_is_shown_as_text(newsroom, maya, value):
    models, session = newsroom.models, newsroom.db.session
    article = models.Article(title=value, body=value, settings={"x": value, value[:50]: [value]})
    session.add(article)
    session.commit()
    article.title, article.body, article.settings = "now", f"{value} now", {"x": 1}
    session.commit()
    article.body = value
    session.commit()
    for address in (
        "/history/",
        "/history/records/article",
        "/history/records/article/1",
        "/history/records/article/1/1",
        "/history/records/article/1/2",
        "/history/records/article/1/compare?from=1&to=2&show=all",
        "/history/records/article/1/compare?from=2&to=3&layout=inline",
        "/history/records/article/1/1/revert",
        "/history/transactions/2",
        "/history/transactions/2/undo",
    ):
        response = maya.get(address)
        assert response.status_code == 200, address
        assert "<script>alert" not in response.text
        assert "<img src=x" not in response.text
        assert "829348951" not in read(response.text).text or "{{" not in value
        ids = read(response.text).ids
        assert len(ids) == len(set(ids)), (address, sorted(ids))


def test_json_that_nests_deeply_is_shown(newsroom, maya):
    deep: object = 1
    for _ in range(400):
        deep = [deep]
    article = newsroom.models.Article(title="deep", settings=deep)
    newsroom.db.session.add(article)
    newsroom.db.session.commit()
    article.settings = {"deep": json.loads(json.dumps(deep))}
    newsroom.db.session.commit()
    for address in ("/history/records/article/1", "/history/records/article/1/2"):
        assert maya.get(address).status_code == 200


def test_a_deleted_user_leaves_a_name(newsroom, maya):
    session = newsroom.db.session
    article = newsroom.models.Article(title="By Tom")
    with newsroom.continuum.acting_as(session.get(newsroom.models.User, 2)):
        session.add(article)
        session.commit()
    session.delete(session.get(newsroom.models.User, 2))
    session.commit()
    assert "Tom Reed" in maya.get("/history/records/article/1").text


def test_dates_of_any_year_are_shown(newsroom, maya):
    session = newsroom.db.session
    article = newsroom.models.Article(title="old")
    for days in (-700_000, 0, 2_800_000):
        with newsroom.continuum.transaction(issued_at=START + timedelta(days=days)):
            article.words = days
            session.add(article)
            session.commit()
    for address in ("/history/", "/history/records/article/1", "/history/records/article/1/2"):
        assert maya.get(address).status_code == 200
