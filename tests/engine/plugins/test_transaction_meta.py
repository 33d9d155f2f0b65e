"""Names and values of transactions, of the present one and of those before."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum import VersioningManager
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.plugins.base import Plugin
from flask_continuum.engine.plugins.transaction_meta import TransactionMetaPlugin
from tests.engine.newsroom import Newsroom
from tests.engine.plugins.conftest import Make
from tests.support.statements import statements


def ask(newsroom: Newsroom, session: Session) -> Any:
    return newsroom.manager.unit_of_work(session).create_transaction(session)


def test_the_present_transaction_takes_names_and_values(make: Make) -> None:
    plugin = TransactionMetaPlugin()
    newsroom = make(plugin)
    with newsroom.commit() as session:
        ask(newsroom, session).meta["job"] = "nightly"
        session.add(newsroom.Section(id=1, name="Arts"))
        session.flush()
        assert session.get(newsroom.Section, 1).versions[0].transaction.meta == {"job": "nightly"}
        session.get(newsroom.Section, 1).name = "Sport"
        ask(newsroom, session).meta["größe"] = "ß" * 300
    with newsroom.session() as session:
        (version,) = session.get(newsroom.Section, 1).versions
        assert version.transaction.meta == {"job": "nightly", "größe": "ß" * 300}
        found = session.scalars(sa.select(plugin.model_class).filter_by(key="job")).one()
        assert found.transaction is version.transaction
        assert (found.transaction_id, found.value) == (version.transaction_id, "nightly")


def test_names_and_values_can_be_changed_later(make: Make) -> None:
    newsroom = make(TransactionMetaPlugin())
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="Arts"))
    with newsroom.commit() as session:
        meta = session.get(newsroom.Section, 1).versions[0].transaction.meta
        assert meta == {}
        meta.update(one="1", two="2")
    with newsroom.commit() as session:
        meta = session.get(newsroom.Section, 1).versions[0].transaction.meta
        meta["one"] = "changed"
        del meta["two"]
    with newsroom.session() as session:
        assert session.get(newsroom.Section, 1).versions[0].transaction.meta == {"one": "changed"}
        cls = newsroom.manager.registry.transaction_class_for(newsroom.Section)
        assert len(session.scalars(sa.select(cls)).all()) == 1


class Noting(Plugin):
    """Says something of the transaction whenever it is flushed, as applications do."""

    def before_flush(self, uow: Any, session: Session) -> None:
        transaction = uow.current_transaction
        if transaction is not None:
            transaction.meta["flushed"] = "yes"


@pytest.mark.parametrize("flushed", [True, False])
def test_the_current_transaction_needs_no_id_for_them(make: Make, flushed: bool) -> None:
    newsroom = make(TransactionMetaPlugin(), Noting())
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="Arts"))
        with statements(newsroom.engine) as sent:
            if flushed:
                session.flush()
            found = newsroom.manager.unit_of_work(session).current_transaction
            found.meta["job"] = "nightly"
            if newsroom.manager.write == "commit":
                assert not any("transaction" in each for each in sent)
    with newsroom.session() as session:
        (version,) = session.get(newsroom.Section, 1).versions
        assert version.transaction.meta == {"job": "nightly", "flushed": "yes"}


def test_what_is_rolled_back_leaves_nothing(make: Make) -> None:
    plugin = TransactionMetaPlugin()
    newsroom = make(plugin)
    with newsroom.sessions() as session:
        ask(newsroom, session).meta["job"] = "nightly"
        session.flush()
        session.rollback()
    with newsroom.session() as session:
        assert plugin.model_class is not None
        assert session.scalars(sa.select(plugin.model_class)).all() == []


def test_a_draft_loses_it_on_mariadb_unless_the_transaction_is_asked_for(make: Make) -> None:
    newsroom = make(TransactionMetaPlugin())
    with newsroom.commit() as session:
        section = newsroom.Section(id=1, name="Arts")
        session.add(section)
        session.flush()
        section.versions[0].transaction.meta["job"] = "nightly"
        session.flush()
        section.name = "Sport"  # the draft is written again, on MariaDB under another id
    with newsroom.session() as session:
        meta = session.get(newsroom.Section, 1).versions[0].transaction.meta
        lost = newsroom.engine.dialect.name == "mysql"
        assert meta == ({} if lost else {"job": "nightly"})


# --- without a database -------------------------------------------------------------------------


def base(manager: VersioningManager, table: str) -> Any:
    class Base(DeclarativeBase):
        pass

    class Own(Base):
        __tablename__ = table
        id = sa.Column(sa.Integer, primary_key=True)

    manager.attach(Base, sessionmaker())

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)

    return Base


def test_a_name_that_is_taken_is_told() -> None:
    manager = VersioningManager(user_cls=None, plugins=[TransactionMetaPlugin()])
    with pytest.raises(ImproperlyConfigured, match="give it another table_name"):
        base(manager, "transaction_meta")


def test_the_table_is_there_at_once_and_goes_with_the_manager() -> None:
    manager = VersioningManager(user_cls=None, plugins=[TransactionMetaPlugin()])
    metadata = base(manager, "own").metadata
    assert "transaction_meta" in metadata.tables
    manager.configure()
    assert manager.transaction_meta_cls.__table__ is metadata.tables["transaction_meta"]
    manager.reset()
    assert set(metadata.tables) == {"own", "thing"}
