"""Alembic finds nothing to migrate in tables that are as the models say."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import DeclarativeBase, configure_mappers, relationship

import flask_continuum.migrations  # noqa: F401, as in env.py
from flask_continuum import VersioningManager
from tests.engine.newsroom import Newsroom


def differences(engine: sa.Engine, metadata: sa.MetaData) -> list[Any]:
    configure_mappers()  # as importing flask_continuum.migrations does in env.py
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        return list(compare_metadata(context, metadata))


def test_nothing_is_left_after_create_all(newsroom: Newsroom) -> None:
    assert differences(newsroom.engine, newsroom.base.metadata) == []


@pytest.mark.parametrize("strategy", ["validity", "subquery"])
def test_keys_of_several_columns_and_links(engine: sa.Engine, strategy: str) -> None:
    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None, options={"strategy": strategy})
    manager.attach(Base)
    drawn = sa.Table(
        "drawn",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),  # no part of what identifies a link
        sa.Column("sheet", sa.String(20)),
        sa.Column("edition", sa.Integer),
        sa.Column("place_id", sa.ForeignKey("place.id")),
        sa.ForeignKeyConstraint(["sheet", "edition"], ["map.sheet", "map.edition"]),
    )

    class Place(Base):
        __tablename__ = "place"
        __versioned__ = {}
        id = sa.Column(sa.BigInteger, primary_key=True, autoincrement=False)
        name = sa.Column(sa.String(50), nullable=False, server_default="nowhere", unique=True)

    class Map(Base):
        __tablename__ = "map"
        __versioned__ = {}
        sheet = sa.Column(sa.String(20), primary_key=True)
        edition = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.Enum("sea", "land", name="map_kind"))
        places = relationship(Place, secondary=drawn)

    Base.metadata.create_all(engine)
    assert differences(engine, Base.metadata) == []
    manager.detach()
