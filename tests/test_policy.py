from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask_login import AnonymousUserMixin, UserMixin
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from werkzeug.local import LocalProxy

from flask_continuum.policy import (
    Action,
    Decision,
    DefaultPolicy,
    Policy,
    carries_rights,
    is_masked,
    is_same_person,
)
from tests.support.statements import statements


class Base(DeclarativeBase):
    pass


user_groups = sa.Table(
    "membership",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("user.id"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("role.id"), primary_key=True),
)


class User(UserMixin, Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    mail: Mapped[str | None] = mapped_column(info={"masked": True})
    password_hash: Mapped[str | None]
    hint: Mapped[str | None] = mapped_column("password_hint", info={"masked": False})
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_blocked: Mapped[bool] = mapped_column(default=False)
    rank: Mapped[int | None] = mapped_column(info={"role": True})
    role_note: Mapped[str | None] = mapped_column(info={"role": False})
    memberships: Mapped[list[Role]] = relationship(secondary=user_groups, back_populates="users")

    groups: Mapped[list[Team]] = relationship(secondary="user_team", back_populates="members")
    desk_id: Mapped[int | None] = mapped_column(sa.ForeignKey("desk.id"))
    desk: Mapped[Desk | None] = relationship(back_populates="people", info={"role": True})
    supervisor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    reports: Mapped[list[User]] = relationship()


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    members: Mapped[list[User]] = relationship(secondary="user_team", back_populates="groups")


sa.Table(
    "user_team",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("user.id"), primary_key=True),
    sa.Column("team_id", sa.ForeignKey("team.id"), primary_key=True),
)


class Desk(Base):
    __tablename__ = "desk"
    id: Mapped[int] = mapped_column(primary_key=True)
    people: Mapped[list[User]] = relationship(back_populates="desk")


class Role(Base):
    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    users: Mapped[list[User]] = relationship(secondary=user_groups, back_populates="memberships")


class Plain:
    """A user of an application without flask-login's mixin."""


PERMISSIVE = DefaultPolicy(lambda user: True)


def test_nothing_is_allowed_unless_a_policy_says_so() -> None:
    for action in Action:
        decision = Policy().decide(action, Plain(), model=User, field="name")
        assert not decision
        assert decision.reason


@pytest.mark.parametrize("action", Action)
def test_without_the_setting_everything_is_denied_and_the_reason_names_it(action: Action) -> None:
    decision = DefaultPolicy().decide(action, Plain(), model=User)

    assert not decision.allowed
    assert "CONTINUUM_ADMIN_USER" in decision.reason


def test_the_setting_is_asked_with_the_user() -> None:
    asked: list[Any] = []

    def is_chief(user: Any) -> bool:
        asked.append(user)
        return user.name == "ana"

    policy = DefaultPolicy(is_chief)
    ana, ben = User(name="ana"), User(name="ben")

    assert policy.decide(Action.VIEW, ana, model=User).allowed
    refused = policy.decide(Action.VIEW, ben, model=User)
    assert not refused.allowed
    assert "CONTINUUM_ADMIN_USER" not in refused.reason  # nothing for developers here
    assert asked == [ana, ben]


@pytest.mark.parametrize("nobody", [None, AnonymousUserMixin()])
def test_nobody_is_denied_without_asking(nobody: Any) -> None:
    def explode(user: Any) -> bool:
        raise AssertionError("asked about nobody")

    assert not DefaultPolicy(explode).decide(Action.VIEW, nobody)


def test_an_answer_that_is_only_truthy_counts() -> None:
    assert DefaultPolicy(lambda user: ["chief"]).decide(Action.VIEW, Plain()) == Decision(True)  # type: ignore[arg-type,return-value]
    assert not DefaultPolicy(lambda user: None).decide(Action.VIEW, Plain())  # type: ignore[arg-type,return-value]


def test_an_error_of_the_setting_is_not_swallowed() -> None:
    with pytest.raises(AttributeError, match="is_chief"):
        DefaultPolicy(lambda user: user.is_chief).decide(Action.VIEW, Plain())


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("mail", True),
        ("password_hash", True),
        ("hint", False),
        ("name", False),
        ("no_longer_a_field", False),
        ("old_api_token", True),
    ],
)
def test_marked_and_secret_fields_are_masked_and_never_put_back(key: str, masked: bool) -> None:
    assert is_masked(User, key) is masked
    for action in (Action.VIEW_FIELD, Action.REVERT, Action.UNDO):
        assert PERMISSIVE.decide(action, Plain(), model=User, field=key).allowed is not masked


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "passwordHash",
        "PasswordHash",
        "pwd",
        "user_token",
        "api_key",
        "apiKey",
        "APIKey",
        "apikey",
        "API_KEYS",
        "secret",
        "client_secret2",
        "private_key",
        "totp_seed",
        "recovery_codes",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_masked(User, name)


@pytest.mark.parametrize(
    "name",
    [
        "secretary",
        "tokenizer",
        "key",
        "keyboard",
        "monkey_key",
        "primary_key",
        "session",
        "passenger",
        "title",
        "api",
        "keys_of_api",
        "compass",
        "author",
    ],
)
def test_names_that_are_no_secrets(name: str) -> None:
    assert not is_masked(User, name)


@pytest.mark.parametrize(
    ("model", "key", "rights"),
    [
        (User, "is_admin", True),
        (User, "rank", True),  # marked
        (User, "role_note", False),  # marked as harmless
        (User, "memberships", True),  # leads to roles
        (User, "role_id", True),
        (User, "name", False),
        (User, "is_blocked", False),
        (User, None, False),
        (Role, "users", True),  # the same rights, seen from the other side
        (Role, "name", True),
        (Role, None, True),
        (User, "groups", True),
        (Team, "members", True),  # User.groups, seen from the other side
        (Desk, "people", True),  # User.desk is marked
        (User, "reports", False),
    ],
)
def test_rights_are_shown_and_never_put_back(
    model: type[Any], key: str | None, rights: bool
) -> None:
    assert carries_rights(model, key) is rights
    assert PERMISSIVE.decide(Action.VIEW_FIELD, Plain(), model=model, field=key)
    for action in (Action.REVERT, Action.UNDO):
        by_field = PERMISSIVE.decide(action, Plain(), model=model, field=key)
        by_relation = PERMISSIVE.decide(action, Plain(), model=model, relationship=key)
        assert by_field.allowed is by_relation.allowed is not rights
        assert bool(by_field.reason) is rights


def test_a_table_can_be_marked_as_a_whole() -> None:
    class Office(Base):
        __tablename__ = "office"
        __table_args__ = {"info": {"role": True}}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    class ArticleRole(Base):
        __tablename__ = "article_role"
        __table_args__ = {"info": {"role": False}}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    assert carries_rights(Office, "name")
    assert not carries_rights(ArticleRole, "name")


def test_what_decides_over_ones_own_access_is_not_put_back_by_oneself() -> None:
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([User(id=1, name="ana"), User(id=2, name="ben")])
        session.commit()
        ana, ben = session.get_one(User, 1), session.get_one(User, 2)
        session.commit()  # both are expired now
        with statements(engine) as sent:

            def may(user: Any, field: str) -> bool:
                return bool(
                    PERMISSIVE.decide(Action.REVERT, user, model=User, record=ana, field=field)
                )

            assert may(ben, "is_blocked")
            assert not may(ana, "is_blocked")
            assert not may(LocalProxy(lambda: ana), "is_blocked")
            assert may(ben, "role_note")
            assert not may(ana, "role_note")  # marked as harmless, for others
            assert may(ana, "name")
        assert list(sent) == []
    engine.dispose()


def test_two_people_without_identity_are_not_the_same() -> None:
    assert not is_same_person(None, None)
    assert not is_same_person(User(name="a"), User(name="a"))
    assert not is_same_person(Plain(), Plain())


def test_a_subclass_narrows() -> None:
    class Newsroom(DefaultPolicy):
        def decide(self, action: Action, user: Any, **about: Any) -> Decision:
            if action is Action.REVERT and user.name != "chief":
                return Decision(False, "Only the chief may revert.")
            return super().decide(action, user, **about)

    policy = Newsroom(lambda user: True)

    assert policy.decide(Action.REVERT, User(name="chief"), model=User, field="name")
    assert policy.decide(Action.VIEW, User(name="editor"), model=User)
    assert policy.decide(Action.REVERT, User(name="editor")).reason == "Only the chief may revert."
