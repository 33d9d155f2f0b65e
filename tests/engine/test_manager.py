"""What people read from a manager, and what they give it: classes of their own."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from flask_continuum.engine.build.history import TransactionFactory
from flask_continuum.engine.errors import ImproperlyConfigured, VersioningError
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.options import Options
from flask_continuum.engine.unit_of_work import STATE, STEPS, UnitOfWork
from tests.engine.newsroom import Newsroom


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the database."""
    return "sqlite"


def test_registries_tell_what_is_versioned(newsroom: Newsroom) -> None:
    manager = newsroom.manager
    models = {newsroom.Section, newsroom.Article, newsroom.Tag, newsroom.Comment, newsroom.Place}
    assert manager.version_class_map.keys() == models
    assert manager.tables.keys() == models
    for model, version_class in manager.version_class_map.items():
        assert version_class.__name__ == f"{model.__name__}Version"
        assert manager.parent_class_map[version_class] is model
        assert manager.tables[model] is version_class.__table__
    assert manager.association_tables == {newsroom.article_tag}
    (link,) = manager.association_version_tables
    assert link.name == "article_tag_version"
    assert manager.pending_classes == ()
    assert manager.declarative_base is newsroom.base
    assert manager.metadata is newsroom.base.metadata
    assert manager.transaction_cls is manager.create_transaction_model()
    assert manager.transaction_cls.__table__.name == "transaction"
    for registry in (manager.version_class_map, manager.parent_class_map, manager.tables):
        with pytest.raises(TypeError):
            registry[newsroom.User] = newsroom.User  # type: ignore[index]


def test_units_and_connections_are_there_while_something_is_pending(newsroom: Newsroom) -> None:
    manager = newsroom.manager
    with newsroom.commit() as session:
        assert not manager.units_of_work
        session.add(newsroom.Section(id=1, name="City"))
        session.flush()
        assert dict(manager.session_connection_map) == {session: session.connection()}
        assert list(manager.units_of_work) == [session.connection()]
        session.commit()
        assert not manager.units_of_work
        assert not manager.session_connection_map


def test_options_and_what_they_leave_out(newsroom: Newsroom) -> None:
    manager, Article = newsroom.manager, newsroom.Article
    assert manager.option(Article, "strategy") == "validity"
    with pytest.raises(TypeError, match="User is not versioned"):
        manager.option(newsroom.User, "strategy")
    with pytest.raises(ImproperlyConfigured, match="strategy"):
        manager.option(Article, "strateg")
    table = Article.__table__
    assert manager.is_excluded_column(Article, table.c.token)
    assert not manager.is_excluded_column(Article, table.c.body_text)
    assert manager.is_excluded_property(Article, "token")
    assert not manager.is_excluded_property(Article, "body")
    assert not manager.is_excluded_property(Article, "tags")


def test_a_fetcher_finds_versions(newsroom: Newsroom) -> None:
    for name in ("City", "Metro"):
        with newsroom.commit() as session:
            session.merge(newsroom.Section(id=1, name=name))
    with newsroom.session() as session:
        fetcher = newsroom.manager.fetcher(session.get(newsroom.Section, 1))
        last, first = fetcher.all_versions(session, {"id": 1})
        assert fetcher.previous(last) is first
        assert fetcher.next(first) is last
        assert fetcher.next(last) is None
        assert [fetcher.index(first), fetcher.index(last)] == [0, 1]
        assert fetcher.version_at(session, {"id": 1}, first.transaction_id) is first


@pytest.mark.parametrize(
    "name",
    """before_flush after_flush clear clear_connection track_inserts track_updates track_deletes
    track_association_operations track_cloned_connections append_association_operation""".split(),
)
def test_handlers_say_where_they_are(name: str) -> None:
    handler = getattr(VersioningManager(), name)
    with pytest.raises(VersioningError, match=f"{name} is an event handler.*attach"):
        handler(None, None)


def test_tracking_stops_and_goes_on(newsroom: Newsroom) -> None:
    manager, Section = newsroom.manager, newsroom.Section

    def write(key: int) -> int:
        with newsroom.commit() as session:
            session.add(Section(id=key, name="City"))
        with newsroom.session() as session:
            return len(newsroom.ids(session, Section, key))

    assert write(1) == 1
    manager.remove_operations_tracking(Section)
    assert write(2) == 0
    manager.track_operations(Section)
    assert write(3) == 1


def test_sessions_and_classes_are_tracked_one_by_one(newsroom: Newsroom) -> None:
    manager = newsroom.manager
    sessions = sessionmaker(newsroom.engine)
    handled = sa.event.contains
    manager.track_session(sessions)
    assert handled(sessions, "before_flush", manager.listeners.before_flush)
    manager.remove_session_tracking(sessions)
    assert not handled(sessions, "before_flush", manager.listeners.before_flush)
    assert handled(newsroom.sessions, "before_flush", manager.listeners.before_flush)

    manager.remove_class_configuration_listeners(newsroom.base)
    unseen = type("Unseen", (newsroom.base,), {**_columns("unseen"), "__versioned__": {}})
    manager.apply_class_configuration_listeners(newsroom.base)
    seen = type("Seen", (newsroom.base,), {**_columns("seen"), "__versioned__": {}})
    assert seen in manager.version_class_map
    assert unseen not in manager.version_class_map


def _columns(name: str) -> dict[str, Any]:
    return {"__tablename__": name, "id": sa.Column(sa.Integer, primary_key=True)}


# --- classes of the application's own ---------------------------------------------------------


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_step_that_there_is_not_cannot_be_overridden(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Mine overrides {name}, .*hooks"):
        type("Mine", (UnitOfWork,), {name: lambda self: None})


def test_a_unit_of_work_says_what_it_has_not(newsroom: Newsroom) -> None:
    with newsroom.session() as session:
        unit = newsroom.manager.unit_of_work(session)
        for name in STEPS | STATE:
            with pytest.raises(AttributeError, match=f"has no {name}, a step"):
                getattr(unit, name)
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            unit.nonsense  # noqa: B018


class Labelled(UnitOfWork):
    """Says who asked."""

    def create_transaction(self, session: Session, model: type[Any] | None = None) -> Any:
        transaction = super().create_transaction(session, model)
        transaction.tenant = "acme"
        return transaction


class Tenants(TransactionFactory):
    """Transactions with a column, and a table name, of the application's own."""

    table_name = "audit_transaction"
    model_name = "AuditTransaction"

    def create_table(self, metadata: sa.MetaData, *, with_user: bool) -> sa.Table:
        table = super().create_table(metadata, with_user=with_user)
        table.append_column(sa.Column("tenant", sa.String(20), default="nobody"))
        table.append_column(sa.Column("checked", sa.Boolean, server_default=sa.false()))
        return table


def test_transactions_with_columns_and_a_table_of_their_own(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)

    manager = VersioningManager(user_cls=None, transaction_cls=Tenants(), unit_of_work_cls=Labelled)
    assert isinstance(manager.transaction_cls, Tenants)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add(Note(id=1))
        session.commit()
        asked = manager.unit_of_work(session).create_transaction(session)
        assert type(asked).__name__ == "AuditTransaction"
        assert asked.checked is False
        session.add(Note(id=2))
        session.commit()
        session.add(Note(id=3))
        session.flush()
        manager.unit_of_work(session).current_transaction.tenant = "here"
        session.commit()
        version = manager.version_class_map[Note]
        found = session.scalars(sa.select(version).order_by(version.id))
        assert [each.transaction.tenant for each in found] == ["nobody", "acme", "here"]
    assert sa.inspect(engine).has_table("audit_transaction")
    manager.detach()


def test_a_text_is_no_list_of_relationships() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"track is a list.*\['tags'\]"):
        Options().with_changes({"track": "tags"}, "Article.__versioned__", strict=True)


def test_parts_of_continuum_that_are_elsewhere_here_say_so() -> None:
    with pytest.raises(ImproperlyConfigured, match="Plugins change what is built"):
        VersioningManager(builder=object())  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="create_class takes a manager"):

        class Custom(TransactionFactory):
            def create_class(self, manager: Any) -> Any: ...  # type: ignore[override]
