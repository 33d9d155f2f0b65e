"""``manager.options["versioning"] = False``: nothing is captured until it is switched on again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum import is_session_modified, is_versioned
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.options import Options
from flask_continuum.utils import option
from tests.engine.newsroom import Newsroom


def by_objects(newsroom: Newsroom, session: Session) -> None:
    session.get(newsroom.Section, 1).name = "unseen"
    session.delete(session.get(newsroom.Section, 2))
    session.add(newsroom.Section(id=3, name="unseen"))


def by_statements(newsroom: Newsroom, session: Session) -> None:
    Section = newsroom.Section
    session.execute(sa.update(Section).where(Section.id == 1).values(name="unseen"))
    session.execute(sa.delete(Section).where(Section.id == 2))
    session.execute(sa.insert(Section), [{"id": 3, "name": "unseen"}])


@pytest.mark.parametrize("change", [by_objects, by_statements])
def test_nothing_is_captured_while_it_is_off(
    newsroom: Newsroom, change: Callable[[Newsroom, Session], None]
) -> None:
    Section, manager = newsroom.Section, newsroom.manager
    version = manager.version_class_map[Section]
    with newsroom.commit() as session:
        session.add_all([Section(id=1, name="City"), Section(id=2, name="Sea")])
    manager.options["versioning"] = False
    try:
        assert not is_versioned(Section)
        assert option(Section, "versioning") is False
        with newsroom.commit() as session:
            change(newsroom, session)
            assert not is_session_modified(session)
    finally:
        manager.options["versioning"] = True
    assert is_versioned(Section)
    with newsroom.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(version)) == 2
    with newsroom.commit() as session:
        session.get(Section, 1).name = "seen"
        session.get(Section, 3).name = "seen"
    with newsroom.session() as session:
        told = {
            n: [(each.name, each.operation_type) for each in session.get(Section, n).versions]
            for n in (1, 3)
        }
    # what came unseen is told of as what was there before its history
    assert told == {1: [("City", 0), ("seen", 1)], 3: [("unseen", 0), ("seen", 1)]}
    with newsroom.engine.begin() as connection:  # what went unseen cannot be known
        connection.execute(version.__table__.delete().where(version.__table__.c.id == 2))


def test_links_are_left_out_too(newsroom: Newsroom) -> None:
    Article, Tag = newsroom.Article, newsroom.Tag
    with newsroom.commit() as session:
        session.add(Article(id=1, title="One", tags=[Tag(id=1, name="a")]))
        session.add(Tag(id=2, name="b"))
    newsroom.manager.options["versioning"] = False
    try:
        with newsroom.commit() as session:
            article = session.get(Article, 1)
            article.tags.append(session.get(Tag, 2))
    finally:
        newsroom.manager.options["versioning"] = True
    with newsroom.commit() as session:
        article = session.get(Article, 1)
        (version,) = article.versions
        assert [tag.name for tag in version.tags] == ["a"]
        article.tags.clear()


def test_a_class_that_says_so_itself_goes_on(newsroom: Newsroom, monkeypatch: Any) -> None:
    Section, Tag = newsroom.Section, newsroom.Tag
    monkeypatch.setattr(Section, "__versioned__", {"versioning": True})
    newsroom.manager.options["versioning"] = False
    try:
        assert (is_versioned(Section), is_versioned(Tag)) == (True, False)
        with newsroom.commit() as session:
            session.add_all([Section(id=1, name="City"), Tag(id=1, name="a")])
    finally:
        newsroom.manager.options["versioning"] = True
    with newsroom.session() as session:
        assert session.get(Section, 1).versions.count() == 1
        assert session.get(Tag, 1).versions.count() == 0
    with newsroom.commit() as session:
        session.delete(session.get(Tag, 1))  # its first version is written now


def test_options_are_read_and_set_by_name(newsroom: Newsroom) -> None:
    options = newsroom.manager.options
    assert options["strategy"] == "validity"
    assert set(options) == set(Options.__dataclass_fields__)
    assert dict(options)["table_name"] == "%s_version"
    with pytest.raises(KeyError, match="Did you mean 'strategy'"):
        options["strategi"]
    with pytest.raises(ImproperlyConfigured, match="Did you mean 'strategy'"):
        options["strategi"] = "validity"
    with pytest.raises(ImproperlyConfigured, match="shapes tables that have been made"):
        options["strategy"] = "subquery"
    options["strategy"] = "validity"  # as it is
    del options["versioning"]
    assert options["versioning"] is True
