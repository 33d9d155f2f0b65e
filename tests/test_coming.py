"""The names in docs/coming-from-continuum.md are there, and take what the list says."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, configure_mappers, relationship, sessionmaker

import flask_continuum
from flask_continuum import VersioningManager
from flask_continuum.engine.options import Options
from flask_continuum.plugins import (
    ActivityPlugin,
    PropertyModTrackerPlugin,
    TransactionChangesPlugin,
    TransactionMetaPlugin,
)
from tests.support.documents import ROOT
from tests.test_names import NAMES

DOCUMENT = ROOT / "docs" / "coming-from-continuum.md"
NAME = re.compile(r"`(?P<name>[\w.]+)(?:\((?P<parameters>[\w, ]*)\))?`")


def listed() -> dict[str, list[tuple[str, tuple[str, ...] | None]]]:
    """The names of each section, with the parameters that they are said to take."""
    found: dict[str, list[tuple[str, tuple[str, ...] | None]]] = {}
    section = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif line.startswith("| ✓ "):
            _, cell, meaning, tests, _ = (part.strip() for part in line.split("|"))
            assert meaning and "../tests/" in tests, line
            for match in NAME.finditer(cell):
                given = match["parameters"]
                parameters = None if given is None else tuple(re.findall(r"\w+", given))
                found.setdefault(section, []).append((match["name"], parameters))
    return found


LISTED = listed()


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, Any]]:
    """What has the names of each section."""

    class Base(DeclarativeBase):
        pass

    links = sa.Table(
        "article_tag",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class User(Base):
        __tablename__ = "user"
        id = sa.Column(sa.Integer, primary_key=True)

    class Tag(Base):
        __tablename__ = "tag"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(20))
        tags = relationship(Tag, secondary=links)

    manager = VersioningManager(
        plugins=[
            ActivityPlugin(),
            PropertyModTrackerPlugin(),
            TransactionChangesPlugin(),
            TransactionMetaPlugin(),
        ]
    )
    manager.attach(Base, sessionmaker())
    configure_mappers()
    version = manager.version_class_map[Article]
    yield {
        "The package": flask_continuum,
        "Options": SimpleNamespace(**dict.fromkeys(Options.__dataclass_fields__)),
        "Live classes": Article,
        "Version classes": version,
        "Transactions": manager.transaction_cls,
        "Operations": importlib.import_module("flask_continuum.operation"),
        "The manager": SimpleNamespace(
            VersioningManager=VersioningManager,
            **{name: getattr(manager, name) for name in dir(manager) if name[0] != "_"},
        ),
        "The unit of work": manager.unit_of_work(Session()),
        "Helpers": importlib.import_module("flask_continuum.utils"),
        "Plugins": importlib.import_module("flask_continuum.plugins"),
        "Schema helpers": importlib.import_module("flask_continuum.schema"),
        "Trigger helpers": importlib.import_module("flask_continuum.dialects.postgresql"),
        "Builders, fetchers, reverter": importlib.import_module("flask_continuum.exc"),
    }
    manager.detach()


@pytest.mark.parametrize("section", LISTED)
def test_each_name_is_there_and_takes_what_is_said(places: dict[str, Any], section: str) -> None:
    for name, parameters in LISTED[section]:
        thing = places[section]
        for part in name.split("."):
            thing = getattr(thing, part)
        if parameters is None or name == "Operation":  # an enumeration's call says nothing
            continue
        assert set(parameters) <= set(inspect.signature(thing).parameters), name


def test_every_section_is_looked_at(places: dict[str, Any]) -> None:
    assert set(LISTED) == set(places)


def test_nothing_is_left_out() -> None:
    told = {name.split(".")[0] for names in LISTED.values() for name, _ in names}
    offered = {name for names in NAMES.values() for name in names.split()}
    bases = {name for name in offered if name.endswith("Base")}
    assert offered - bases <= told
