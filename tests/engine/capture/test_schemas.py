"""Tables in other schemas, and schemas that have another name for each tenant."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.support.marks import on


def model(metadata: sa.MetaData) -> tuple[Any, Any]:
    class Base(DeclarativeBase):
        pass

    Base.metadata = metadata

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(20))

    return Base, Thing


def live(session: Session, thing: Any) -> None:
    """A record's life in three commits."""
    record = thing(id=1, name="a")
    session.add(record)
    session.commit()
    record.name = "b"
    session.flush()
    assert record.versions.count() == 2
    session.commit()
    session.execute(sa.delete(thing).where(thing.id == 1))
    session.commit()


@on("postgresql")
def test_a_schema_of_its_own(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("Odd Place"))
    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker(engine)
    base, thing = model(sa.MetaData(schema="Odd Place"))
    manager.attach(base, sessions, engine)
    base.metadata.create_all(engine)
    with sessions() as session:
        live(session, thing)
        version = manager.registry.of(thing).version_class
        found = session.scalars(sa.select(version).order_by(version.transaction_id)).all()
        assert [(each.name, each.operation_type) for each in found] == [
            ("a", 0),
            ("b", 1),
            ("b", 2),
        ]
    check(engine, manager)
    manager.detach()


@on("postgresql")
@pytest.mark.parametrize("own", [None, "tenant"])
def test_a_schema_for_each_tenant(engine: sa.Engine, own: str | None) -> None:
    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker()
    base, thing = model(sa.MetaData(schema=own))
    manager.attach(base, sessions)
    tenants = []
    for name in ("north", "south"):
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(name))
        tenants.append(engine.execution_options(schema_translate_map={own: name, None: name}))
        base.metadata.create_all(tenants[-1])
        manager.track_engine(tenants[-1])
    north, south = tenants
    with sessions(bind=north) as session:
        live(session, thing)
    with sessions(bind=south) as session:
        session.add(thing(id=1, name="elsewhere"))
        session.commit()
    with engine.connect() as connection:
        counts = [
            connection.scalar(sa.text(f"SELECT count(*) FROM {name}.thing_version"))
            for name in ("north", "south")
        ]
    assert counts == [3, 1]
    for tenant in tenants:
        check(tenant, manager)
    manager.detach()


@pytest.mark.orm_only(reason="one database has one transaction at a time")
def test_two_metadatas_on_one_connection(engine: sa.Engine, write: str) -> None:
    """Each has transactions of its own, of one identity; drafts of both are taken back."""
    manager = VersioningManager(user_cls=None)
    manager.write = write
    sessions = sessionmaker(engine)
    base, thing = model(sa.MetaData())
    second = type("Second", (DeclarativeBase,), {})
    columns = {
        "id": sa.Column(sa.Integer, primary_key=True),
        "name": sa.Column(sa.String(20)),
    }
    marks = {"__tablename__": "other", "__versioned__": {}}
    other: Any = type("Other", (second,), {**marks, **columns})
    manager.attach(base, sessions, engine)
    manager.attach(second, sessions, engine)
    base.metadata.create_all(engine)
    second.metadata.create_all(engine)
    with sessions() as session:
        records = [thing(id=1, name="a"), other(id=1, name="a")]
        session.add_all(records)
        session.flush()
        for record in records:
            assert record.versions.count() == 1
            record.name = "b"
            session.flush()
            assert [each.name for each in record.versions] == ["b"]
        session.commit()
        for record in records:
            record.name = "c"
        session.commit()
    for each in (thing, other):
        table = manager.registry.of(each).table
        assert [row[1:] for row in rows(engine, table)] == [("b", 1, 2, 0), ("c", 2, None, 1)]
    manager.detach()
