"""First versions for rows that predate their history: in chunks, whatever others do meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, relationship, sessionmaker

from flask_continuum import HistoryWriteError, VersioningManager, baseline, verify
from tests.engine.newsroom import Newsroom
from tests.support.marks import on


@pytest.fixture
def newsroom(newsroom: Newsroom) -> Newsroom:
    """Rows that came before their history: five sections, two places, an article with a tag."""
    base = newsroom.base.metadata.tables
    outside = sa.create_engine(newsroom.engine.url)
    with outside.begin() as connection:
        connection.execute(
            base["section"].insert(), [{"id": i, "name": f"s{i}"} for i in range(1, 6)]
        )
        connection.execute(
            base["place"].insert(),
            [{"country": "pt", "number": i, "name": f"p{i}"} for i in (1, 2)],
        )
        connection.execute(base["tag"].insert(), [{"id": 1, "name": "t"}])
        connection.execute(
            base["article"].insert(), [{"id": 1, "title": "a", "revision": 1, "section_id": 1}]
        )
        connection.execute(base["article_tag"].insert(), [{"article_id": 1, "tag_id": 1}])
        connection.execute(base["history_column"].delete())
    outside.dispose()
    newsroom.manager.completeness.forget(newsroom.engine.connect())
    return newsroom


def write(newsroom: Newsroom, **options: Any) -> Any:
    with newsroom.session() as session:
        return baseline(session, newsroom.manager, **options)


def test_every_record_gets_a_first_version_in_chunks(newsroom: Newsroom) -> None:
    counted = write(newsroom, dry_run=True)
    told: list[tuple[str, int]] = []
    found = write(newsroom, chunk=2, progress=lambda *step: told.append(step))
    assert found == counted
    assert {name: n for name, n in found.items() if n} == {
        "article": 1,
        "article_tag": 1,
        "place": 2,
        "section": 5,
        "tag": 1,
    }
    assert [n for name, n in told if name == "section"] == [2, 4, 5]
    with newsroom.session() as session:
        report = verify(session, newsroom.manager)
        assert (report.is_clean, report.incomplete) == (True, ())
        first = session.get_one(newsroom.Section, 3).versions[0]
        assert (first.operation_type, first.name, first.transaction.kind) == (0, "s3", "baseline")
        kinds = session.scalars(sa.text(f"SELECT kind FROM {_quoted(newsroom)}")).all()
        assert set(kinds) == {"baseline"}
    assert write(newsroom) == {}


def test_what_was_interrupted_goes_on_where_it_was(newsroom: Newsroom) -> None:
    def interrupt(table: str, written: int) -> None:
        if (table, written) == ("section", 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(newsroom, chunk=2, progress=interrupt)
    # somebody changes one that is done and one that is not
    with newsroom.commit() as session:
        session.get_one(newsroom.Section, 1).name = "changed"
        session.get_one(newsroom.Section, 5).name = "changed"
    assert write(newsroom, chunk=2)["section"] == 2
    with newsroom.session() as session:
        assert verify(session, newsroom.manager).is_clean
        names = [v.name for v in session.get_one(newsroom.Section, 5).versions]
        assert names == ["s5", "changed"]


def test_only_some_models(newsroom: Newsroom) -> None:
    assert write(newsroom, models=[newsroom.Place]) == {"place": 2}
    with newsroom.session() as session:
        assert "place" not in verify(session, newsroom.manager).incomplete
        assert "section" in verify(session, newsroom.manager).incomplete


class TestUses:
    pytestmark = on("sqlite")

    def test_rows_of_a_link_table_that_link_nothing_are_left_alone(self, engine: sa.Engine) -> None:
        class Base(DeclarativeBase):
            pass

        links = sa.Table(
            "own_other",
            Base.metadata,
            sa.Column("own_id", sa.ForeignKey("own.id")),
            sa.Column("other_id", sa.ForeignKey("own.id")),
        )

        class Own(Base):
            __tablename__ = "own"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True)
            others = relationship(
                "Own",
                secondary=links,
                primaryjoin=lambda: Own.id == links.c.own_id,
                secondaryjoin=lambda: Own.id == links.c.other_id,
            )

        manager = VersioningManager(user_cls=None)
        sessions = sessionmaker(engine)
        manager.attach(Base, sessions, engine)
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO own VALUES (1)")
            connection.exec_driver_sql("INSERT INTO own_other VALUES (1, NULL), (1, 1)")
            connection.exec_driver_sql("DELETE FROM history_column")
            manager.completeness.forget(connection)
        with sessions() as session:
            assert baseline(session, manager) == {"own": 1, "own_other": 1}

    def test_a_wrong_use_is_refused(self, newsroom: Newsroom) -> None:
        with pytest.raises(ValueError, match="at least one record"):
            write(newsroom, chunk=0)
        with newsroom.session() as session:
            session.get_one(newsroom.Section, 1).name = "pending"
            session.flush()
            with pytest.raises(HistoryWriteError, match="Commit or roll back"):
                baseline(session, newsroom.manager)


def _quoted(newsroom: Newsroom) -> str:
    return newsroom.engine.dialect.identifier_preparer.quote("transaction")
