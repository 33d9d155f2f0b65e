"""Flags of changed columns: found out by the database, in every way that versions come about."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum import VersioningManager, version_class
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.plugins.property_mod_tracker import PropertyModTrackerPlugin
from tests.engine import hierarchy
from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom
from tests.engine.plugins.conftest import Make
from tests.support.statements import statements

FIELDS = ("title", "body", "words", "settings", "section_id", "revision")


def build(make: Make, strategy: str) -> Newsroom:
    options = {"table_name": f"%s_{strategy}", "strategy": strategy}
    return make(PropertyModTrackerPlugin(), options=options)


@pytest.fixture
def newsroom(make: Make) -> Newsroom:
    return build(make, "validity")


def changed(version: Any, fields: tuple[str, ...] = FIELDS) -> set[str]:
    return {name for name in fields if getattr(version, f"{name}_mod")}


def history(newsroom: Newsroom, model: Any, key: Any) -> list[tuple[int, set[str]]]:
    """Return the operation of each version of a record, and what it changed."""
    version = version_class(model)
    own = [p.key for p in version.__mapper__.attrs if p.key.endswith("_mod")]
    fields = tuple(name.removesuffix("_mod") for name in own if "body_text" not in name)
    with newsroom.session() as session:
        found = session.scalars(
            sa.select(version).filter_by(id=key).order_by(version.transaction_id)
        )
        return [(each.operation_type, changed(each, fields)) for each in found]


@pytest.mark.parametrize("strategy", ["subquery", "validity"])
def test_each_version_tells_what_it_changed(make: Make, strategy: str) -> None:
    newsroom = build(make, strategy)
    article = newsroom.Article
    with newsroom.commit() as session:
        session.add(article(id=1, title="Draft", words=0, settings={"a": 1}))
        session.add(article(id=2, title="Other"))
    with newsroom.commit() as session:
        found = session.get(article, 1)
        found.title, found.words = "draft", None  # what a collation takes for equal differs
        session.get(article, 2).token = "not recorded"
        session.get(article, 2).body = "Text"
    with newsroom.commit() as session:
        session.delete(session.get(article, 1))
    with newsroom.commit() as session:
        session.add(article(id=1, title="Again", body="New"))
    assert history(newsroom, article, 1) == [
        (0, {"title", "words", "settings", "revision"}),
        (1, {"title", "words", "revision"}),
        (2, set(FIELDS)),
        (0, {"title", "body", "revision"}),
    ]
    assert history(newsroom, article, 2)[1] == (1, {"body", "revision"})


def test_several_flushes_of_one_transaction_are_one_change(newsroom: Newsroom) -> None:
    article = newsroom.Article
    with newsroom.commit() as session:
        session.add(article(id=1, title="Draft", words=1))
    with newsroom.commit() as session:
        found = session.get(article, 1)
        found.title, found.words = "Other", 2
        session.flush()
        with session.begin_nested():
            found.title, found.body = "Draft", "Text"
        nested = session.begin_nested()
        found.section = newsroom.Section(name="Arts")
        session.flush()
        nested.rollback()
    assert history(newsroom, article, 1)[1] == (1, {"words", "body", "revision"})


def test_drafts_have_flags_too(newsroom: Newsroom) -> None:
    article = newsroom.Article
    with newsroom.commit() as session:
        session.add(article(id=1, title="Draft"))
    with newsroom.commit() as session:
        found = session.get(article, 1)
        found.title = "Other"
        session.flush()
        assert changed(found.versions[1]) == {"title", "revision"}
        found.words = 3
    assert history(newsroom, article, 1)[1] == (1, {"title", "words", "revision"})


def test_statements_past_the_unit_of_work(newsroom: Newsroom) -> None:
    section = newsroom.Section
    with newsroom.commit() as session:
        session.execute(sa.insert(section), [{"id": i, "name": f"s{i}"} for i in (1, 2, 3)])
    with newsroom.commit() as session:
        session.execute(sa.update(section).where(section.id < 3).values(name="Arts"))
        session.execute(sa.delete(section).where(section.id == 3))
    assert history(newsroom, section, 1) == [(0, {"name"}), (1, {"name"})]
    assert history(newsroom, section, 3) == [(0, {"name"}), (2, {"name"})]


def test_records_that_history_has_not_seen(newsroom: Newsroom) -> None:
    tag = newsroom.Tag
    spans = newsroom.base.metadata.tables["history_column"]
    with newsroom.engine.begin() as connection:
        kept = connection.execute(sa.select(spans)).mappings().all()
        connection.execute(spans.delete())  # as when the tables had rows before
        connection.exec_driver_sql("INSERT INTO tag (id, name) VALUES (1, 'a'), (2, NULL)")
    try:
        with newsroom.commit() as session:
            session.get(tag, 1).name = "b"
            session.delete(session.get(tag, 2))
        assert history(newsroom, tag, 1) == [(0, {"name"}), (1, {"name"})]
        assert history(newsroom, tag, 2) == [(0, set()), (2, {"name"})]
    finally:
        with newsroom.engine.begin() as connection:
            connection.execute(spans.insert(), [dict(row) for row in kept])


def test_flags_cost_no_statement_but_one_on_mariadb(newsroom: Newsroom) -> None:
    counts = []
    with newsroom.commit() as session:
        session.add(newsroom.Section(name="a"))
    newsroom.manager.write = "commit"
    for number in (3, 30):
        with newsroom.sessions() as session:
            session.add_all(newsroom.Section(name=f"n{i}") for i in range(number))
            session.get(newsroom.Section, 1).name = f"b{number}"
            with statements(newsroom.engine) as sent:
                session.commit()
        counts.append(len([text for text in sent if "_validity" in text or "transaction" in text]))
    expected = {"sqlite": 3, "postgresql": 1, "mysql": 6}[newsroom.engine.dialect.name]
    assert counts == [expected, expected]


def test_where_flags_are_and_how_they_are_called(newsroom: Newsroom) -> None:
    version = version_class(newsroom.Article)
    assert "token_mod" not in version.__table__.c
    assert "id_mod" not in version.__table__.c
    flag = version.__table__.c.body_text_mod
    assert isinstance(flag.type, sa.Boolean)
    assert not flag.nullable
    links = newsroom.manager.registry.tables[newsroom.article_tag].version
    assert not [column.key for column in links.c if column.key.endswith("_mod")]
    with newsroom.commit() as session:
        session.add(newsroom.Article(id=1, title="Draft", body="Text"))
    with newsroom.session() as session:
        (found,) = session.get(newsroom.Article, 1).versions
        assert found.body_mod
        assert found.body_text_mod
        assert not [name for name in found.changeset if name.endswith("_mod")]


@pytest.mark.parametrize("mode", ["commit", "flush"])
def test_each_table_of_a_hierarchy_has_its_flags(engine: sa.Engine, mode: str) -> None:
    family = hierarchy.build(engine, plugins=[PropertyModTrackerPlugin()])
    family.manager.write = mode
    fields = ("kind", "title", "parent_id", "body")
    with family.sessions() as session:
        session.add(family.Article(id=1, title="Draft"))
        session.add(family.Note(id=2, title="Note"))
        session.commit()
        session.get(family.Article, 1).body = "Text"
        session.get(family.Note, 2).stars = 5
        session.commit()
        session.execute(sa.update(family.Item).values(title="All"))
        session.commit()
        session.delete(session.get(family.Article, 1))
        session.commit()
        article, note = version_class(family.Article), version_class(family.Note)
        found = session.scalars(sa.select(article).order_by(article.transaction_id))
        assert [changed(each, fields) for each in found] == [
            {"kind", "title"},
            {"body"},
            {"title"},
            set(fields),
        ]
        notes = session.scalars(sa.select(note).order_by(note.transaction_id))
        assert [changed(each, ("title", "stars")) for each in notes] == [
            {"title"},
            {"stars"},
            {"title"},
        ]
        assert not hasattr(version_class(family.Item), "stars_mod")
    check(engine, family.manager)
    family.manager.detach()


# --- shapes, without a database -----------------------------------------------------------------


def define(*plugins: Plugin) -> Any:
    class Base(DeclarativeBase):
        pass

    # with sessions of its own: nothing is left listening to those of other tests
    manager = VersioningManager(user_cls=None, plugins=plugins)
    manager.attach(Base, sessionmaker())

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(10))

    return Thing


def test_suffix_and_column_can_be_chosen() -> None:
    class Marked(PropertyModTrackerPlugin):
        column_suffix = "_changed"

        def create_mod_column(self, column: sa.Column[Any]) -> sa.Column[Any]:
            made = super().create_mod_column(column)
            made.comment = "whether it changed"
            return made

    thing = define(Marked())
    assert version_class(thing).name_changed.property.columns[0].comment == "whether it changed"


def test_a_column_of_that_name_is_told() -> None:
    class Named(PropertyModTrackerPlugin):
        column_suffix = ""

    with pytest.raises(ImproperlyConfigured, match="has a column 'name'"):
        define(Named())


def test_a_plugin_adds_columns_of_its_own() -> None:
    class Noting(Plugin):
        def after_build_version_table_columns(self, table_builder: Any, columns: Any) -> None:
            assert table_builder.option("strategy") == "validity"
            columns.append(sa.Column(f"{table_builder.parent_table.name}_note", sa.String(20)))

    thing = define(Noting())
    assert version_class(thing).thing_note.property.columns[0].type.length == 20
