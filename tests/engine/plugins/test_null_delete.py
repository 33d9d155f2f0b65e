"""Versions of deletions are empty, in every way that they come about."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from flask_continuum import version_class
from flask_continuum.engine.plugins.null_delete import NullDeletePlugin
from flask_continuum.engine.plugins.property_mod_tracker import PropertyModTrackerPlugin
from tests.engine import hierarchy
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom
from tests.engine.plugins.conftest import Make


def last(newsroom: Newsroom, model: Any, key: int) -> Any:
    version = version_class(model)
    with newsroom.session() as session:
        statement = sa.select(version).filter_by(id=key).order_by(version.transaction_id.desc())
        return session.scalars(statement).first()


def test_a_deletion_keeps_its_key_only(make: Make) -> None:
    newsroom = make(NullDeletePlugin(), PropertyModTrackerPlugin(), options={"table_name": "%s_n"})
    article = newsroom.Article
    with newsroom.commit() as session:
        session.add_all(article(id=i, title="Draft", settings={"a": 1}) for i in (1, 2, 3))
    with newsroom.commit() as session:
        session.delete(session.get(article, 1))
        changed = session.get(article, 2)
        changed.title = "Final"  # laid over the open version from memory, if it were kept
        session.flush()
        session.delete(changed)
        session.execute(sa.delete(article).where(article.id == 3))
    for key in (1, 2, 3):
        found = last(newsroom, article, key)
        assert (found.id, found.operation_type) == (key, 2)
        assert (found.title, found.settings, found.revision) == (None, None, None)
        assert found.title_mod
    with newsroom.commit() as session:
        session.add(article(id=1, title="Again"))
    assert last(newsroom, article, 1).title == "Again"


def test_a_record_that_history_has_not_seen(make: Make) -> None:
    newsroom = make(NullDeletePlugin())
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="Arts"))
    take_history_away(newsroom)
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Section, 1))
    found = last(newsroom, newsroom.Section, 1)
    assert (found.operation_type, found.name) == (2, None)
    take_history_away(newsroom)  # a life that begins with its end is not sound


def take_history_away(newsroom: Newsroom) -> None:
    names = ("section_version", "transaction")
    with newsroom.engine.begin() as connection:
        for name in names:
            connection.execute(newsroom.base.metadata.tables[name].delete())


def test_columns_can_be_kept_and_the_class_is_known(engine: sa.Engine) -> None:
    class Kept(NullDeletePlugin):
        def is_blanked(self, column: sa.Column[Any]) -> bool:
            return column.key != "title"

    family = hierarchy.build(engine, plugins=[Kept()])
    with family.sessions() as session:
        session.add(family.Article(id=1, title="Draft", body="Text"))
        session.commit()
        session.delete(session.get(family.Article, 1))
        session.commit()
        version = version_class(family.Article)
        found = session.scalars(sa.select(version).filter_by(operation_type=2)).one()
        assert (found.kind, found.title, found.body) == ("article", "Draft", None)
    check(engine, family.manager)
    family.manager.detach()


class KeepsTitles(NullDeletePlugin):
    """Is asked about objects, as SQLAlchemy-Continuum's plugin."""

    def should_nullify_column(self, version_obj: Any, prop: Any) -> bool:
        return super().should_nullify_column(version_obj, prop) and prop.key != "title"


def test_a_subclass_is_asked_about_version_objects(make: Make) -> None:
    newsroom = make(KeepsTitles())
    article = newsroom.Article
    with newsroom.commit() as session:
        session.add_all(article(id=i, title="Draft", words=i) for i in (1, 2, 3))
    with newsroom.commit() as session:
        session.delete(session.get(article, 1))
        changed = session.get(article, 2)
        changed.title = "Final"
        session.flush()
        session.delete(changed)
        session.delete(session.get(article, 3))
        session.flush()
        session.add(article(id=3, title="Again", words=7))
    found = [last(newsroom, article, key) for key in (1, 2, 3)]
    assert [(v.operation_type, v.title, v.words) for v in found] == [
        (2, "Draft", None),
        (2, "Final", None),
        (1, "Again", 7),
    ]
    with newsroom.session() as session:
        assert [v.title for v in session.scalars(sa.select(type(found[0])).filter_by(id=1))] == [
            "Draft",
            "Draft",
        ]


def test_only_a_subclass_that_is_asked_wants_objects() -> None:
    class Columns(NullDeletePlugin):
        def is_blanked(self, column: sa.Column[Any]) -> bool:
            return False

    hooks = ("after_create_version_object", "after_build_version_table_columns")
    for plugin, expected in (
        (NullDeletePlugin(), [False, True]),
        (Columns(), [False, True]),
        (KeepsTitles(), [True, False]),
    ):
        assert [plugin.overrides(hook) for hook in hooks] == expected
