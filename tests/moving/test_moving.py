"""A database whose history SQLAlchemy-Continuum began is opened, read, extended and reverted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.orm import Session

from flask_continuum import (
    FindingKind,
    ImproperlyConfigured,
    VersioningManager,
    make_versioned,
    verify,
    version_class,
)
from tests.moving import library
from tests.moving.conftest import Peer
from tests.support.databases import Database
from tests.support.migrations import make_migrations


@pytest.fixture
def manager() -> Iterator[VersioningManager]:
    manager = VersioningManager()
    yield manager
    manager.reset()


@pytest.fixture
def strategy(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "validity")


@pytest.fixture
def its(manager: VersioningManager, strategy: str) -> Iterator[SimpleNamespace]:
    """The library's models, versioned by us: the options are what they were."""
    options = {"strategy": strategy, "database_cascades": "capture"}
    its = library.define(make_versioned, manager=manager, options=options)
    yield its
    its.Base.registry.dispose(cascade=True)


@pytest.mark.parametrize(
    ("database_kind", "strategy"),
    [
        ("sqlite", "validity"),
        ("postgresql", "validity"),
        ("mariadb", "validity"),
        ("sqlite", "subquery"),
    ],
    indirect=True,
)
def test_a_history_moves_over(
    peer: Peer,
    database: Database,
    engine: sa.Engine,
    manager: VersioningManager,
    its: SimpleNamespace,
    strategy: str,
    tmp_path: Path,
) -> None:
    told = peer.fill(database.uri, strategy)

    # before the migration, an error names it, and the change does not happen without its version
    with Session(engine) as session, pytest.raises(ImproperlyConfigured, match="migration"):
        session.get_one(its.Work, 1).title = "Ebb"
        session.commit()

    # one generated migration, which can be taken back, and leaves nothing to be migrated
    migrations = make_migrations(tmp_path / "migrations", engine, its.Base.metadata)
    ends = ", without_ends=['shelved_version']" if strategy == "validity" else ""
    assert f"    op.adopt_history('transaction'{ends})\n" in migrations.generate()
    for change, target in (
        (command.upgrade, "head"),
        (command.downgrade, "base"),
        (command.upgrade, "head"),
    ):
        migrations.run(change, target)
    migrations.run(command.check)

    with Session(engine) as session:
        # what was left wrong is named: the database removed a link, and nobody saw it
        # (SQLite did nothing, for its foreign keys were off)
        findings = verify(session, manager).findings
        lost = [] if database.kind == "sqlite" else [("shelved", (3, 1), 1)]
        assert [(it.table, it.key, it.transaction) for it in findings] == lost
        assert {it.kind for it in findings} <= {FindingKind.VERSION_WITHOUT_RECORD}

        # every version is there, as it was
        for name, versions in told.items():
            assert describe(session, manager, getattr(its, name)) == versions
        tides = session.get_one(its.Work, 1)
        first, second, third = tides.versions
        assert first.changeset["title"] == [None, "Tides"]
        assert second.changeset == {"title": ["Tides", "Tides and Currents"]}
        assert third.changeset["about"] == [{"pages": 90}, {"pages": 92, "maps": ["north"]}]
        assert [each.index for each in (first, second, third)] == [0, 1, 2]
        tags = [[subject.name for subject in each.subjects] for each in tides.versions]
        assert tags == [[], ["sea"], ["land"]]
        copies = [[(it.number, it.shelf) for it in each.copies] for each in tides.versions]
        assert copies == [[], [(1, "A"), (2, "A")], [(1, "A"), (2, "B")]]
        nets = session.get_one(its.Book, 2)
        assert nets.versions[-1].changeset == {"isbn": ["1-23", "1-234"]}

        # it goes on: the chains are those that the other package began
        tides.title = "Ebb"
        tides.subjects.append(session.get_one(its.Subject, 1))
        nets.isbn = "1-2345"
        session.commit()
        latest = tides.versions[-1]
        assert latest.changeset == {"title": ["Tides and Currents", "Ebb"]}
        assert latest.transaction.id == nets.versions[-1].transaction_id > 4
        assert (third.next, latest.previous) == (latest, third)
        if strategy == "validity":
            session.refresh(third)
            assert third.end_transaction_id == latest.transaction_id
        assert sorted(subject.name for subject in latest.subjects) == ["land", "sea"]

        # and it can be gone back to, relations and deleted records included
        gone = version_class(its.Work).version_at(session, {"id": 3}, 4).previous
        gone.revert(relations=["copies"])
        first.revert(relations=["subjects", "copies"])
        session.commit()
        assert (tides.title, tides.subjects, tides.copies) == ("Tides", [], [])
        assert [copy.shelf for copy in session.get_one(its.Work, 3).copies] == ["C"]

        findings = verify(session, manager).findings
        assert [(it.table, it.key, it.transaction) for it in findings] == lost


def describe(session: Session, manager: VersioningManager, model: type) -> list[list[str]]:
    """Every version of a model, in the texts of ``fill.py``."""
    cls = manager.registry.of(model).version_class
    keys = [attribute.key for attribute in sa.inspect(cls).column_attrs]
    rows = session.scalars(sa.select(cls)).all()
    return sorted([f"{key}={getattr(row, key)!r}" for key in sorted(keys)] for row in rows)
