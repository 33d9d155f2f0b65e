"""Seals tell what was changed behind the history's back, and stay sound when it is meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from flask_continuum import (
    FindingKind,
    ImproperlyConfigured,
    Report,
    erase,
    prune,
    seal,
    vacuum,
    verify,
)
from flask_continuum.plugins import SealPlugin
from tests.engine.maintenance.people import Club, build, write_story

KEY = "a key of the tests"


@pytest.fixture
def club(engine: sa.Engine) -> Iterator[Club]:
    made = build(engine, plugins=(SealPlugin(),))
    write_story(made, "xyzzy")
    yield made


K = FindingKind
ABOUT = {kind for kind in K if kind.value.startswith("seal")} | {K.ERASED_VALUE_IS_BACK}


def told(report: Report) -> dict[FindingKind, int]:
    return {kind: number for kind, number in report.counts.items() if kind in ABOUT}


def close(club: Club, key: str | None = KEY, chunk: int = 2) -> tuple[str, ...]:
    with club.sessions() as session:
        return seal(session, club.manager, key=key, chunk=chunk)


def found(club: Club, key: str | None = KEY) -> dict[FindingKind, int]:
    with club.sessions() as session:
        return told(verify(session, club.manager, seals=True, key=key))


def run(club: Club, *statements: str) -> None:
    with club.engine.begin() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


def test_a_history_is_sealed_and_sound(club: Club) -> None:
    (link,) = close(club)
    assert found(club) == {}
    assert close(club) == (link,)
    with club.sessions() as session:
        session.get(club.Member, 2).points = 9
        session.commit()
    assert found(club) == {}
    (later,) = close(club)
    assert later != link
    assert found(club) == {}
    with club.engine.connect() as connection:
        links = connection.scalars(sa.text("SELECT link FROM history_seal")).all()
    assert link in links


SABOTAGE: dict[str, tuple[tuple[str, ...], dict[FindingKind, int]]] = {
    "a changed value": (
        ("UPDATE letter_version SET words = 'never said' WHERE transaction_id = 1 AND id = 2",),
        {K.SEALED_CHANGED: 1},
    ),
    "a value that was empty": (
        ("UPDATE member_version SET facts = '{}' WHERE transaction_id = 1 AND id = 2",),
        {K.SEALED_CHANGED: 1},
    ),
    "a changed operation": (
        ("UPDATE circle_version SET operation_type = 1",),
        {K.SEALED_CHANGED: 1},
    ),
    "a removed version": (
        ("DELETE FROM circle_version",),
        {K.SEALED_REMOVED: 1},
    ),
    "an added version": (
        (
            "INSERT INTO circle_version (id, name, transaction_id, operation_type) "
            "VALUES (9, 'go', 2, 0)",
        ),
        {K.SEALED_ADDED: 1},
    ),
    "versions in another order": (
        (
            "UPDATE member_version SET transaction_id = 99 WHERE id = 2 AND transaction_id = 1",
            "UPDATE member_version SET transaction_id = 1 WHERE id = 2 AND transaction_id = 3",
            "UPDATE member_version SET transaction_id = 3 WHERE id = 2 AND transaction_id = 99",
        ),
        {K.SEALED_CHANGED: 2},
    ),
    "a changed row of a transaction": (
        ("UPDATE transaction SET reason = 'another' WHERE id = 2",),
        {K.SEALED_CHANGED: 1},
    ),
    "a transaction under another id": (
        ("UPDATE transaction SET id = 99 WHERE id = 2",),
        {K.SEALED_REMOVED: 1},
    ),
    "seals in another order": (
        (
            "UPDATE history_seal SET transaction_id = 99 WHERE transaction_id = 1",
            "UPDATE history_seal SET transaction_id = 1 WHERE transaction_id = 2",
            "UPDATE history_seal SET transaction_id = 2 WHERE transaction_id = 99",
        ),
        {K.SEAL_BROKEN: 5},
    ),
    "a seal that is gone": (
        ("DELETE FROM history_seal WHERE transaction_id = 2",),
        {K.SEAL_MISSING: 1, K.SEAL_BROKEN: 1},
    ),
    "a digest that fits the change": (
        ("UPDATE history_sealed SET digest = 'made up' WHERE table_name = 'circle_version'",),
        {K.SEALED_CHANGED: 1, K.SEAL_BROKEN: 1},
    ),
}


def test_sabotage_is_told(club: Club) -> None:
    close(club)
    quote = club.engine.dialect.identifier_preparer.quote
    with club.engine.connect() as connection:
        for name, (statements, expected) in SABOTAGE.items():
            with connection.begin() as transaction:
                for each in statements:
                    connection.exec_driver_sql(
                        each.replace("UPDATE transaction", f"UPDATE {quote('transaction')}")
                    )
                with club.sessions(bind=connection) as session:
                    report = verify(session, club.manager, seals=True, key=KEY)
                assert told(report) == expected, name
                transaction.rollback()
    assert found(club) == {}


def test_a_chain_made_anew_shows_by_its_key_and_by_a_link_kept_elsewhere(club: Club) -> None:
    (kept,) = close(club)
    run(
        club,
        "UPDATE letter_version SET words = 'never said' WHERE transaction_id = 1 AND id = 2",
        "DELETE FROM history_seal",
        "DELETE FROM history_sealed",
    )
    (forged,) = close(club, key="the key of a forger")
    assert forged != kept
    assert found(club) == {K.SEAL_OF_ANOTHER_KEY: 4}
    assert found(club, key="the key of a forger") == {}


def test_without_a_key_links_can_be_kept(club: Club) -> None:
    (link,) = close(club, key=None)
    assert found(club, key=None) == {}
    assert found(club) == {K.SEAL_OF_ANOTHER_KEY: 4}
    run(club, "DELETE FROM history_seal", "DELETE FROM history_sealed")
    assert close(club, key=None) != (link,)  # salts are new
    with club.sessions() as session, pytest.raises(ImproperlyConfigured, match="at least 16"):
        seal(session, club.manager, key="short")


def test_erasing_keeps_digests_and_forgets_salts(club: Club) -> None:
    close(club)
    with club.sessions() as session:
        erase(session, (club.Member, 1), club.manager, live=True, reasons=True)
    assert "xyzzy" not in club.texts()
    assert found(club) == {}
    close(club)
    run(club, "UPDATE member_version SET points = 77 WHERE transaction_id = 1 AND id = 1")
    assert found(club) == {K.SEALED_CHANGED: 1}
    run(club, "UPDATE member_version SET points = 1 WHERE transaction_id = 1 AND id = 1")
    run(club, "UPDATE member_version SET email = 'x' WHERE transaction_id = 1 AND id = 1")
    assert found(club) == {K.SEALED_CHANGED: 1, K.ERASED_VALUE_IS_BACK: 1}
    with club.engine.connect() as connection:
        table = club.base.metadata.tables["history_sealed"]
        fields = connection.scalars(sa.select(table.c.fields).where(table.c.fields.is_not(None)))
        for each in fields:
            assert not set(each["salts"]) & set(each["digests"])


def test_what_goes_on_purpose_leaves_a_seal(club: Club) -> None:
    run(
        club,
        "INSERT INTO circle_version (id, name, transaction_id, operation_type) "
        "VALUES (1, 'chess', 2, 1)",
        "UPDATE circle_version SET end_transaction_id = 2 WHERE transaction_id = 1",
    )
    close(club)
    with club.sessions() as session:
        assert vacuum(session, club.Circle) == 1
        session.commit()
    assert found(club) == {}
    with club.sessions() as session:
        assert sum(prune(session, club.manager, keep=1).values()) > 3
    assert found(club) == {}
    run(club, "UPDATE member_version SET points = 77 WHERE id = 1")
    assert found(club) == {K.SEALED_CHANGED: 1}


def test_what_is_sealed_while_it_is_pruned_stays_sound(club: Club) -> None:
    links = []
    with club.sessions() as session:
        session.get(club.Member, 2).points = 9
        session.commit()
        prune(session, club.manager, keep=1, chunk=1, progress=lambda *_: links.append(close(club)))
    assert len(links) > 1
    assert found(club) == {}


def test_chunks_are_told_of(club: Club) -> None:
    counts: list[int] = []
    with club.sessions() as session:
        seal(session, club.manager, key=KEY, chunk=1, progress=counts.append)
    assert counts == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="at least one"), club.sessions() as session:
        seal(session, club.manager, chunk=0)


def test_without_its_tables_it_says_what_to_do(engine: sa.Engine) -> None:
    club = build(engine)
    with club.sessions() as session:
        with pytest.raises(ImproperlyConfigured, match="SealPlugin"):
            seal(session, club.manager)
        with pytest.raises(ImproperlyConfigured, match="SealPlugin"):
            verify(session, club.manager, seals=True)
