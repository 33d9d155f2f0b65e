"""A record whose key changed: both histories lead to each other, for those who may see both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close
from tests.admin.newsroom import Newsroom, make_newsroom
from tests.admin.pages import read
from tests.support.statements import statements

SECTIONS = "/history/records/section"


class Secretive(DefaultPolicy):
    """Hides names, and the records with the keys that it is told."""

    hidden: frozenset[int] = frozenset()

    def decide(self, action: Any, user: Any, **about: Any) -> Any:
        thing = about.get("version") or about.get("record")
        if action is Action.VIEW and getattr(thing, "id", None) in self.hidden:
            return deny("secret")
        if action is Action.VIEW_FIELD and about.get("field") == "name":
            return deny("secret")
        return super().decide(action, user, **about)


@contextmanager
def made(tmp_path: Path, *hidden: int) -> Iterator[Newsroom]:
    """Section 7 (transaction 1) becomes 12 (2), and another section 7 begins (3)."""
    tmp_path.mkdir(exist_ok=True)
    policy = type("Policy", (Secretive,), {"hidden": frozenset(hidden)})
    newsroom = make_newsroom(f"sqlite:///{tmp_path / 'newsroom.sqlite'}", policy)
    section, session = newsroom.models.Section, newsroom.db.session
    with newsroom.app.app_context():
        session.add(section(id=7, name="sesame"))
        session.commit()
        session.get(section, 7).id = 12
        session.commit()
        session.add(section(id=7, name="harbour"))
        session.commit()
    yield newsroom
    close(newsroom)


def test_both_histories_lead_to_each_other(tmp_path: Path) -> None:
    with made(tmp_path) as newsroom:
        client = newsroom.login(newsroom.app.test_client())
        old, new = f"{SECTIONS}/7?life=2", f"{SECTIONS}/12?life=2"
        for address, words, link in (
            (f"{SECTIONS}/7?life=1", "Key changed to section 12", new),
            (f"{SECTIONS}/7/2", "Key changed to section 12 .", new),
            (f"{SECTIONS}/12", "Key was section 7", old),
            (f"{SECTIONS}/12/2", "Key was section 7 .", old),
        ):
            page = client.get(address)
            found = read(page.text)
            assert page.status_code == 200
            assert words in found.text and link in found.links, address
            assert "sesame" not in page.text, "the name is hidden"
            assert client.get(link).status_code == 200
        transaction = client.get("/history/transactions/2")
        assert "Key was section 7" in read(transaction.text).text
        assert "Key changed to section 12" in read(transaction.text).text
        # a link leads to the life that moved, not to who has the key now
        assert "Key changed to section 12" in read(client.get(old).text).text
        assert "Key " not in read(client.get(f"{SECTIONS}/7").text).text
        assert "Key " not in read(client.get(f"{SECTIONS}/7/3").text).text


@pytest.mark.parametrize(("hidden", "seen"), [(7, 12), (12, 7)])
def test_a_record_that_may_not_be_seen_is_not_named(tmp_path: Path, hidden: int, seen: int) -> None:
    with made(tmp_path, hidden) as newsroom:
        client = newsroom.login(newsroom.app.test_client())
        assert client.get(f"{SECTIONS}/{hidden}").status_code == 404
        for address in (
            f"{SECTIONS}/{seen}?life=2",
            f"{SECTIONS}/{seen}/2",
            "/history/transactions/2",
        ):
            page = client.get(address)
            assert page.status_code == 200
            words = read(page.text).text
            assert "Key " not in words and f"ection {hidden}" not in words, address
            assert "moved" not in words.lower(), address


def test_a_page_with_a_move_costs_one_statement_more(tmp_path: Path) -> None:
    with made(tmp_path) as newsroom:
        client = newsroom.login(newsroom.app.test_client())
        counts = []
        with newsroom.app.app_context():
            engine = newsroom.db.engine
        for address in (f"{SECTIONS}/12", f"{SECTIONS}/12", f"{SECTIONS}/7"):
            with statements(engine) as sent:
                assert client.get(address).status_code == 200
            counts.append(len(sent))
        assert counts[1] == counts[2] + 1


def test_an_old_key_is_reverted_where_the_record_is_now(tmp_path: Path) -> None:
    with made(tmp_path) as newsroom:
        client = newsroom.login(newsroom.app.test_client())
        page = client.get(f"{SECTIONS}/7/1/revert")
        assert page.status_code == 200
        assert "The record has the key 12 since, and keeps it." in read(page.text).text
    with made(tmp_path / "hidden", 12) as newsroom:
        client = newsroom.login(newsroom.app.test_client())
        page = client.get(f"{SECTIONS}/7/1/revert")
        assert page.status_code == 404 and "12" not in read(page.text).text
