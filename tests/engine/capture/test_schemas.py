"""Tables in other schemas, and schemas that have another name for each tenant."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check
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
