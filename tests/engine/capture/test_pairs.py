"""P2, P4, P5: link tables that hold a pair more than once: it is one link while a row is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker

from flask_continuum.engine.maintenance import verify
from flask_continuum.engine.manager import VersioningManager
from tests.engine.capture.library import mind_foreign_keys
from tests.engine.invariants import rows
from tests.support.kept import empty_or_create
from tests.support.marks import on


class Catalogue:
    """Articles with tags, by a link table with a key of its own and by one without any key."""

    def __init__(self, engine: sa.Engine) -> None:
        class Base(DeclarativeBase):
            pass

        def links(name: str, *columns: Any) -> sa.Table:
            return sa.Table(
                name,
                Base.metadata,
                *columns,
                sa.Column("article_id", sa.ForeignKey("article.id"), nullable=False),
                sa.Column(
                    "tag_id", sa.ForeignKey("tag.id", ondelete="CASCADE", onupdate="CASCADE")
                ),
                sa.Column("note", sa.String(20)),
                sa.Column("extra", sa.JSON(none_as_null=True)),
            )

        numbered = links("numbered", sa.Column("id", sa.Integer, primary_key=True))
        loose = links("loose")

        class Article(Base):
            __tablename__ = "article"
            __versioned__ = {"database_cascades": "capture"}
            id = sa.Column(sa.Integer, primary_key=True)
            tags = relationship("Tag", secondary=numbered)
            others = relationship("Tag", secondary=loose)

        class Tag(Base):
            __tablename__ = "tag"
            __versioned__ = {"database_cascades": "capture"}
            id = sa.Column(sa.Integer, primary_key=True)

        class Numbered(Base):
            __table__ = numbered

        mind_foreign_keys(engine)
        self.engine = engine
        self.manager = VersioningManager(user_cls=None)
        self.sessions = sessionmaker(engine)
        self.manager.attach(Base, self.sessions, engine)
        Base.registry.configure()
        empty_or_create(engine, Base.metadata, keep={"history_column"})
        self.Article, self.Tag, self.Numbered = Article, Tag, Numbered
        self.numbered, self.loose = numbered, loose

    def fill(self) -> None:
        with self.commit() as session:
            session.add(self.Article(id=1))
            session.add_all(self.Tag(id=n) for n in (1, 2, 3))

    def commit(self) -> Any:
        return self.sessions.begin()

    def add(self, *notes: tuple[int, str | None], tag: int = 1) -> None:
        """Rows of one pair, with the key and the note of each, in both tables."""
        with self.commit() as session:
            for key, note in notes:
                values = {"article_id": 1, "tag_id": tag, "note": note, "extra": [note]}
                session.execute(self.numbered.insert().values(id=key, **values))
                session.execute(self.loose.insert().values(**values))

    def links(self, table: sa.Table) -> list[tuple[Any, ...]]:
        """The versions of a table's links: the tag, the note, the operation."""
        entry = self.manager.registry.link_table(table)
        assert entry is not None
        names = entry.version.c.keys()
        found = [dict(zip(names, row, strict=True)) for row in rows(self.engine, entry)]
        return [(each["tag_id"], each["note"], each["operation_type"]) for each in found]


@pytest.fixture
def catalogue(borrow: Any) -> Iterator[Catalogue]:
    with borrow(Catalogue) as catalogue:
        catalogue.fill()
        yield catalogue


def test_a_pair_ends_with_its_last_row(catalogue: Catalogue) -> None:
    """A second row is no other link, and a link stays while a row of it is left."""
    catalogue.add((1, "a"))
    catalogue.add((2, "b"))
    assert catalogue.links(catalogue.numbered) == [(1, "a", 0)]
    assert catalogue.links(catalogue.loose) == [(1, "a", 0)]
    for note in "ba":
        with catalogue.commit() as session:
            for table in (catalogue.numbered, catalogue.loose):
                session.execute(table.delete().where(table.c.note == note))
        if note == "b":
            assert catalogue.links(catalogue.numbered) == [(1, "a", 0)]
    assert catalogue.links(catalogue.numbered) == [(1, "a", 0), (1, "a", 2)]
    assert catalogue.links(catalogue.loose) == [(1, "a", 0), (1, "a", 2)]


def test_the_smallest_row_speaks(catalogue: Catalogue) -> None:
    """By its key, or by what it holds where there is none; another only after it is gone."""
    catalogue.add((5, "b"), (7, "c"))
    catalogue.add((3, "d"))
    assert catalogue.links(catalogue.numbered) == [(1, "b", 0), (1, "d", 1)]
    assert catalogue.links(catalogue.loose) == [(1, "b", 0)]
    catalogue.add((9, "a"), (10, "a"), (11, None))
    assert catalogue.links(catalogue.loose) == [(1, "b", 0), (1, "a", 1)]
    with catalogue.commit() as session:
        session.delete(session.get(catalogue.Numbered, 3))
        session.get(catalogue.Numbered, 7).note = "unheard"
        session.execute(catalogue.loose.delete().where(catalogue.loose.c.note == "a"))
    assert catalogue.links(catalogue.numbered)[2:] == [(1, "b", 1)]
    assert catalogue.links(catalogue.loose)[2:] == [(1, "b", 1)]


def _replaced(catalogue: Catalogue, session: Session) -> None:
    """One row comes and the other goes: the link stays."""
    session.add(catalogue.Numbered(id=2, article_id=1, tag_id=1, note="b"))
    session.flush()
    session.delete(session.get(catalogue.Numbered, 1))


def _come_and_gone(catalogue: Catalogue, session: Session) -> None:
    _replaced(catalogue, session)
    session.flush()
    session.delete(session.get(catalogue.Numbered, 2))


def _kept_in_a_savepoint(catalogue: Catalogue, session: Session) -> None:
    with session.begin_nested():
        session.add(catalogue.Numbered(id=2, article_id=1, tag_id=1, note="b"))
    savepoint = session.begin_nested()
    session.delete(session.get(catalogue.Numbered, 1))
    savepoint.rollback()


def _led_apart(catalogue: Catalogue, session: Session) -> None:
    """Two rows of one pair, by one statement, to two others."""
    table = catalogue.numbered
    session.add(catalogue.Numbered(id=2, article_id=1, tag_id=1, note="b"))
    session.flush()
    session.connection().execute(
        table.update().where(table.c.id == sa.bindparam("key")).values(tag_id=sa.bindparam("to")),
        [{"key": 1, "to": 2}, {"key": 2, "to": 3}],
    )


def _one_led_away(catalogue: Catalogue, session: Session) -> None:
    session.add(catalogue.Numbered(id=2, article_id=1, tag_id=1, note="b"))
    session.flush()
    session.get(catalogue.Numbered, 2).tag_id = 2


def _removed_by_the_database(catalogue: Catalogue, session: Session) -> None:
    session.add(catalogue.Numbered(id=2, article_id=1, tag_id=1, note="b"))
    session.flush()
    session.execute(sa.delete(catalogue.Tag).where(catalogue.Tag.id == 1))


def _by_the_relationship(catalogue: Catalogue, session: Session) -> None:
    """It knows links, not rows: one that is there already is brought a second time."""
    article = session.get(catalogue.Article, 1)
    article.tags = []
    session.flush()
    session.execute(catalogue.numbered.insert().values(id=-1, article_id=1, tag_id=1, note="b"))
    article.tags.extend([session.get(catalogue.Tag, 1), session.get(catalogue.Tag, 3)])


def _copied(catalogue: Catalogue, session: Session) -> None:
    """From a SELECT, with keys below those that are there."""
    table = catalogue.numbered
    query = sa.select(table.c.id - 5, table.c.article_id, table.c.tag_id, sa.literal("copy"))
    session.execute(table.insert().from_select(["id", "article_id", "tag_id", "note"], query))


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (_replaced, [(1, "b", 1)]),
        (_come_and_gone, [(1, "b", 2)]),
        (_kept_in_a_savepoint, []),
        (_led_apart, [(1, "a", 2), (2, "a", 0), (3, "b", 0)]),
        (_one_led_away, [(2, "b", 0)]),
        (_removed_by_the_database, [(1, "a", 2)]),
        (_by_the_relationship, [(1, "b", 1), (3, None, 0)]),
        (_copied, [(1, "copy", 1)]),
    ],
)
def test_what_one_transaction_does(
    catalogue: Catalogue, program: Callable[[Catalogue, Session], None], expected: list[Any]
) -> None:
    catalogue.add((1, "a"))
    with catalogue.commit() as session:
        program(catalogue, session)
    is_native = catalogue.manager.registry.tables[catalogue.numbered].is_native
    if program is _led_apart and is_native:
        expected = [(1, "b", 2), *expected[1:]]  # each row goes by itself, the second one last
    if (
        program is _removed_by_the_database
        and catalogue.manager.registry.tables[catalogue.numbered].is_native
        and catalogue.engine.dialect.name == "sqlite"
    ):
        expected = [(1, "b", 2)]  # likewise
    found = [each for each in catalogue.links(catalogue.numbered) if each != (1, "a", 0)]
    by_row = catalogue.engine.dialect.name == "mysql"
    if by_row and program is _removed_by_the_database and is_native:
        expected = [(1, "b", 2)]  # of two rows that go at once, the last one is remembered
    assert found == expected


def test_history_that_began_late(catalogue: Catalogue) -> None:
    """A second row of a pair that history has not seen yet is no first one."""
    table = catalogue.numbered
    with catalogue.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO numbered (id, article_id, tag_id) VALUES (1, 1, 1)")
        )
        gone = catalogue.manager.registry.history[table.metadata].history_column
        kept = connection.execute(sa.select(gone).where(gone.c.table_name == "numbered_version"))
        known = [dict(row) for row in kept.mappings()]
        connection.execute(gone.delete().where(gone.c.table_name == "numbered_version"))
        catalogue.manager.completeness.forget(connection)
    try:
        catalogue.add((2, "b"))
        assert catalogue.links(table) == [(1, None, 0)]
    finally:
        with catalogue.engine.begin() as connection:
            connection.execute(gone.insert(), known)


@on("postgresql", "mariadb")
def test_two_who_remove_the_last_two_rows(catalogue: Catalogue) -> None:
    """Each leaves one row, neither leaves any: the pair is locked, not the row."""
    catalogue.add((1, "a"), (2, "b"))
    waiting = threading.Event()
    table = catalogue.numbered

    def remove_the_second() -> None:
        with catalogue.engine.begin() as connection:
            waiting.set()
            connection.execute(table.delete().where(table.c.id == 2))

    other = threading.Thread(target=remove_the_second)
    with catalogue.engine.begin() as connection:
        connection.execute(table.delete().where(table.c.id == 1))
        other.start()
        waiting.wait()
        other.join(0.3)
    other.join()
    assert catalogue.links(table)[-1][-1] == 2


@pytest.mark.orm_only(reason="triggers see what this changes behind history")
def test_verify_looks_at_the_row_that_speaks(catalogue: Catalogue) -> None:
    catalogue.add((1, "a"), (2, "b"))
    with catalogue.engine.begin() as connection:
        connection.execute(sa.text("UPDATE numbered SET note = 'x' WHERE id = 1"))
        connection.execute(sa.text("UPDATE loose SET note = '0' WHERE note = 'a'"))
    with Session(catalogue.engine) as session:
        report = verify(session, catalogue.manager)
        found = {(each.table, each.columns) for each in report.findings}
    assert found == {("numbered", ("note",)), ("loose", ("note",))}
    with catalogue.engine.begin() as connection:
        connection.execute(sa.text("UPDATE numbered SET note = 'a' WHERE id = 1"))
        connection.execute(sa.text("UPDATE loose SET note = 'a' WHERE note = '0'"))


@on("postgresql")
def test_two_that_begin_a_pair_at_once_break_its_chain(engine: sa.Engine) -> None:
    """A limit: there is no row that both could lock. Verifying finds it."""
    catalogue = Catalogue(engine)
    catalogue.fill()
    written, may_commit = threading.Event(), threading.Event()

    def hold(connection: sa.Connection) -> None:
        if threading.current_thread() is not threading.main_thread():
            written.set()
            assert may_commit.wait(20)

    sa.event.listen(engine, "commit", hold)  # after the manager: its versions are written by then

    def begin(key: int) -> None:
        with catalogue.commit() as session:
            session.execute(catalogue.numbered.insert().values(id=key, article_id=1, tag_id=1))

    other = threading.Thread(target=begin, args=(1,))
    other.start()
    assert written.wait(20)
    begin(2)
    may_commit.set()
    other.join()
    assert catalogue.links(catalogue.numbered) == [(1, None, 0), (1, None, 0)]
    with Session(engine) as session:
        findings = verify(session, catalogue.manager).findings
    assert {finding.table for finding in findings} == {"numbered"}
    catalogue.manager.detach()


@on("mariadb")
def test_a_snapshot_from_before_a_pair_began_breaks_its_chain(engine: sa.Engine) -> None:
    """A limit under REPEATABLE READ: it does not show the version that is open by now."""
    catalogue = Catalogue(engine)
    catalogue.fill()
    with catalogue.commit() as session:
        session.scalars(sa.select(catalogue.Tag)).all()  # the snapshot is of now
        with catalogue.commit() as other:
            other.execute(catalogue.numbered.insert().values(id=1, article_id=1, tag_id=1))
        session.execute(catalogue.numbered.insert().values(id=2, article_id=1, tag_id=1))
    assert catalogue.links(catalogue.numbered) == [(1, None, 0), (1, None, 0)]
    with Session(engine) as session:
        findings = verify(session, catalogue.manager).findings
    assert {finding.table for finding in findings} == {"numbered"}
    catalogue.manager.detach()
