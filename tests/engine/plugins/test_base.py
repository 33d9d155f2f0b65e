"""The collection of plugins, what costs nothing, and values for the transaction's row."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from flask_continuum import TransactionFactory, VersioningManager, make_versioned
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.plugins.base import Plugin, PluginCollection
from tests.engine.newsroom import Newsroom
from tests.engine.plugins.conftest import Make
from tests.support.statements import statements

HOOKS = {
    "after_build_models": (None,),
    "after_build_tx_class": (None,),
    "after_build_version_table_columns": (None, []),
    "after_construct_changeset": (None, {}),
    "after_create_version_object": (None, None, None),
    "after_create_version_objects": (None, None),
    "after_version_class_built": (None, None),
    "before_create_version_objects": (None, None),
    "before_revert": (None, None, ()),
    "before_flush": (None, None),
    "is_session_modified": (None,),
    "transaction_args": (None, None),
}


class Says(Plugin):
    def __init__(self, **values: Any) -> None:
        self.values = values
        self.asked = 0

    def transaction_args(self, uow: Any, session: Session) -> dict[str, Any]:
        self.asked += 1
        return self.values


class Tickets(TransactionFactory):
    """Transactions with a column of the application's."""

    table_name = "transaction_with_ticket"

    def create_table(self, metadata: sa.MetaData, *, with_user: bool) -> sa.Table:
        table = super().create_table(metadata, with_user=with_user)
        table.append_column(sa.Column("ticket", sa.String(20)))
        return table


def last_transaction(newsroom: Newsroom, session: Session) -> Any:
    cls = newsroom.manager.registry.transaction_class_for(newsroom.Section)
    return session.scalars(sa.select(cls).order_by(cls.id.desc()).limit(1)).one()


# --- the collection -----------------------------------------------------------------------------


def test_a_hook_called_on_the_collection_runs_on_all() -> None:
    plugins = PluginCollection([Says(reason="a"), Says(reason="b")])
    assert plugins.transaction_args(None, None) == [{"reason": "a"}, {"reason": "b"}]
    for hook, arguments in HOOKS.items():
        assert len(getattr(plugins, hook)(*arguments)) == 2, hook
    assert {hook for hook in vars(Plugin) if not hook.startswith("_")} == {*HOOKS, "overrides"}


def test_the_collection_is_a_list() -> None:
    one, two, three = Says(), Says(), Says()
    plugins = PluginCollection([one])
    plugins.append(two)
    plugins.insert(0, three)
    assert plugins == [three, one, two]
    assert (len(plugins), plugins[0], plugins[1:]) == (3, three, [one, two])
    del plugins[0]
    plugins[0] = three
    assert list(plugins) == [three, two]
    assert two in plugins
    plugins[:] = [one]
    assert plugins == PluginCollection([one])
    assert not PluginCollection()


def test_a_collection_of_a_collection_shares_its_list() -> None:
    plugins = PluginCollection()
    manager = VersioningManager(plugins=plugins)
    plugins.append(Says())
    assert manager.plugins == plugins
    manager.plugins = []
    assert len(plugins) == 1


def test_what_is_no_plugin_is_refused() -> None:
    plugins = PluginCollection()
    with pytest.raises(ImproperlyConfigured, match=r"Pass an object of it: Says\(\)"):
        plugins.append(Says)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match=r"subclass of flask_continuum\.plugins\.Plugin"):
        VersioningManager(plugins=[object()])  # type: ignore[list-item]
    with pytest.raises(AttributeError, match="Did you mean 'transaction_args'"):
        plugins.transaction_arg()


def test_only_overridden_hooks_are_run() -> None:
    quiet, says = Plugin(), Says()
    plugins = PluginCollection([quiet, says])
    assert plugins.overriding("transaction_args") == [says]
    assert plugins.overriding("before_flush") == []


def test_other_plugins_need_another_manager() -> None:
    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None)
    plugin = Says()
    make_versioned(Base, Session, manager, plugins=[plugin], user_cls=None)
    try:
        assert manager.plugins == [plugin]
        make_versioned(Base, Session, manager, plugins=[plugin], user_cls=None)
        make_versioned(Base, Session, manager, user_cls=None)
        with pytest.raises(ImproperlyConfigured, match="other options or plugins"):
            make_versioned(Base, Session, manager, plugins=[Says()], user_cls=None)
    finally:
        manager.reset()
    assert manager.plugins == [plugin]


# --- values for the transaction's row -------------------------------------------------------------


def test_transaction_args_fill_the_row_without_a_statement(make: Make) -> None:
    plugin = Says(reason="nightly", ticket="T-1", remote_addr=None)
    newsroom = make(plugin, transaction_cls=Tickets())
    with newsroom.commit() as session:
        session.add(newsroom.Section(name="Arts"))
        session.flush()
        session.add(newsroom.Section(name="Sport"))
    with newsroom.session() as session:
        found = last_transaction(newsroom, session)
        assert (found.reason, found.ticket, found.remote_addr) == ("nightly", "T-1", None)
        assert len(session.scalars(sa.select(type(found))).all()) == 1
    with newsroom.sessions() as session:
        session.add(newsroom.Section(name="Film"))
        with statements(newsroom.engine) as sent:
            session.commit()
    newsroom.manager.plugins = []
    with newsroom.sessions() as session:
        session.add(newsroom.Section(name="Work"))
        with statements(newsroom.engine) as without:
            session.commit()
    assert len(sent) == len(without), sent
    with newsroom.session() as session:
        assert last_transaction(newsroom, session).ticket is None


def test_what_was_said_elsewhere_wins(make: Make) -> None:
    newsroom = make(Says(reason="from the first", user_id=1), Says(reason="plugin", kind="import"))
    with newsroom.commit(reason="said", actor="Maya") as session:
        session.add(newsroom.Section(name="Arts"))
    with newsroom.session() as session:
        found = last_transaction(newsroom, session)
        # who acts is taken as a whole: the plugin's user is not Maya
        assert (found.reason, found.kind, found.actor) == ("said", "import", "Maya")
        assert found.user_id is None
    with newsroom.commit() as session:
        session.add(newsroom.Section(name="Sport"))
    with newsroom.session() as session:
        found = last_transaction(newsroom, session)
        assert (found.reason, found.user_id) == ("plugin", 1)


def test_statements_without_a_flush_are_asked_about(make: Make) -> None:
    plugin = Says(reason="bulk")
    newsroom = make(plugin)
    with newsroom.commit() as session:
        session.execute(sa.insert(newsroom.Section), [{"name": "Arts"}, {"name": "Sport"}])
    assert plugin.asked == 1
    with newsroom.session() as session:
        assert last_transaction(newsroom, session).reason == "bulk"


def test_a_transaction_that_was_asked_for_is_filled_too(make: Make) -> None:
    newsroom = make(Says(reason="nightly", ticket="T-1"), transaction_cls=Tickets())
    with newsroom.commit() as session:
        asked = newsroom.manager.unit_of_work(session).create_transaction(session)
        number = asked.id
        session.add(newsroom.Section(name="Arts"))
    with newsroom.session() as session:
        found = last_transaction(newsroom, session)
        assert (found.id, found.reason, found.ticket) == (number, "nightly", "T-1")


def test_a_plain_connection_asks_nobody(make: Make) -> None:
    plugin = Says(reason="session")
    newsroom = make(plugin)
    with newsroom.engine.begin() as connection:
        connection.execute(sa.insert(newsroom.Section).values(name="Arts"))
    assert plugin.asked == 0
    with newsroom.session() as session:
        assert last_transaction(newsroom, session).reason is None


def test_who_reads_or_writes_other_things_is_not_asked(make: Make) -> None:
    plugin = Says(reason="x")
    newsroom = make(plugin)
    with newsroom.commit() as session:
        session.add(newsroom.User(name="Maya"))
        session.flush()
        session.scalars(sa.select(newsroom.Section)).all()
    assert plugin.asked == 0


def test_an_unknown_column_is_an_error(make: Make) -> None:
    newsroom = make(Says(reasons="x"))
    session = newsroom.sessions()
    session.add(newsroom.Section(name="Arts"))
    with pytest.raises(ImproperlyConfigured, match=r"gives 'reasons'.*Did you mean 'reason'"):
        session.commit()
    session.close()


def test_before_flush_sees_versioned_work_only(make: Make) -> None:
    class Stamps(Plugin):
        seen = 0

        def before_flush(self, uow: Any, session: Session) -> None:
            self.seen += 1
            uow.annotate(kind="stamped")
            for thing in session.new:
                thing.name += "!"

    stamps = Stamps()
    newsroom = make(stamps)
    with newsroom.commit() as session:
        session.add(newsroom.User(name="Maya"))
    assert stamps.seen == 0
    with newsroom.commit() as session:
        session.add(newsroom.Section(name="Arts"))
    assert stamps.seen == 1
    with newsroom.session() as session:
        assert last_transaction(newsroom, session).kind == "stamped"
        assert session.get(newsroom.Section, 1).versions[0].name == "Arts!"


def test_after_a_flush_of_versioned_work_plugins_may_add_objects(make: Make) -> None:
    class Adds(Plugin):
        def before_create_version_objects(self, uow: Any, session: Session) -> None:
            if session.info.pop("wanted", False):
                session.add(newsroom.Tag(id=9, name="added"))

    newsroom = make(Adds())
    with newsroom.commit() as session:
        session.info["wanted"] = True
        session.add(newsroom.Section(id=1, name="Arts"))
    with newsroom.session() as session:
        section, tag = session.get(newsroom.Section, 1), session.get(newsroom.Tag, 9)
        assert section.versions[0].transaction_id == tag.versions[0].transaction_id


# --- building and reading -------------------------------------------------------------------------


def test_building_and_changesets_are_told(make: Make) -> None:
    class Told(Plugin):
        def __init__(self) -> None:
            self.built: list[Any] = []

        def after_build_tx_class(self, manager: Any) -> None:
            self.built.append(manager.registry.transaction_classes)

        def after_version_class_built(self, parent_cls: Any, version_cls: Any) -> None:
            self.built.append((parent_cls, version_cls))

        def after_build_models(self, manager: Any) -> None:
            self.built.append(manager)

        def after_construct_changeset(self, version_obj: Any, changeset: dict[str, Any]) -> None:
            changeset.pop("id")

    told = Told()
    newsroom = make(told)
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="Arts"))
    with newsroom.session() as session:
        (version,) = session.get(newsroom.Section, 1).versions
        assert version.changeset == {"name": [None, "Arts"]}
    assert told.built[0] is newsroom.manager.registry.transaction_classes
    assert (newsroom.Section, type(version)) in told.built
    assert told.built[-1] is newsroom.manager
    assert len(told.built) == 2 + len(newsroom.manager.registry.entries)
