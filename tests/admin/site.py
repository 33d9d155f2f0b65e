"""Every route of the history, filled in for the story that the tests tell.

What holds for all pages is proven by tests that walk over the routes of the blueprint: who may
enter, that masks hold, that nothing changes by GET, that no data breaks a page. They all start
here, so a route that :data:`ROUTES` does not know fails them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from flask_continuum import access_log
from flask_continuum.policy import Action, DefaultPolicy, deny, is_logged_in
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import Newsroom, make_newsroom
from tests.admin.pages import Read, read

VIEWER, EDITOR, KEPT_OUT, HALF_BLIND = "viewer", "editor", "kept out", "half blind"
PEOPLE = {VIEWER: 3, EDITOR: 4, KEPT_OUT: 5, HALF_BLIND: 6}
"""Who may enter, with the key of their account.

The viewer may only look; the editor may do everything; the one who is kept out may do everything
but see article 1 and comments; the half blind one may do everything and sees neither title nor
body nor section nor tags of article 1.
"""
HIDDEN = ("title", "body", "section_id", "section", "tags")
"""What the half blind one does not see of article 1."""
STRANGER = 2
"""The account of one who may not enter."""


@dataclass(frozen=True)
class Route:
    """A route, and what it has to answer.

    :ivar values: what fills its address: something of article 1.
    :ivar get: the answer to each of :data:`PEOPLE`, in that order.
    :ivar post: the same for the form of the page, sent as it is; nothing for a page that has none.
    :ivar queries: other ways to ask for it: filters, searches, moments, formats, nonsense.
    :ivar file: it is a file too, for those who may export.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    get: tuple[int, int, int, int] = (200, 200, 200, 200)
    post: tuple[int, int, int, int] | None = None
    queries: str = ""
    file: bool = False


ARTICLE = {"model": "article", "key": "1"}
RECORD = (200, 200, 404, 200)
"""The one who is kept out of article 1 does not learn that it is there."""
PLAN, CARRY_OUT = (403, 200, 404, 200), (403, 303, 404, 303)
FEED = """
    q=sesame q=tide q=harbour q=% q= model=article model=section model=nothing
    operation=created
    operation=changed operation=deleted operation=x kind=plain kind=undo kind=x user=1 user=x
    since=2026-03-05 since=x until=2026-03-05 until=x actor=wire-import cursor=x
    model=article&field=api_token model=article&field=title model=article&field=tags
    model=article&q=sesame
"""

ROUTES: Mapping[str, Route] = {
    "overview": Route(queries="q=sesame q=tide q=harbour q=1 q=%2399 q=%00"),
    "activity": Route(queries=FEED, file=True),
    "people": Route(),
    "person": Route({"user": "1"}, queries="cursor=x"),
    "models": Route(),
    "model": Route(
        {"model": "article"},
        queries="""
            deleted=1 q=sesame q=tide q=harbour q=1 deleted=1&q=sesame cursor=x as_of=2
            as_of=2&q=tide as_of=6&deleted=1 as_of=x as_of=999 day=2026-03-06&time=12:00 day=x
        """,
        file=True,
    ),
    "timeline": Route(
        ARTICLE,
        RECORD,
        queries="""
            field=title field=api_token field=tags field=x user=1 user=x operation=changed
            operation=x life=1 life=x cursor=x day=2026-03-06 as_of=1 as_of=x
        """,
        file=True,
    ),
    "compare": Route(
        ARTICLE,
        RECORD,
        queries="""
            from=1&to=2&show=all from=1&to=now&layout=inline from=2&to=1 from=x from=0
            to=now&show=all&layout=inline
        """,
    ),
    "fields": Route(ARTICLE, RECORD),
    "field": Route({**ARTICLE, "field": "title"}, (200, 200, 404, 404), queries="cursor=x"),
    "version": Route({**ARTICLE, "transaction": 2}, RECORD),
    "revert": Route(
        {**ARTICLE, "transaction": 1}, PLAN, CARRY_OUT, "chosen=1 chosen=1&field=api_token"
    ),
    "transaction": Route({"uid": "3"}, queries="model=article model=nothing start=x"),
    "undo": Route({"uid": "3"}, (403, 200, 200, 200), (403, 303, 303, 303), "chosen=1&record=0"),
    "access_log": Route(
        get=(403, 200, 403, 200),
        queries="q=Maya q=1 q=article/1 q=place/1 answer=denied answer=x cursor=o2 cursor=x",
    ),
    "missing": Route({"rest": "no/such/page"}, (404, 404, 404, 404)),
}

UNKNOWN = """
The history has a route that no proof knows: {endpoint} ({rule}).

Say in ROUTES of tests/admin/site.py
  - values: what fills its address, of article 1 of the story in tests/admin/conftest.py,
  - get: what it answers the viewer, the editor, the one who is kept out of article 1 and the one
    who sees neither its title nor its body, section and tags (200; 403 with a reason; 404 for what
    may not be seen),
  - post: the same for its form, when it takes POST,
  - queries: its filters, searches, formats and nonsense for each of them, by white space,
  - file: whether it takes ?format=csv and ?format=jsonl.
Everything else is proven from there: tests/admin/test_matrix.py, test_masks.py,
test_state_changes.py, test_hostile.py, test_fuzz.py and tests/browser/test_every_page.py.
"""


@dataclass(frozen=True)
class Place:
    """A route of the application's, with its address in the story."""

    name: str
    route: Route
    rule: Rule
    address: str

    @property
    def methods(self) -> frozenset[str]:
        """The methods that it has something to say to; the page for what is missing has none."""
        if self.name == "missing":
            return frozenset()
        return frozenset(self.rule.methods or ()) - {"HEAD", "OPTIONS"}

    @property
    def addresses(self) -> tuple[str, ...]:
        """All ways to ask for it."""
        formats = ("format=json", *(("format=csv", "format=jsonl", "format=x") * self.route.file))
        return (
            self.address,
            *(f"{self.address}?{query}" for query in (*self.route.queries.split(), *formats)),
        )


def places(app: Any) -> tuple[Place, ...]:
    """Every page of the history, from the application's URL map.

    A route that has no place in :data:`ROUTES` fails the test, which then says what to add.
    """
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.partition(".")
        if blueprint != "continuum" or name == "static":
            continue
        route = ROUTES.get(name)
        if route is None:
            pytest.fail(UNKNOWN.format(endpoint=rule.endpoint, rule=rule.rule), pytrace=False)
        if rule.defaults:
            continue  # the same page, for what its other rule does not reach
        address = adapter.build(rule.endpoint, dict(route.values))
        found.append(Place(name, route, rule, address))
    return tuple(found)


class Rights(DefaultPolicy):
    """Decides by the name of the person; see :data:`PEOPLE`."""

    def decide(self, action, user, *, model=None, record=None, version=None, **about):
        if not is_logged_in(user) or user.name == "Tom Reed":
            return deny("You are a stranger here.")
        name = "" if model is None else model.__name__
        thing = record if record is not None else version
        is_first = name == "Article" and getattr(thing, "id", None) == 1
        key = about.get("field") or about.get("relationship")
        if user.name == VIEWER and action not in (Action.VIEW, Action.VIEW_FIELD):
            return deny("You may only look.")
        if user.name == KEPT_OUT and action is Action.VIEW_ACCESS_LOG:
            return deny("Not who looked.")
        if user.name == KEPT_OUT and (is_first or name == "Comment"):
            return deny("Not this one.")
        if user.name == HALF_BLIND and is_first and key in HIDDEN:
            return deny("Not this part.")
        return super().decide(action, user, model=model, record=record, version=version, **about)


HIDE = """
    UPDATE article SET title = title || :word, body = body || :word WHERE id = 1;
    UPDATE article_version SET title = title || :word, body = body || :word WHERE id = 1;
    UPDATE article SET section_id = 3 - section_id WHERE id = 1;
    UPDATE article_version SET section_id = 3 - section_id WHERE id = 1;
    UPDATE article_tag SET tag_id = 3 - tag_id;
    UPDATE article_tag_version SET tag_id = -tag_id;
    UPDATE article_tag_version SET tag_id = 3 + tag_id
"""
"""Puts other things where the half blind one does not look; no section and no tag tells of its
articles."""
HIDE_MORE = """
    UPDATE comment SET text = :word;
    UPDATE comment_version SET text = :word;
    UPDATE article SET words = words + 1000, settings = '[]' WHERE id = 1;
    UPDATE article_version SET words = words + 1000, settings = '[]' WHERE id = 1
"""
"""Puts other things where only the one who is kept out does not look."""


LOOKS = [
    {
        "at": datetime(2026, 3, 7, 9, minute),
        "user_id": user,
        "actor": actor,
        "address": address,
        "model": model,
        "key": key,
        "action": action,
        "allowed": allowed,
        "remote_addr": "10.1.2.3",
    }
    for minute, (user, actor, address, model, key, action, allowed) in enumerate(
        [
            ("1", "Maya Lind", "/history/records/article/1", "article", "1", "view", True),
            (
                "1",
                "Maya Lind",
                "/history/records/article/1/1/revert",
                "article",
                "1",
                "revert",
                True,
            ),
            (None, None, "/history/records/comment/1", "comment", "1", "view", False),
            ("2", "<b>Tom</b>", "/history/records/gone/a%2Fb", "gone", "a/b", "export", True),
        ]
    )
]
"""Who looked at the history before."""


class Site:
    """The newsroom with its story and all kinds of people, and what was in it at first.

    :param secrets: what everybody's mask hides.
    :param word: makes what the half blind one does not see different.
    :param whole: also what only the one who is kept out does not see.
    """

    def __init__(
        self,
        path: Path,
        *,
        secrets: tuple[str, str] = ("sesame", "open"),
        word: str = "",
        whole: bool = False,
    ) -> None:
        self.path = path
        self.newsroom: Newsroom = make_newsroom(
            f"sqlite:///{path}",
            policy=Rights,
            CONTINUUM_ADMIN_USER=lambda user: True,
            CONTINUUM_ACCESS_LOG=True,
        )
        self.app = self.newsroom.app
        # The page is looked at like all others; noting each look would change what it shows.
        self.app.teardown_appcontext_funcs.remove(access_log._write_noted)
        models, session = self.newsroom.models, self.newsroom.db.session
        with self.app.app_context():
            write_story(self.newsroom, secrets=secrets)
            session.add_all(models.User(id=key, name=name) for name, key in PEOPLE.items())
            session.execute(sa.text('UPDATE "transaction" SET user_id = 1 WHERE id = 4'))
            # in the addresses of every story the same
            session.execute(sa.text("UPDATE \"transaction\" SET uid = printf('%032x', id)"))
            session.execute(sa.insert(access_log.define_table(self.newsroom.db.metadata)), LOOKS)
            for statement in (HIDE + ";" + HIDE_MORE * whole).split(";") if word else ():
                used = {"word": word} if ":word" in statement else {}
                session.execute(sa.text(statement), used)
            session.commit()
        self._first = self._close_and_read()

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every page."""
        return places(self.app)

    def client(self, person: str | None = EDITOR) -> FlaskClient:
        """A browser of a person, or of nobody."""
        key = PEOPLE.get(person, STRANGER) if person is not None else None
        return self.newsroom.login(self.app.test_client(), key)

    def dump(self) -> str:
        """All that the database holds."""
        with self.app.app_context(), self.newsroom.db.engine.connect() as connection:
            return "\n".join(connection.connection.driver_connection.iterdump())

    def restore(self) -> None:
        """Make everything as it was at first."""
        self._close_and_read()
        self.path.write_bytes(self._first)

    def close(self) -> None:
        """Give the file back."""
        close(self.newsroom)

    def _close_and_read(self) -> bytes:
        self.close()
        return self.path.read_bytes()


def plan_of(client: FlaskClient, address: str) -> Read:
    """The page with the form that writes."""
    response = client.get(address)
    assert response.status_code == 200, (address, response.text)
    return read(response.text)


def posting(site: Site) -> Iterator[Place]:
    """The pages that take a form that writes."""
    return (place for place in site.places if "POST" in place.methods)
