"""Going back gives nobody a right, a secret or an access, by whatever way they would come."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import RevertRefused
from flask_continuum.extension import Continuum
from flask_continuum.plugins import Plugin
from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close
from tests.admin.newsroom import Models, Newsroom
from tests.admin.pages import Read, read
from tests.admin.test_inputs import decided_by


class Refusals(Plugin):
    """Refuses when a test says so, and notes what it was asked about."""

    reason: str | None = None

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def before_revert(self, session: Any, plan: Any, chosen: Any) -> None:
        self.asked.append((plan.kind, [[step.key for step in each.fields] for each in chosen]))
        if self.reason:
            raise RevertRefused(self.reason)


def make_club(uri: str) -> Newsroom:
    """A club whose members have roles in all the shapes that applications give them."""
    app = Flask("club")
    app.config.update(
        SECRET_KEY="a secret of the tests",
        SQLALCHEMY_DATABASE_URI=uri,
        CONTINUUM_ADMIN_USER=lambda user: True,
        TESTING=True,
    )
    db = SQLAlchemy()
    refusals = Refusals()
    continuum = Continuum(db=db, user_cls="Member", plugins=[refusals])
    models: Any = Models()

    member_role = db.Table(
        "member_role",
        sa.Column("member_id", sa.ForeignKey("member.id"), primary_key=True),
        sa.Column("role_id", sa.ForeignKey("role.id"), primary_key=True),
    )

    class Role(db.Model):
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(20))

    class Office(db.Model):
        """Carries rights by its mark alone: its name tells nothing."""

        __versioned__ = {}
        __table_args__ = {"info": {"role": True}}
        id = sa.Column(sa.Integer, primary_key=True)
        member_id = sa.Column(sa.ForeignKey("member.id"), nullable=False)

    class Appointment(db.Model):
        """An association object: what it gives is in its key."""

        __versioned__ = {}
        member_id = sa.Column(sa.ForeignKey("member.id"), primary_key=True)
        role_id = sa.Column(sa.ForeignKey("role.id"), primary_key=True)
        note = sa.Column(sa.String(20))
        role = db.relationship(Role)

    class Member(UserMixin, db.Model):
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(20))
        is_admin = sa.Column(sa.Boolean, default=False)
        is_blocked = sa.Column(sa.Boolean, default=False)
        password_hash = sa.Column(sa.String(20))
        main_role_id = sa.Column(sa.ForeignKey("role.id"))
        main_role = db.relationship(Role)
        roles = db.relationship(Role, secondary=member_role, backref="holders")
        offices = db.relationship(Office, cascade="all, delete-orphan")
        appointments = db.relationship(Appointment, cascade="all, delete-orphan")

    models.Role, models.Office, models.Appointment = Role, Office, Appointment
    models.Member, models.refusals = Member, refusals
    db.init_app(app)
    continuum.init_app(app)
    login = LoginManager(app)

    @login.user_loader
    def load_user(user_id: str) -> Any:
        return db.session.get(Member, int(user_id))

    with app.app_context():
        db.create_all()
        write(db, models)
    return Newsroom(app, db, continuum, models)


def write(db: SQLAlchemy, models: Any) -> None:
    """#1 makes Kim (1) and Lea (2), mighty; #2 takes all might away; #3 deletes what gave it."""
    role = models.Role(id=1, name="chief")
    people = [
        models.Member(
            id=number,
            name=name,
            is_admin=True,
            is_blocked=False,
            password_hash="sesame",
            main_role=role,
            roles=[role],
            offices=[models.Office(id=number)],
            appointments=[models.Appointment(role=role, note="x")],
        )
        for number, name in ((1, "Kim"), (2, "Lea"))
    ]
    db.session.add_all([role, *people])
    db.session.commit()
    for person in people:
        person.name = person.name.upper()
        person.is_admin, person.is_blocked, person.password_hash = False, True, "changed"
        person.main_role, person.roles = None, []
    db.session.commit()
    for person in people:
        person.offices, person.appointments = [], []
    db.session.commit()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Newsroom, Path]]:
    file = tmp_path_factory.mktemp("club") / "club.sqlite"
    made = make_club(f"sqlite:///{file}")
    close(made)
    shutil.copy(file, file.with_suffix(".first"))
    yield made, file
    close(made)


@pytest.fixture
def club(built: tuple[Newsroom, Path]) -> Iterator[Newsroom]:
    made, file = built
    close(made)
    shutil.copy(file.with_suffix(".first"), file)
    made.models.refusals.reason = None
    made.models.refusals.asked.clear()
    with made.app.app_context():
        yield made


@pytest.fixture
def kim(club: Newsroom) -> FlaskClient:
    return club.login(club.app.test_client(), 1)


def fetch(client: FlaskClient, address: str) -> Read:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return read(response.text)


def greedy(form: Any) -> Any:
    """The form with everything ticked that anybody could think of."""
    form.values.setlist(
        "field",
        ["name", "is_admin", "is_blocked", "password_hash", "main_role_id", "id", "member_id"],
    )
    form.values.setlist(
        "relation",
        [
            "roles+1",
            "offices+1",
            "offices+2",
            "main_role+1",
            "appointments+1,1",
            "appointments+2,1",
        ],
    )
    form.values.setlist("record", [str(number) for number in range(20)])
    for name in ("is_admin", "is_blocked", "main_role_id", "member:2/is_admin", "role_id"):
        form.values[f"value-{name}"] = "true"
    return form


def member(club: Newsroom, number: int) -> Any:
    club.db.session.expire_all()
    return club.db.session.get(club.models.Member, number)


def is_harmless(person: Any) -> bool:
    return (
        not person.is_admin
        and person.password_hash in ("changed", None)
        and person.main_role is None
        and not person.roles
        and not person.offices
        and not person.appointments
    )


def test_a_revert_brings_no_rights_back_whatever_the_form_says(
    club: Newsroom, kim: FlaskClient
) -> None:
    page = fetch(kim, "/history/records/member/2/1/revert")
    assert page.plan.values.getlist("field") == ["name", "is_blocked"]
    assert page.plan.values.getlist("relation") == []
    assert "It carries rights: those are given, never put back." in page.text
    assert "sesame" not in page.text
    assert kim.post(page.plan.action, data=greedy(page.plan).values).status_code == 303
    after = member(club, 2)
    assert (after.name, after.is_blocked) == ("Lea", False)
    assert is_harmless(after)


def test_on_their_own_record_nobody_puts_back_what_decides_over_their_access(
    club: Newsroom, kim: FlaskClient
) -> None:
    page = fetch(kim, "/history/records/member/1/1/revert")
    assert page.plan.values.getlist("field") == ["name"]
    assert "It decides over your own access." in page.text
    assert kim.post(page.plan.action, data=greedy(page.plan).values).status_code == 303
    after = member(club, 1)
    assert (after.name, after.is_blocked) == ("Kim", True)
    assert is_harmless(after)


@pytest.mark.parametrize("number", [2, 3])
def test_an_undo_brings_no_rights_back_either(
    club: Newsroom, kim: FlaskClient, number: int
) -> None:
    page = fetch(kim, f"/history/transactions/{number}/undo")
    forms = [form for form in page.forms if form.method == "post"]
    assert len(forms) == 1
    response = kim.post(forms[0].action, data=greedy(forms[0]).values)
    assert response.status_code in (303, 409, 422)
    assert is_harmless(member(club, 1)) and is_harmless(member(club, 2))
    assert member(club, 1).is_blocked


def test_a_restored_person_comes_back_without_rights(club: Newsroom, kim: FlaskClient) -> None:
    lea = member(club, 2)
    lea.is_admin, lea.roles = True, [club.db.session.get(club.models.Role, 1)]
    lea.appointments = [club.models.Appointment(role_id=1)]
    lea.offices = [club.models.Office(id=9)]
    club.db.session.commit()
    club.db.session.delete(lea)
    club.db.session.commit()
    page = fetch(kim, "/history/records/member/2/5/revert")
    assert page.plan.values.getlist("relation") == []
    assert kim.post(page.plan.action, data=greedy(page.plan).values).status_code == 303
    after = member(club, 2)
    assert after.name == "LEA"
    assert is_harmless(after)


@pytest.mark.parametrize("address", ["appointment/2,1", "office/2", "role/1"])
def test_records_that_give_rights_do_not_come_back(
    club: Newsroom, kim: FlaskClient, address: str
) -> None:
    if address == "role/1":
        club.db.session.delete(club.db.session.get(club.models.Role, 1))
        club.db.session.commit()
    number = 4 if address == "role/1" else 3
    response = kim.get(f"/history/records/{address}/{number}/revert")
    if response.status_code == 200:
        page = read(response.text)
        assert "It carries rights: those are given, never put back." in page.text
        assert '<button class="hc-btn hc-btn-main' not in response.text
        assert kim.post(page.plan.action, data=greedy(page.plan).values).status_code == 409
    else:
        assert response.status_code == 403
    assert is_harmless(member(club, 2))
    if address == "role/1":
        assert club.db.session.get(club.models.Role, 1) is None


def test_each_field_and_relation_needs_the_right_to_write_it(
    club: Newsroom, kim: FlaskClient
) -> None:
    class NamesStay(DefaultPolicy):
        def decide(self, action, user, *, field=None, **about):
            if action is Action.REVERT and field == "name":
                return deny("Names are settled.")
            return super().decide(action, user, field=field, **about)

    with decided_by(club, NamesStay):
        for address in ("records/member/2/1/revert", "transactions/2/undo"):
            page = fetch(kim, f"/history/{address}")
            assert kim.post(page.plan.action, data=greedy(page.plan).values).status_code == 303
            assert member(club, 2).name == "LEA"
        assert "Names are settled." in fetch(kim, "/history/records/member/2/1/revert").text


def test_before_revert_refuses_with_a_reason_that_the_page_shows(
    club: Newsroom, kim: FlaskClient
) -> None:
    refusals = club.models.refusals
    refusals.reason = "Not while the <members> vote."
    for address in ("records/member/2/1/revert", "transactions/2/undo"):
        form = fetch(kim, f"/history/{address}").plan
        form.values["reason"] = "please"
        response = kim.post(form.action, data=form.values)
        assert response.status_code == 409
        page = read(response.text)
        assert "Not while the <members> vote." in page.text
        assert page.plan.values["reason"] == "please"
        assert member(club, 2).name == "LEA"
    assert refusals.asked == [
        ("revert", [["name", "is_blocked"]]),
        ("undo", [["name"], ["name", "is_blocked"]]),
    ]
    refusals.reason = None
    form = fetch(kim, "/history/records/member/2/1/revert").plan
    assert kim.post(form.action, data=form.values).status_code == 303
    assert member(club, 2).name == "Lea"
