"""P10, loud when wrong: errors at configure time, naming model, attribute and fix."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum.engine.errors import ClassNotVersioned, ImproperlyConfigured
from flask_continuum.engine.introspect import (
    count_versions,
    parent_class,
    transaction_class,
    version_class,
)
from flask_continuum.engine.manager import VersioningManager


def managed(**arguments: Any) -> tuple[Any, VersioningManager]:
    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None, **arguments)
    manager.attach(Base, sessionmaker())
    return Base, manager


def model(base: Any, versioned: dict[str, Any], **columns: Any) -> Any:
    return type(
        "Article",
        (base,),
        {
            "__tablename__": "article",
            "__versioned__": versioned,
            "id": sa.Column(sa.Integer, primary_key=True),
            "title": sa.Column(sa.String(20)),
            **columns,
        },
    )


def test_an_unknown_option_names_the_nearest() -> None:
    base, _ = managed()
    with pytest.raises(ImproperlyConfigured, match=r"Article.*'exlude'.*'exclude'"):
        model(base, {"exlude": ["title"]})


def test_an_unknown_option_of_the_manager() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"'stategy'.*'strategy'"):
        VersioningManager(options={"stategy": "validity"})


def test_an_unknown_option_is_a_warning_when_coming_from_continuum() -> None:
    base, _ = managed(strict=False)
    with pytest.warns(UserWarning, match=r"'exlude'.*'exclude'"):
        model(base, {"exlude": ["title"]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "both"}, "'validity' or 'subquery'"),
        ({"table_name": "history"}, "pattern with one %s"),
        ({"exclude": "title"}, r"\['title'\]"),
        ({"versioning": "yes"}, "True or False"),
        ({"transaction_column_name": ""}, "column's name"),
    ],
)
def test_a_value_that_does_not_fit(options: dict[str, Any], words: str) -> None:
    base, _ = managed()
    with pytest.raises(ImproperlyConfigured, match=words):
        model(base, options)


def test_an_excluded_attribute_that_does_not_exist() -> None:
    base, _ = managed()
    model(base, {"exclude": ["titel"]})
    with pytest.raises(ImproperlyConfigured, match=r"Article.*'titel'.*'title'"):
        base.registry.configure()


def test_a_table_without_a_primary_key() -> None:
    base, manager = managed()
    table = sa.Table("log", base.metadata, sa.Column("line", sa.Integer))
    with pytest.raises(ImproperlyConfigured, match=r"'log'.*no primary key"):
        type(
            "Log",
            (base,),
            {
                "__table__": table,
                "__versioned__": {},
                "__mapper_args__": {"primary_key": [table.c.line]},
            },
        )
    assert not manager.registry.tables


def test_a_version_table_whose_name_is_taken() -> None:
    base, _ = managed()
    sa.Table("article_version", base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(ImproperlyConfigured, match=r"'article_version'.*table_name"):
        model(base, {})


def test_a_column_that_bookkeeping_needs() -> None:
    base, _ = managed()
    with pytest.raises(ImproperlyConfigured, match=r"'transaction_id'"):
        model(base, {}, transaction_id=sa.Column(sa.Integer))


def test_a_transaction_table_of_the_application() -> None:
    base, _ = managed()
    sa.Table("transaction", base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(ImproperlyConfigured, match=r"'transaction'.*TransactionFactory"):
        model(base, {})


def test_classes_that_are_not_versioned() -> None:
    class Base(DeclarativeBase):
        pass

    class Plain(Base):
        __tablename__ = "plain"
        id = sa.Column(sa.Integer, primary_key=True)

    for question in (version_class, transaction_class, count_versions, parent_class):
        with pytest.raises(ClassNotVersioned, match="Plain"):
            question(Plain)


def test_a_live_class_is_no_version_class() -> None:
    base, _ = managed()
    article = model(base, {})
    with pytest.raises(ClassNotVersioned, match=r"version_class\(\)"):
        parent_class(article)
    assert parent_class(version_class(article)) is article


def test_a_missing_version_table_fails_the_write_and_names_itself() -> None:
    base, manager = managed()
    article = model(base, {})
    engine = sa.create_engine("sqlite://")
    base.metadata.create_all(engine, tables=[article.__table__])
    manager.track_engine(engine)
    with Session(engine) as session:
        session.add(article(id=1, title="a"))
        with pytest.raises(sa.exc.OperationalError, match="no such table"):
            session.commit()
    engine.dispose()
    manager.detach()
