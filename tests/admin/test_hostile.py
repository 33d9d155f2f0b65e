"""Data of any kind, in every value and every name, break no page and no file, and stay data."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy

from flask_continuum.extension import Continuum
from tests.admin.pages import read

EVIL = "<script>alert('evil')</script>"
ATTRIBUTE = "\"'><img src=x onerror=alert(1)>"
TEXTS = [
    EVIL, ATTRIBUTE, "</textarea></style><!--", "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("x")', "@SUM(1)",
    "مرحبا", "\u202eesrever\u202d\u2066", "👩‍👩‍👧‍👦🏳️‍🌈", "\x00\x01\x1b[31m\x7f\x85\u2028",
    "e\u0301" * 50, "x" * 1_000_000, "a b\n" * 50_000, "<&>\"'" * 40_000, "Z͑ͫ̓" * 1000, " ", "",
]  # fmt: skip
DEEP: Any = {}
for _ in range(300):
    DEEP = {EVIL: [DEEP, None, 2**70]}
JSONS = [
    DEEP, {f"{EVIL}{n}": n for n in range(3000)}, [EVIL] * 3000, {"": {"\x00": "\ud800"}}, 2**80,
    1e308, EVIL, [[]], [float("nan"), float("-inf"), 1e-300], {"a/b~c": ATTRIBUTE}, True, None,
]  # fmt: skip
NUMBERS = [0, -1, 2**63 - 1, -(2**63)]
FLOATS = [0.0, -0.0, 1e308, 5e-324, float("inf"), float("-inf"), 0.1]
DECIMALS = [Decimal("0.00"), Decimal("-12345678901234567890.12"), Decimal("1E+20")]
DATES = [date.min, date.max, date(1582, 10, 10)]
INSTANTS = [datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999999)]
BYTES = [b"", b"\x00\xff" * 1000, b"<script>", bytes(1_000_000)]
LONGEST = 2_000_000
"""Characters of a page."""
PATIENCE = 15
"""Seconds for the slowest page, on a machine with other things to do."""
MOST_OF_A_KIND = 2
"""Pages that differ only in numbers and keys."""


class Hostile:
    """An application whose names and data are as bad as a database lets them be."""

    def __init__(self, uri: str) -> None:
        self.app = app = Flask("hostile")
        app.config.update(
            SECRET_KEY="a secret of the tests",
            SQLALCHEMY_DATABASE_URI=uri,
            CONTINUUM_ADMIN_USER=lambda user: True,
            CONTINUUM_TITLE=EVIL,
            TESTING=True,
        )
        self.db = db = SQLAlchemy()
        self.continuum = Continuum(db=db)

        class User(UserMixin, db.Model):
            id = sa.Column(sa.Integer, primary_key=True)
            name = sa.Column(sa.Text)

        class Thing(db.Model):
            __tablename__ = "a <b>%s/é\"t';--"
            __versioned__ = {}
            id = sa.Column("i d\"'<", sa.Integer, primary_key=True)
            name = sa.Column("<script>alert('evil')</script>", sa.Text)
            note = sa.Column("select", sa.Text)
            tree = sa.Column("tr%ee", sa.JSON)
            number = sa.Column("n/umber", sa.BigInteger)
            real = sa.Column("re:al", sa.Float)
            price = sa.Column(sa.Numeric(40, 2))
            day = sa.Column("d?ay", sa.Date)
            at = sa.Column("a#t", sa.DateTime)
            data = sa.Column("d ata", sa.LargeBinary)

        wide = {f"c{n}": sa.Column(f"<u>{n}</u>&\"'", sa.Text) for n in range(200)}
        Wide = type(
            "Wide<script>",
            (db.Model,),
            {
                "__tablename__": "compare",
                "__versioned__": {},
                "key": sa.Column(sa.Text, primary_key=True),
                "<i>odd</i>": sa.Column("odd", sa.Text),
                **wide,
            },
        )
        self.User, self.Thing, self.Wide = User, Thing, Wide
        db.init_app(app)
        self.continuum.init_app(app)
        login = LoginManager(app)

        @login.user_loader
        def load_user(user_id: str) -> Any:
            return db.session.get(User, int(user_id))

    def fill(self) -> None:
        """Write things with all kinds of values, in three versions each; the last is deleted."""
        session = self.db.session
        self.db.create_all()
        user = self.User(id=1, name=f"{EVIL}{ATTRIBUTE}\x00")
        session.add(user)
        session.commit()
        columns = {
            "name": TEXTS, "note": TEXTS[::-1], "tree": JSONS, "number": NUMBERS, "real": FLOATS,
            "price": DECIMALS, "day": DATES, "at": INSTANTS, "data": BYTES,
        }  # fmt: skip
        things = [self.Thing(id=place + 1) for place in range(len(TEXTS))]
        for turn in range(3):
            with (
                self.continuum.acting_as(user),
                self.continuum.transaction(
                    reason=f"{EVIL}{turn}\x00",
                    meta={EVIL: ATTRIBUTE, "deep": JSONS[1]} if turn else None,
                ),
            ):
                for place, thing in enumerate(things):
                    for name, values in columns.items():
                        setattr(thing, name, values[(place + turn) % len(values)])
                    session.add(thing)
                session.commit()
        keys = ["../<b>", EVIL, "%2F%00~,", "now", "x" * 200]
        for turn in range(2):
            with self.continuum.transaction(actor=f"{ATTRIBUTE}{turn}\x00", reason="\u202e" * 50):
                for place, key in enumerate(keys):
                    each = session.get(self.Wide, key) or self.Wide(key=key)
                    for number in range(200):
                        setattr(each, f"c{number}", TEXTS[(place + number + turn) % 9])
                    setattr(each, "<i>odd</i>", EVIL)
                    session.add(each)
                session.commit()
        session.delete(things[-1])
        session.commit()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    made = Hostile(f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'hostile.sqlite'}")
    with made.app.app_context():
        made.fill()
    client = made.app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "1"
    yield client
    with made.app.app_context():
        made.db.session.remove()
        made.db.engine.dispose()


def crawl(client):
    """Every page, with the files of all lists; of many pages of one kind a few."""
    waiting, seen, kinds = ["/history/", "/history/changes?format=csv"], set(), {}
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"(/records/[^/?]+/)[^/?]+", r"\1key", address)
        kind = re.sub(r"[0-9a-f]{32}|\d+", "0", kind)
        kinds[kind] = kinds.get(kind, 0) + 1
        if address in seen or not address.startswith("/history/") or "/static/" in address:
            continue
        if kinds[kind] > MOST_OF_A_KIND or re.search("day=|(since|user)=.*format=", address):
            continue
        seen.add(address)
        start = time.perf_counter()
        response = client.get(address)
        text = response.text
        yield address, response, text, time.perf_counter() - start
        if response.mimetype == "text/html":
            waiting += [link.partition("#")[0] for link in read(text).links]


def test_every_page_and_file_holds(hostile):
    slowest, longest, seen = (0.0, ""), (0, ""), []
    for address, response, text, seconds in crawl(hostile):
        seen.append(address)
        assert response.status_code == 200, (address, text[:2000])
        slowest, longest = (
            max(slowest, (seconds, address)),
            max(longest, (len(text) * (response.mimetype == "text/html"), address)),
        )
        if response.mimetype == "text/csv":
            check_csv(text)
        elif response.mimetype == "application/x-ndjson":
            for line in text.split("\n")[:-1]:
                json.loads(line)
        else:
            check_page(address, text)
    assert slowest[0] < PATIENCE, slowest
    assert longest[0] < LONGEST, longest
    for kind in ("/compare/", "/compare?", "/revert", "/undo", "/users/1", "format=csv", "jsonl"):
        assert any(kind in address for address in seen), kind


def test_what_was_is_brought_back(hostile):
    start = next(
        link for link in read(hostile.get("/history/records").text).links if "/a~20" in link
    )
    for place in (1, 10, 17):  # with the deepest JSON; with a long text and NULs; a deleted one
        record = f"{start}/{place}"
        versions = [
            int(link.rsplit("/", 1)[1])
            for link in read(hostile.get(record).text).links
            if re.fullmatch(rf"{re.escape(record)}/\d+", link)
        ]
        form = read(hostile.get(f"{record}/{min(versions)}/revert").text).plan
        form.values["reason"] = f"{EVIL}\x00\ud83d{'x' * 100_000}".encode("utf-8", "surrogatepass")
        sent = hostile.post(form.action, data=form.values)
        assert sent.status_code == 303, sent.text
        after = hostile.get(record)
        assert after.status_code == 200
        check_page(record, after.text)
        undo = next(link for link in read(after.text).links if "/undo" in link)
        undone = hostile.post(undo, data=read(hostile.get(undo).text).plan.values)
        assert undone.status_code == 303, undone.text


def check_page(address, html):
    assert "<script>alert" not in html and "<img src=x" not in html, address
    assert "<i>odd" not in html and "<u>" not in html, address
    if "%00" not in address:  # a filter's own form holds the filter as it was asked for
        assert "\x00" not in html and "\x1b" not in html, address
    ids = read(html).ids
    assert len(ids) == len(set(ids)), (address, [each for each in ids if ids.count(each) > 1][:5])


def check_csv(text):
    csv.field_size_limit(20_000_000)
    for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")):
        for cell in row:
            assert not cell.startswith(("=", "@", "\t", "\r")), cell[:50]
