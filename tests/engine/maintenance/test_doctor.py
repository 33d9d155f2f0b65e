"""The doctor finds what could make history be missed, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker

from flask_continuum import Severity, SymptomKind, doctor
from flask_continuum.engine.manager import VersioningManager
from tests.support.documents import ROOT
from tests.support.marks import on
from tests.support.statements import statements

K = SymptomKind


@dataclass
class Clinic:
    """Models, what versions them, and a session."""

    engine: sa.Engine
    manager: VersioningManager
    base: Any
    sessions: sessionmaker[Session]

    def found(self, **options: Any) -> set[tuple[SymptomKind, str]]:
        with self.sessions() as session:
            diagnosis = doctor(session, self.manager, **options)
        wrong = any(each.kind.severity is not Severity.ADVICE for each in diagnosis.symptoms)
        assert diagnosis.is_healthy is not wrong
        return {(each.kind, each.subject) for each in diagnosis.symptoms}


@pytest.fixture
def clinic(engine: sa.Engine) -> Iterator[Clinic]:
    """A sound history of two models and a link table."""

    class Base(DeclarativeBase):
        pass

    links = sa.Table(
        "ward_patient",
        Base.metadata,
        sa.Column("ward_id", sa.ForeignKey("ward.id"), primary_key=True),
        sa.Column("patient_id", sa.ForeignKey("patient.id"), primary_key=True),
    )

    class Ward(Base):
        __tablename__ = "ward"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50))
        patients = relationship("Patient", secondary=links)

    class Patient(Base):
        __tablename__ = "patient"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50))
        facts = sa.Column(MutableDict.as_mutable(sa.JSON()))
        ward_id = sa.Column(sa.ForeignKey("ward.id"))

    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    yield Clinic(engine, manager, Base, sessions)
    manager.detach()
    engine.dispose()


def test_where_all_is_well_nothing_is_found_and_nothing_is_written(clinic: Clinic) -> None:
    with statements(clinic.engine) as sent:
        assert clinic.found() == set()
    assert not [sql for sql in sent if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DEL"))]
    with clinic.sessions() as session:
        assert (
            str(doctor(session, clinic.manager)) == "3 versioned tables looked at, nothing wrong."
        )


def test_what_is_wrong_with_tables_is_named(clinic: Clinic) -> None:
    with clinic.engine.begin() as connection:
        migrate = _operations(connection)
        migrate.drop_table("ward_patient_version")
        with migrate.batch_alter_table("patient_version") as batch:
            batch.drop_column("name")
            batch.add_column(sa.Column("mood", sa.String(5), nullable=False))
        with migrate.batch_alter_table("ward_version") as batch:
            batch.alter_column("name", type_=sa.String(20), existing_type=sa.String(50))
            batch.create_foreign_key("fk_tx", "transaction", ["transaction_id"], ["id"])
        for name in ("ward_patient", "patient"):
            migrate.drop_table(name)
        copied = sa.MetaData()
        for name in ("ward", "patient", "ward_patient"):
            clinic.base.metadata.tables[name].to_metadata(copied)
        patient = copied.tables["patient"]
        patient.append_column(sa.Column("weight", sa.Integer))
        (key,) = patient.foreign_key_constraints
        key.ondelete = "CASCADE"
        copied.create_all(connection)
    assert clinic.found() == {
        (K.TABLE_MISSING, "ward_patient_version"),
        (K.COLUMN_MISSING, "patient_version"),
        (K.COLUMN_NEVER_FILLED, "patient_version.mood"),
        (K.COLUMN_TOO_SHORT, "ward_version.name"),
        (K.CONSTRAINT_ON_HISTORY, "ward_version.transaction_id"),
        (K.COLUMN_NOT_MAPPED, "patient"),
        (K.CASCADE_UNDECLARED, "patient.ward_id"),
    }


def _operations(connection: sa.Connection) -> Any:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    return Operations(MigrationContext.configure(connection))


def test_a_database_without_any_history_is_told_what_it_lacks(clinic: Clinic) -> None:
    clinic.base.metadata.drop_all(clinic.engine)
    missing = {table.fullname for table in clinic.base.metadata.tables.values()}
    assert clinic.found() == {(K.TABLE_MISSING, name) for name in missing}


def test_a_history_that_began_later_is_only_advice(clinic: Clinic) -> None:
    with clinic.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM history_column WHERE table_name = 'ward_version'")
    assert clinic.found() == {(K.HISTORY_INCOMPLETE, "ward")}


def test_the_worst_comes_first_and_is_said_in_words(clinic: Clinic) -> None:
    with clinic.engine.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM history_column WHERE table_name = 'patient_version'"
        )
        connection.exec_driver_sql("DROP TABLE ward_version")
    with clinic.sessions() as session:
        diagnosis = doctor(session, clinic.manager)
    assert not diagnosis.is_healthy
    assert str(diagnosis).splitlines() == [
        "3 versioned tables looked at.",
        "error ward_version: the table is missing. Create it (metadata.create_all, or a "
        "migration).",
        "advice patient: it had rows when its history began. Each of them gets its first version "
        "just before it first changes; until then its history is empty.",
    ]


def test_an_engine_that_commits_each_statement_is_found(clinic: Clinic) -> None:
    with Session(clinic.engine.execution_options(isolation_level="AUTOCOMMIT")) as session:
        clinic.manager.track_session(session)
        diagnosis = doctor(session, clinic.manager)
        clinic.manager.remove_session_tracking(session)
    (symptom,) = diagnosis.symptoms
    assert symptom.kind is K.AUTOCOMMIT
    assert symptom.subject == clinic.engine.url.render_as_string(hide_password=True)


class TestPostgreSQL:
    pytestmark = on("postgresql")

    def test_rows_that_only_some_may_see_are_not_shown_to_all_by_their_versions(
        self, clinic: Clinic
    ) -> None:
        with clinic.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE ward ENABLE ROW LEVEL SECURITY")
        assert clinic.found() == {(K.ROWS_UNPROTECTED, "ward_version")}
        with clinic.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE ward_version ENABLE ROW LEVEL SECURITY")
        assert clinic.found() == set()


class TestModels:
    """What needs no database to be seen is looked for on one of them."""

    pytestmark = on("sqlite")

    def test_a_session_that_nothing_listens_to(self, clinic: Clinic) -> None:
        with Session(clinic.engine) as session:
            (symptom,) = doctor(session, clinic.manager).symptoms
        assert (symptom.kind, symptom.subject) == (K.SESSION_NOT_TRACKED, "Session")

    def test_a_marked_class_that_nobody_versions(self, clinic: Clinic) -> None:
        class Other(DeclarativeBase):
            pass

        class Forgotten(Other):
            __tablename__ = "forgotten"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True)

        class SwitchedOff(Other):
            __tablename__ = "switched_off"
            __versioned__ = {"versioning": False}
            id = sa.Column(sa.Integer, primary_key=True)

        assert clinic.found() == set()
        found = clinic.found(registries=[Other.registry])
        assert found == {(K.CLASS_NOT_VERSIONED, "Forgotten")}

    @pytest.mark.filterwarnings("ignore:Line .* has a history")
    @pytest.mark.parametrize(("decided", "number"), [("warn", 1), ("capture", 0), ("ignore", 0)])
    def test_a_cascade_that_nothing_captures(
        self, build: Callable[..., Clinic], decided: str, number: int
    ) -> None:
        clinic = build({"database_cascades": decided}, ondelete="CASCADE")
        found = [each for each in clinic.found() if each[0] is K.CASCADE_UNCAPTURED]
        assert found == [(K.CASCADE_UNCAPTURED, "line")] * number

    def test_values_that_are_changed_in_place(self, build: Callable[..., Clinic]) -> None:
        clinic = build({})
        assert clinic.found() == {(K.VALUE_NOT_TRACKED, "Line.facts")}
        assert build({"exclude": ["facts"]}).found() == set()


@pytest.fixture
def build(engine: sa.Engine) -> Iterator[Callable[..., Clinic]]:
    """Make an order's lines, with the options and the foreign key that a test asks for."""
    made: list[Clinic] = []

    def build(options: dict[str, Any], **key: Any) -> Clinic:
        for each in made:
            each.base.metadata.drop_all(engine)

        class Base(DeclarativeBase):
            pass

        class Order(Base):
            __tablename__ = "purchase"
            id = sa.Column(sa.Integer, primary_key=True)

        class Line(Base):
            __tablename__ = "line"
            __versioned__ = options
            id = sa.Column(sa.Integer, primary_key=True)
            order_id = sa.Column(sa.ForeignKey(Order.id, **key))
            facts = sa.Column(sa.JSON)

        manager = VersioningManager(user_cls=None)
        sessions = sessionmaker(engine)
        manager.attach(Base, sessions, engine)
        Base.metadata.create_all(engine)
        made.append(Clinic(engine, manager, Base, sessions))
        return made[-1]

    yield build
    for each in made:
        each.manager.detach()
    engine.dispose()


def test_every_kind_of_symptom_is_documented() -> None:
    text = (ROOT / "docs/command-line.md").read_text()
    for kind in SymptomKind:
        assert f"| `{kind.value}` | {kind.severity.value} | " in text
