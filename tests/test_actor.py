from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, login_user
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from werkzeug.local import LocalProxy

from flask_continuum.actor import (
    ADDRESS_LIMIT,
    LABEL_LIMIT,
    Actor,
    attribution_of,
    current_user,
    describe,
    is_said,
    label_of,
    load_user,
    loaded_user,
    saying,
)
from flask_continuum.engine.attribution import NOBODY, Attribution
from tests.support.statements import statements


class Base(DeclarativeBase):
    pass


class User(UserMixin, Base):
    """A user whose ``is_active`` is a column and whose login id is not the key, as is common."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column("user_no", primary_key=True)
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)  # type: ignore[assignment]
    email: Mapped[str | None] = mapped_column(info={"masked": True})

    def get_id(self) -> str:
        return f"session-{self.name}"


class Device(Base):
    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Member(Base):
    __tablename__ = "member"
    club: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


MANAGER = SimpleNamespace(user_cls=User)
OTHER_MANAGER = SimpleNamespace(user_cls=None)


class Managers(list[Any]):
    """Compared by identity, as sets of managers are."""

    def __contains__(self, manager: object) -> bool:
        return any(each is manager for each in self)


OURS = Managers([MANAGER])


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with Session(engine) as session:
        session.add_all([User(id=7, name="Ana"), User(id=8, name="Ben"), Device(id=7, name="cam")])
        session.commit()
        yield session


@pytest.fixture
def app(session: Session) -> Flask:
    app = Flask(__name__)
    app.secret_key = "test"
    login = LoginManager(app)

    @login.user_loader
    def load(login_id: str) -> User | None:
        name = login_id.removeprefix("session-")
        return session.scalars(sa.select(User).where(User.name == name)).one_or_none()

    @app.get("/articles/<int:number>")
    def show_article(number: int) -> str:
        return str(number)

    return app


def attribution() -> Attribution:
    return attribution_of(MANAGER)


# --- without a request -------------------------------------------------------------------------


def test_outside_of_everything_nobody_acts() -> None:
    assert attribution() == NOBODY
    assert current_user() is None
    load_user()


def test_in_an_application_context_nobody_acts(app: Flask) -> None:
    with app.app_context():
        assert attribution() == NOBODY
        assert current_user() is None


# --- the request -------------------------------------------------------------------------------


def test_the_logged_in_user_acts_by_primary_key(app: Flask, session: Session) -> None:
    with app.test_request_context("/articles/3", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        login_user(session.get_one(User, 7))

        found = attribution()

    assert (found.user_id, found.actor, found.remote_addr) == (7, "Ana", "203.0.113.9")
    assert found.context == {"endpoint": "show_article"}


def test_an_expired_user_costs_no_statement(
    app: Flask, session: Session, engine: sa.Engine
) -> None:
    with app.test_request_context("/"):
        ana = session.get_one(User, 7)
        login_user(ana)
        assert attribution().actor == "Ana"
        session.commit()
        assert sa.inspect(ana).expired
        with statements(engine) as sent:
            found = attribution()
        assert sent == []
    assert (found.user_id, found.actor) == (7, "Ana")  # remembered


def test_an_expired_user_never_seen_before_has_no_label_and_costs_no_statement(
    app: Flask, session: Session, engine: sa.Engine
) -> None:
    with app.test_request_context("/"):
        login_user(session.get_one(User, 7))
        session.commit()
        with statements(engine) as sent:
            found = attribution()
        assert sent == []
    assert (found.user_id, found.actor) == (7, None)


def test_a_detached_expired_user_raises_nothing(app: Flask, session: Session) -> None:
    with app.test_request_context("/"):
        ana = session.get_one(User, 7)
        login_user(ana)
        session.commit()
        session.expunge(ana)
        assert attribution().user_id == 7


def test_a_user_not_yet_loaded_is_not_loaded_for_it(
    app: Flask, session: Session, engine: sa.Engine
) -> None:
    with app.test_client() as client:
        with client.session_transaction() as cookie:
            cookie["_user_id"] = "session-Ana"
        cookies = client.get_cookie("session")
    assert cookies is not None
    with app.test_request_context("/", headers={"Cookie": f"session={cookies.value}"}):
        with statements(engine) as sent:
            assert attribution().user_id is None
            assert loaded_user() is None
        assert sent == []
        load_user()
        assert attribution().user_id == 7
        assert current_user() is session.get_one(User, 7)


def test_anonymous_is_nobody(app: Flask) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        load_user()
        assert isinstance(g._login_user, AnonymousUserMixin)
        found = attribution()
        assert (found.user_id, found.actor, found.remote_addr) == (None, None, "203.0.113.9")
        assert current_user() is None


def test_without_flask_login_a_request_still_tells_where_from() -> None:
    app = Flask(__name__)
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        assert attribution().remote_addr == "203.0.113.9"
        assert current_user() is None


def test_flask_login_without_a_loader_is_as_if_absent() -> None:
    app = Flask(__name__)
    LoginManager(app)
    with app.test_request_context("/"):
        load_user()
        assert current_user() is None
        assert attribution().user_id is None


def test_flask_login_keeps_the_loaded_user_where_it_is_looked_for(app: Flask) -> None:
    with app.test_request_context("/"):
        assert "_login_user" not in g
        load_user()
        assert "_login_user" in g


def test_a_user_whose_key_is_not_that_of_the_user_class_has_only_a_label(session: Session) -> None:
    device = session.get_one(Device, 7)

    assert describe(device, User) == Actor(None, "cam")
    assert describe(device, "User") == Actor(None, "cam")
    assert describe(device, None) == Actor(None, "cam")
    assert describe(device, Device) == Actor(7, "cam")
    assert describe(session.get_one(User, 7), "User") == Actor(7, "Ana")
    assert describe(session.get_one(User, 7), None) == Actor(None, "Ana")


def test_a_composite_key_names_no_user() -> None:
    assert describe(Member(club=1, number=2, name="Cleo"), Member) == Actor(None, "Cleo")


def test_a_user_being_inserted_acts_by_the_key_set_so_far(session: Session) -> None:
    new = User(id=9, name="Dora")
    assert describe(new, User) == Actor(9, "Dora")
    assert describe(User(name="Eve"), User) == Actor(None, "Eve")


def test_an_object_that_is_no_row_has_a_label() -> None:
    assert describe(SimpleNamespace(name=" Gus ", is_authenticated=True), User) == Actor(
        None, "Gus"
    )
    assert describe(SimpleNamespace(is_authenticated=False, name="x"), User) == Actor()
    assert describe(Actor(3, "Gus"), User) == Actor(3, "Gus")


def test_the_name_of_an_object_may_be_a_property_or_in_a_slot() -> None:
    class Slotted:
        __slots__ = ("name",)

    slotted = Slotted()
    assert label_of(slotted) is None
    slotted.name = " Ana "
    assert label_of(slotted) == "Ana"

    class Employee:
        @property
        def name(self) -> str:
            return "Bea"

    assert describe(Employee(), None) == Actor(label="Bea")


def test_a_masked_field_is_no_label() -> None:
    assert label_of(User(id=1, name="", email="ana@example.org")) is None


def test_the_label_option_of_the_model_comes_first() -> None:
    class Staff(Base):
        __tablename__ = "staff"
        __versioned__ = {"label": "initials"}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        initials: Mapped[str | None]

    assert label_of(Staff(id=1, name="Ana", initials="AN")) == "AN"
    assert label_of(Staff(id=1, name="Ana")) == "Ana"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("7f2c-11aa", "7f2c-11aa"),
        ("Root=1-67891233-abcdef012345678912345678", "Root=1-67891233-abcdef012345678912345678"),
        ("a\tb<script>é", "abscript"),
        ("x" * 500, "x" * 128),
        ("<>", None),
        ("", None),
    ],
)
def test_a_request_id_is_cleaned_and_bounded(app: Flask, sent: str, kept: str | None) -> None:
    environ = {"HTTP_X_REQUEST_ID": sent.encode().decode("latin-1")}
    with app.test_request_context("/nowhere", environ_base=environ):
        assert attribution().context.get("request_id") == kept


def test_the_address_of_a_page_is_not_kept(app: Flask) -> None:
    with app.test_request_context("/reset/secret-token?key=secret-key"):
        assert "secret" not in repr(attribution())


def test_long_values_fit_their_columns(app: Flask) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "f" * 90}):
        assert attribution().remote_addr == "f" * ADDRESS_LIMIT
    with saying(OURS, who="n" * 300):
        assert attribution().actor == "n" * LABEL_LIMIT


def test_an_own_source_replaces_flask_login(app: Flask, session: Session) -> None:
    with app.test_request_context("/"):
        login_user(session.get_one(User, 7))
        ben = session.get_one(User, 8)
        assert attribution_of(MANAGER, lambda: ben).user_id == 8
        assert attribution_of(MANAGER, lambda: "robot") == attribution_of(
            MANAGER, lambda: Actor(None, "robot")
        )
        assert attribution_of(MANAGER, lambda: None).user_id is None
        assert attribution_of(MANAGER, lambda: LocalProxy(lambda: ben)).actor == "Ben"
        assert current_user(lambda: ben) is ben


# --- blocks ------------------------------------------------------------------------------------


def test_blocks_nest_and_end(session: Session) -> None:
    ana, ben = session.get_one(User, 7), session.get_one(User, 8)
    with saying(OURS, who=ana):
        assert attribution().user_id == 7
        with saying(OURS, who=LocalProxy(lambda: ben)):
            assert (attribution().user_id, attribution().actor) == (8, "Ben")
            with saying(OURS, who="import"):
                assert (attribution().user_id, attribution().actor) == (None, "import")
        assert attribution().user_id == 7
    assert attribution() == NOBODY


def test_what_an_inner_block_leaves_open_is_taken_from_outside() -> None:
    outer = Attribution(reason="cleanup", kind="command", context={"a": 1, "b": 1})
    inner = Attribution(reason="typo", context={"b": 2, "c": 2})
    with saying(OURS, outer, "ana"), saying(OURS, inner):
        found = attribution()
    assert (found.reason, found.kind, found.actor) == ("typo", "command", "ana")
    assert found.context == {"a": 1, "b": 2, "c": 2}


def test_a_block_wins_over_the_request(app: Flask, session: Session) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        login_user(session.get_one(User, 7))
        with saying(OURS, Attribution(context={"job": "nightly"}), "robot"):
            found = attribution()
        assert (found.user_id, found.actor, found.remote_addr) == (None, "robot", "203.0.113.9")
        with saying(OURS, who=None):
            assert (attribution().user_id, attribution().actor) == (None, None)
        assert attribution().user_id == 7


def test_a_block_ends_with_an_error() -> None:
    with pytest.raises(LookupError), saying(OURS, who="ana"):
        raise LookupError
    assert attribution() == NOBODY


def test_a_block_speaks_only_of_its_managers() -> None:
    with saying(OURS, who="ana"):
        assert attribution_of(OTHER_MANAGER) == NOBODY
        assert is_said(MANAGER)
        assert not is_said(OTHER_MANAGER)
    with saying(OURS, Attribution(reason="r")):
        assert not is_said(MANAGER)


def test_an_expired_user_is_loaded_when_the_block_begins_and_not_later(
    session: Session, engine: sa.Engine
) -> None:
    ana = session.get_one(User, 7)
    session.commit()
    with saying(OURS, who=ana):
        session.commit()
        with statements(engine) as sent:
            assert attribution() == Attribution(user_id=7, actor="Ana")
        assert sent == []


def test_beginning_a_block_flushes_nothing_and_keeps_changes(session: Session) -> None:
    ana = session.get_one(User, 7)
    session.commit()
    ana.is_active = False  # type: ignore[method-assign]
    session.add(User(id=9, name="Dora"))
    with saying(OURS, who=ana):
        assert len(session.new) == 1
        assert ana.is_active is False


def test_a_user_who_is_gone_or_detached_can_act(session: Session, engine: sa.Engine) -> None:
    ana, ben = session.get_one(User, 7), session.get_one(User, 8)
    session.commit()
    session.expunge(ana)
    session.execute(sa.text("DELETE FROM user WHERE user_no = 8"))
    with saying(OURS, who=ana):
        assert attribution().user_id == 7
    with saying(OURS, who=ben):
        assert attribution().user_id == 8


def test_the_label_is_that_of_the_beginning_when_the_name_is_gone(session: Session) -> None:
    ana = session.get_one(User, 7)
    with saying(OURS, who=ana):
        session.expunge(ana)
        sa.inspect(ana).info.clear()
        ana.__dict__.pop("name")
        assert attribution().actor == "Ana"


def test_threads_do_not_see_each_other() -> None:
    seen: dict[str, str | None] = {}
    meet = threading.Barrier(2, timeout=10)

    def act(name: str) -> None:
        with saying(OURS, who=name):
            meet.wait()
            seen[name] = attribution().actor
            meet.wait()

    with saying(OURS, who="main"):
        threads = [threading.Thread(target=act, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert attribution().actor == "main"
    assert seen == {"one": "one", "two": "two"}


def test_asynchronous_tasks_do_not_see_each_other() -> None:
    async def act(name: str) -> str | None:
        with saying(OURS, who=name):
            await asyncio.sleep(0)
            return attribution().actor

    async def main() -> list[str | None]:
        return await asyncio.gather(act("one"), act("two"))

    assert asyncio.run(main()) == ["one", "two"]


def test_blocks_that_end_in_another_order_leave_nothing() -> None:
    first, second = saying(OURS, who="one"), saying(OURS, who="two")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert attribution().actor == "two"
    second.__exit__(None, None, None)
    assert attribution() == NOBODY


def test_a_block_decorates_a_function() -> None:
    @saying(OURS, who="nightly")
    def job() -> str | None:
        return attribution().actor

    assert (job(), job()) == ("nightly", "nightly")
    assert attribution() == NOBODY
