"""A version table in partitions, as docs/scale.md makes them: everything works, and one may go."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from flask_continuum import feed, make_versioned, verify
from flask_continuum.engine import read as history
from flask_continuum.engine.manager import VersioningManager
from tests.support.documents import ROOT, read_blocks
from tests.support.marks import on

pytestmark = on("postgresql")


def run(engine: sa.Engine, name: str) -> None:
    """Run what the document has under a name."""
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    (block,) = (each for each in read_blocks(text) if each.before == f"<!-- {name} -->")
    with engine.begin() as connection:
        connection.exec_driver_sql("\n".join(block.lines))


def test_a_partitioned_history_is_whole_and_stays_so(engine: sa.Engine) -> None:
    manager = VersioningManager()
    make_versioned(user_cls=None, manager=manager)

    class Base(DeclarativeBase):
        pass

    class Article(Base):
        __tablename__ = "article"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(50))

    Base.metadata.create_all(engine)

    def write(key: int, title: str | None) -> None:
        with Session(engine) as session:
            found = session.get(Article, key)
            if title is None:
                session.delete(found)
            elif found is None:
                session.add(Article(id=key, title=title))
            else:
                found.title = title
            session.commit()

    def titles(key: int) -> list[tuple[str, str]]:
        with Session(engine) as session:
            found = history.timeline(session, Article, (key,))
            return [(each.operation.name, each.version.title) for each in found]

    def is_sound() -> bool:
        with Session(engine) as session:
            report = verify(session, manager)
            assert report.is_clean, str(report)
        return True

    def count(partition: str) -> int:
        with engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT count(*) FROM article_version_{partition}"))
            return int(found.scalar_one())

    write(1, "a")
    write(1, "b")
    write(2, "gone soon")
    write(2, None)
    write(3, "never changed")
    run(engine, "partition")
    assert (count("1"), count("2"), count("open")) == (2, 0, 3)
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT setval('transaction_id_seq', 1500)")
    write(1, "c")
    write(3, "changed at last")
    write(3, None)
    write(3, "again")
    write(4, "new")
    assert (count("1"), count("2"), count("open")) == (2, 4, 4)
    assert [title for _, title in titles(1)] == ["c", "b", "a"]
    assert is_sound()
    with Session(engine) as session:
        assert len(feed(session, manager)) == 10
        article = session.get(Article, 1)
        assert article.versions[0].next.title == "b"  # type: ignore[union-attr, attr-defined]

    run(engine, "retention")
    assert is_sound()
    assert titles(1) == [("UPDATE", "c"), ("INSERT", "b")]
    assert titles(2) == []
    write(1, "d")
    write(2, "born again")
    assert titles(1)[0] == ("UPDATE", "d")
    assert titles(2) == [("INSERT", "born again")]
    assert is_sound()
