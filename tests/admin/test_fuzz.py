"""Any address below the prefix gets a page or says what is wrong with it, and changes nothing."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.admin.pages import read
from tests.admin.site import EDITOR, ROUTES, Site

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b", re.IGNORECASE)
NAMES = sorted(
    {
        pair.partition("=")[0]
        for route in ROUTES.values()
        for query in route.queries.split()
        for pair in query.split("&")
    }
    | {
        "to",
        "from",
        "layout",
        "show",
        "format",
        "relation",
        "reason",
        "next",
        "plan",
        "base",
        "time",
    }
)
"""What any page asks its address for."""

texts = st.text(max_size=12)
ODD = r"""
    0 1 -1 +1 01 1e3 1.0 ٣ ９ 18446744073709551616 9223372036854775807
    9223372036854775808 now x % _ \ ' " ` ~ ~n ~z ~00 ~ED~A0~80 , ,, 1,2 .. / // ? # #1
    & ; < 😀 0001-01-01 9999-12-31 10000-01-01 2026-02-30 0000-00-00 2026-W01-1 20260101
    2026-01-01T00:00 0001-01-01T00:00+14:00 9999-12-31T23:59-14:00 24:00 23:59:60 T NaN
    Infinity null true [] {} W10 W10= eyJhIjoxfQ csv jsonl json
    <script>alert(1)</script> {{7*7}} %00 %ff %2F %252F ../../etc/passwd article section
    tag place article_version transaction user title section_id tags id __class__
    metadata created changed deleted plain
""".split()
SIGNS = ["", " ", "2\n", "\x00", "\x1f", "\x7f", "\u202e", "\ufeff", "\ud800"]
LONG = ["a" * 3000, "1" * 3000, "🏳️‍🌈" * 50]
odd = st.sampled_from([*ODD, *SIGNS, *LONG])
values = st.one_of(odd, odd, texts, st.integers(-(2**70), 2**70).map(str))


@st.composite
def addresses(draw):
    """An address of a route, some of its parts and filters the right ones."""
    name = draw(st.sampled_from(sorted(ROUTES)))
    route = ROUTES[name]
    parts = {
        each: draw(st.one_of(st.just(str(value)), values)) for each, value in route.values.items()
    }
    query = draw(st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=4))
    return name, parts, query


@pytest.fixture(scope="module")
def written(lasting_site: Site):
    """The statements that would change something."""
    found = []

    def note(connection, cursor, statement, parameters, context, many):
        if WRITES.match(statement):
            found.append(statement)

    with lasting_site.app.app_context():
        engine = lasting_site.newsroom.db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=addresses(), method=st.sampled_from(["GET"] * 5 + ["POST", "HEAD", "PUT", "DELETE"]))
def test_any_address_is_answered(lasting_site, written, asked, method):
    name, parts, query = asked
    rule = next(place.rule.rule for place in lasting_site.places if place.name == name)
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _quoted(parts[found[1]]), rule)
    pairs = [(key, value.encode("utf-8", "surrogatepass")) for key, value in query]
    client = lasting_site.client(EDITOR)
    response = client.open(f"{path}?{urlencode(pairs)}", method=method)
    where = f"{method} {path}?{urlencode(pairs)}"
    assert response.status_code < 500, where
    assert written == [], where
    html = response.mimetype == "text/html" and method != "HEAD"
    # an address with a line end in it belongs to no rule: the application answers it
    if response.status_code >= 400 and html and "%0A" not in path:
        page = read(response.text)
        assert "/history/" in page.links, where  # a way back
        assert len(page.text) > 60, where
    assert "<script>alert" not in response.text or not html, where


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize(
    "path", ["%", "%zz", "%ff", "records/%ff%fe/%80", "records/article/%c0%ae", "\\..\\", "a;b=c"]
)
def test_an_address_that_is_no_text_is_answered(lasting_site, path):
    response = lasting_site.client(EDITOR).get(f"/history/{path}?%ff=%fe&q=%ff")
    assert response.status_code == 404 and "/history/" in read(response.text).links
