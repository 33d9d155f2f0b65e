"""Who last changed a field, against walking through all versions by hand."""

from __future__ import annotations

import random

import pytest

from flask_continuum import blame, version_class
from tests.admin.conftest import close
from tests.admin.newsroom import make_newsroom

VALUES = {
    "title": [None, "", "Foo", "foo", "Fóo", "foo "],
    "body": [None, "a", "A", "a\n"],
    "words": [None, 0, 1],
    "settings": [{"a": 1}, {"a": True}, [1], "x"],
}


@pytest.fixture
def written(database):
    made = make_newsroom(database.uri)
    with made.app.app_context():
        chance, session = random.Random(7), made.db.session
        article = made.models.Article(title="Foo", words=None)
        session.add(article)
        session.commit()
        for number in range(40):
            if number == 25:
                session.delete(article)
                session.commit()
                article = made.models.Article(id=1, body="again")
                session.add(article)
                session.commit()
            for name in chance.sample(sorted(VALUES), chance.randint(1, 3)):
                setattr(article, name, chance.choice(VALUES[name]))
            session.commit()
        session.expire_all()
        yield made
    close(made)


def versions_of(newsroom):
    version = version_class(newsroom.models.Article)
    query = newsroom.db.session.query(version).filter(version.id == 1)
    return query.order_by(version.transaction_id).all()


def same(one, other):
    return repr(one) == repr(other)


def test_it_is_what_a_walk_through_the_versions_finds(written):
    setters, before = {}, None
    for version in versions_of(written):
        born = version.operation_type == 0
        for name in (*VALUES, "id", "section_id"):
            value = getattr(version, name)
            if born:
                setters[name] = None if value is None else version.transaction_id
            elif not same(value, getattr(before, name)):
                setters[name] = version.transaction_id
        before = version
        found = blame(written.db.session, version)
        told = {name: found[name].version for name in setters}
        assert {n: v and v.transaction_id for n, v in told.items()} == setters
        assert all(found[name].exact for name in setters)
        assert {name: found[name].value for name in VALUES} == {
            name: getattr(version, name) for name in VALUES
        }


def test_what_lies_too_far_back_is_not_guessed(written):
    *_, third, _, last = versions_of(written)
    found = blame(written.db.session, last, depth=3)
    assert not found["id"].exact and found["id"].version is third
    exact = [each for each in found.values() if each.exact]
    assert exact and all(e.transaction.id > third.transaction_id for e in exact)


def test_the_page_names_who_set_each_field(newsroom, story, maya):
    text = maya.get("/history/records/article/1/3").text
    row = text.partition('id="field-title"')[2].partition("</tr>")[0]
    assert "Ines Okafor" in row and "5 Mar" in row
    row = text.partition('id="field-api_token"')[2].partition("</tr>")[0]
    assert "Ines" not in row and "hidden" in row
