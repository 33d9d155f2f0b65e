"""Models change, and history follows by one generated migration, there and back, with its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.orm import DeclarativeBase, Session, configure_mappers, relationship, sessionmaker

from flask_continuum import NOT_RECORDED, doctor, history_of_field, verify
from flask_continuum.engine.manager import VersioningManager
from tests.support.migrations import Migrations, make_migrations

MOOD: dict[str, Any] = {"mood": lambda: sa.Column(sa.String(20), index=True)}
PAGES: dict[str, Any] = {"pages": lambda: sa.Column(sa.Integer)}


@dataclass(frozen=True)
class Stage:
    """The models of one release, versioned."""

    Article: Any
    Tag: Any
    metadata: sa.MetaData
    manager: VersioningManager
    sessions: sessionmaker[Session]

    def verify(self) -> None:
        with self.sessions() as session:
            report = verify(session, self.manager)
            assert report.is_clean, str(report)
            diagnosis = doctor(session, self.manager)
            assert diagnosis.is_healthy, str(diagnosis)


@pytest.fixture
def release(engine: sa.Engine) -> Iterator[Callable[..., Stage]]:
    """Define the models of a release; those of the one before are versioned no longer."""
    stages: list[Stage] = []

    def release(
        columns: dict[str, Any],
        *,
        tags: bool = True,
        linked: bool = True,
        title: int = 50,
        **options: Any,
    ) -> Stage:
        for stage in stages:
            stage.manager.detach()

        class Base(DeclarativeBase):
            pass

        found: Any = SimpleNamespace(Tag=None)
        if tags:
            found.Tag = type(
                "Tag",
                (Base,),
                {
                    "__tablename__": "tag",
                    "__versioned__": {},
                    "id": sa.Column(sa.Integer, primary_key=True),
                    "name": sa.Column(sa.String(20)),
                },
            )
        if tags and linked:
            links = sa.Table(
                "article_tag",
                Base.metadata,
                sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
                sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
            )
            columns = {**columns, "tags": lambda: relationship("Tag", secondary=links)}
        found.Article = type(
            "Article",
            (Base,),
            {
                "__tablename__": "article",
                "__versioned__": {},
                "id": sa.Column(sa.Integer, primary_key=True),
                "title": sa.Column(sa.String(title), nullable=False),
                **{name: make() for name, make in columns.items()},
            },
        )
        manager = VersioningManager(user_cls=None, options=options)
        sessions = sessionmaker(engine)
        manager.attach(Base, sessions, engine)
        configure_mappers()
        stages.append(Stage(found.Article, found.Tag, Base.metadata, manager, sessions))
        return stages[-1]

    yield release
    for stage in stages:
        stage.manager.detach()
        stage.Article.registry.dispose(cascade=True)
    engine.dispose()


@pytest.fixture
def migrations(engine: sa.Engine, tmp_path: Path) -> Migrations:
    return make_migrations(tmp_path / "migrations", engine, sa.MetaData())


def migrate(migrations: Migrations, stage: Stage) -> str:
    """Generate the migration to a release and run it, there and back and there."""
    migrations = replace(migrations, metadata=stage.metadata)
    script = migrations.generate()
    migrations.run(command.upgrade, "head")
    migrations.run(command.downgrade, "-1")
    migrations.run(command.upgrade, "head")
    migrations.run(command.check)
    return script


def test_a_history_begins_and_its_columns_come_and_go(
    release: Callable[..., Stage], migrations: Migrations
) -> None:
    first = release(MOOD)
    script = migrate(migrations, first)
    for name in ("article", "tag", "article_tag"):
        assert f"op.record_history('{name}_version', '{name}')" in script
    first.verify()
    with first.sessions() as session:
        session.add(first.Article(id=1, title="Tides", mood="calm", tags=[first.Tag(id=1)]))
        session.commit()
        session.get_one(first.Article, 1).mood = "wild"
        session.commit()

    # a column goes, another one comes, a third one grows: versions keep what they hold
    second = release(PAGES, title=100)
    script = migrate(migrations, second)
    assert "op.record_column('article_version', 'pages')" in script
    assert "op.retire_column('article_version', 'mood')" in script
    assert "op.drop_column('article', 'mood')" in script or "batch_op.drop_column('mood')" in script
    second.verify()
    with second.sessions() as session:
        article = session.get_one(second.Article, 1)
        article.pages = 90
        session.commit()
        pages = [each.value for each in history_of_field(session, article, "pages").items]
        assert pages == [90, NOT_RECORDED]
        kept = session.execute(
            sa.text("SELECT mood FROM article_version WHERE id = 1 ORDER BY transaction_id")
        )
        assert [row.mood for row in kept] == ["calm", "wild", None]
    second.verify()

    # it comes back: what came in between is not known to have been anything
    third = release({**MOOD, **PAGES}, title=100)
    script = migrate(migrations, third)
    assert "op.resume_column('article_version', 'mood')" in script
    third.verify()
    with third.sessions() as session:
        article = session.get_one(third.Article, 1)
        article.mood = "calm again"
        session.commit()
        moods = [each.value for each in history_of_field(session, article, "mood").items]
        assert moods == ["calm again", NOT_RECORDED]
    third.verify()
    replace(migrations, metadata=third.metadata).run(command.downgrade, "base")
    with third.sessions() as session:
        left = set(sa.inspect(session.connection()).get_table_names())
    assert left == {"alembic_version"}


def test_the_history_of_a_model_that_is_gone_stays(
    release: Callable[..., Stage], migrations: Migrations
) -> None:
    first = release(PAGES, linked=False)
    migrate(migrations, first)
    with first.sessions() as session:
        session.add(first.Tag(id=1, name="sea"))
        session.commit()
    second = release(PAGES, tags=False)
    script = migrate(migrations, second)
    assert "op.retire_history('tag_version')" in script
    assert "op.drop_table('tag_version')" not in script
    with second.sessions() as session:
        assert session.scalar(sa.text("SELECT name FROM tag_version")) == "sea"
    second.verify()
    third = release(PAGES, linked=False)
    script = migrate(migrations, third)
    assert "op.resume_history('tag_version')" in script
    with third.sessions() as session:
        session.add(third.Tag(id=2, name="land"))
        session.commit()


def test_a_history_begins_beside_rows(
    release: Callable[..., Stage], migrations: Migrations
) -> None:
    first = release({}, tags=False)
    with migrations.engine.begin() as connection:
        first.Article.__table__.create(connection)
        connection.exec_driver_sql("INSERT INTO article (id, title) VALUES (1, 'Tides')")
    migrate(migrations, first)
    with first.sessions() as session:
        assert verify(session, first.manager).incomplete == ("article",)
        session.get_one(first.Article, 1).title = "Ebb"
        session.commit()
        assert [each.title for each in session.get_one(first.Article, 1).versions] == [
            "Tides",
            "Ebb",
        ]


@pytest.mark.parametrize("way", ["alter", "batch", "explicit"])
def test_a_renamed_column_takes_its_history_along(
    release: Callable[..., Stage], migrations: Migrations, way: str
) -> None:
    first = release(PAGES, tags=False)
    migrate(migrations, first)
    with first.sessions() as session:
        session.add(first.Article(id=1, title="Tides", pages=90))
        session.commit()
    renames = {
        "alter": "op.alter_column('article', '{}', new_column_name='{}', "
        "existing_type=sa.Integer())",
        "batch": "with op.batch_alter_table('article') as batch: "
        "batch.alter_column('{}', new_column_name='{}', existing_type=sa.Integer())",
        "explicit": "op.rename_versioned_column('article', '{}', '{}')",
    }
    second = release({"length": PAGES["pages"]}, tags=False)
    migrations = replace(migrations, metadata=second.metadata)
    there, back = (("pages", "length"), ("length", "pages"))
    migrations.write(renames[way].format(*there), renames[way].format(*back))
    migrations.run(command.upgrade, "head")
    migrations.run(command.downgrade, "-1")
    migrations.run(command.upgrade, "head")
    migrations.run(command.check)
    second.verify()
    with second.sessions() as session:
        article = session.get_one(second.Article, 1)
        article.length = 92
        session.commit()
        assert [each.length for each in article.versions] == [90, 92]
    second.verify()


def test_ends_are_written_when_the_strategy_changes(
    release: Callable[..., Stage], migrations: Migrations
) -> None:
    first = release({}, tags=False, strategy="subquery")
    migrate(migrations, first)
    with first.sessions() as session:
        session.add(first.Article(id=1, title="Tides"))
        session.commit()
        session.get_one(first.Article, 1).title = "Ebb"
        session.commit()
    second = release({}, tags=False)
    script = migrate(migrations, second)
    assert "op.fill_ends('article_version', key=['id'])" in script
    second.verify()
    with second.sessions() as session:
        session.get_one(second.Article, 1).title = "Flow"
        session.commit()
    second.verify()


def test_everything_can_be_written_as_sql(
    release: Callable[..., Stage], migrations: Migrations
) -> None:
    first = release(MOOD)
    migrate(migrations, first)
    second = release(PAGES)
    migrations = replace(migrations, metadata=second.metadata)
    if migrations.engine.dialect.name == "sqlite":
        # a batch has to read the table that it makes anew
        migrations.write(
            "op.record_column('article_version', 'pages'); "
            "op.retire_column('article_version', 'mood'); op.retire_history('tag_version')",
            "op.resume_column('article_version', 'mood'); op.resume_history('tag_version')",
        )
    else:
        migrations.generate()
    there = migrations.run(command.upgrade, "head", sql=True)
    assert re.search("INSERT INTO history_column .* SELECT 'article_version'.*'pages'", there)
    assert "UPDATE history_column SET until=" in there
    migrations.run(command.upgrade, "head")
    back = migrations.run(command.downgrade, "head:base", sql=True)
    assert "UPDATE history_column SET since=" in back
