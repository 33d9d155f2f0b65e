"""Verification by sabotage: each kind of damage is found and named, and nothing else is."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import scoped_session

from flask_continuum import FindingKind, verify
from flask_continuum.engine.errors import (
    ClassNotVersioned,
    HistoryWriteError,
    ImproperlyConfigured,
)
from tests.engine.newsroom import Newsroom
from tests.support.documents import ROOT
from tests.support.statements import statements

K = FindingKind
Found = list[tuple[FindingKind, str, tuple[Any, ...] | None, int | None]]


@pytest.fixture
def newsroom(newsroom: Newsroom) -> Newsroom:
    """A sound history: four versions of a section, a deleted comment, links come and gone.

    ==  =====================================================================================
    1   section 1, article 1, tags 1 and 2, comment 1, place pt 1, article 1 linked to tag 1
    2   section 1 renamed
    3   section 1 renamed, comment 1 deleted, article 1 linked to tag 2 and no longer to tag 1
    4   section 1 renamed, article 1 linked to tag 1 again, comment 1 written anew
    ==  =====================================================================================
    """
    with newsroom.commit() as session:
        tags = [newsroom.Tag(id=i, name=f"t{i}") for i in (1, 2)]
        article = newsroom.Article(id=1, title="a", settings={"b": 1}, tags=tags[:1])
        article.comments.append(newsroom.Comment(id=1, text="first"))
        section = newsroom.Section(id=1, name="one")
        session.add_all([section, article, *tags, newsroom.Place(country="pt", number=1, name="p")])
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "two"
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "three"
        article = session.get(newsroom.Article, 1)
        article.comments.clear()
        article.tags = [session.get(newsroom.Tag, 2)]
    with newsroom.commit() as session:
        session.get(newsroom.Section, 1).name = "four"
        article = session.get(newsroom.Article, 1)
        article.comments.append(newsroom.Comment(id=1, text="again"))
        article.tags.append(session.get(newsroom.Tag, 1))
    return newsroom


def damage(newsroom: Newsroom, *sql: str) -> None:
    """Change the database behind everybody's back."""
    outside = sa.create_engine(newsroom.engine.url)
    with outside.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote("transaction")
        for statement in sql:
            connection.exec_driver_sql(statement.replace("TRANSACTION", quoted))
    outside.dispose()


def found(newsroom: Newsroom, **options: Any) -> Found:
    with newsroom.session() as session:
        report = verify(session, newsroom.manager, **options)
    assert report.total == len(report.findings)
    assert report.is_clean is (report.findings == ())
    return [(each.kind, each.table, each.key, each.transaction) for each in report.findings]


def test_a_sound_history_gives_no_finding(newsroom: Newsroom) -> None:
    assert found(newsroom) == []


SECTION = "UPDATE section_version SET"
LINK = "UPDATE article_tag_version SET"
SABOTAGE: dict[str, tuple[str, Found]] = {
    "gap": (
        f"{SECTION} transaction_id = 5 WHERE transaction_id = 4;"
        "INSERT INTO TRANSACTION (id, issued_at) VALUES (5, '2026-01-01 00:00:00')",
        [(K.CHAIN_BROKEN, "section", (1,), 3)],
    ),
    "a version lost between two": (
        "DELETE FROM section_version WHERE transaction_id = 3",
        [(K.CHAIN_BROKEN, "section", (1,), 2)],
    ),
    "overlap": (
        f"{SECTION} end_transaction_id = 4 WHERE transaction_id = 2",
        [(K.VERSIONS_OVERLAP, "section", (1,), 2)],
    ),
    "end before begin": (
        f"{SECTION} end_transaction_id = 1 WHERE transaction_id = 2",
        [(K.END_BEFORE_BEGIN, "section", (1,), 2)],
    ),
    "two open": (
        f"{SECTION} end_transaction_id = NULL WHERE transaction_id = 3",
        [(K.SEVERAL_OPEN, "section", (1,), 3)],
    ),
    "all open": (
        f"{SECTION} end_transaction_id = NULL",
        [(K.SEVERAL_OPEN, "section", (1,), i) for i in (1, 2, 3)],
    ),
    "none open": (
        f"{SECTION} end_transaction_id = 9 WHERE transaction_id = 4",
        [(K.NO_OPEN_VERSION, "section", (1,), 4)],
    ),
    "the newest version lost": (
        "DELETE FROM section_version WHERE transaction_id = 4",
        [(K.NO_OPEN_VERSION, "section", (1,), 3)],
    ),
    "end without successor": (
        "DELETE FROM comment; DELETE FROM comment_version WHERE transaction_id = 4",
        [(K.END_WITHOUT_SUCCESSOR, "comment", (1,), 3)],
    ),
    "the first version lost": (
        "DELETE FROM section_version WHERE transaction_id = 1",
        [(K.LIFE_WITHOUT_BEGINNING, "section", (1,), 2)],
    ),
    "an insertion that says it is an update": (
        f"{SECTION} operation_type = 1 WHERE transaction_id = 1",
        [(K.LIFE_WITHOUT_BEGINNING, "section", (1,), 1)],
    ),
    "a deletion in the middle": (
        f"{SECTION} operation_type = 2 WHERE transaction_id = 2",
        [(K.VERSION_AFTER_DELETION, "section", (1,), 3)],
    ),
    "an insertion in the middle": (
        f"{SECTION} operation_type = 0 WHERE transaction_id = 3",
        [(K.BEGUN_TWICE, "section", (1,), 3)],
    ),
    "a deletion that says it is an update": (
        "UPDATE comment_version SET operation_type = 1 WHERE transaction_id = 3",
        [(K.BEGUN_TWICE, "comment", (1,), 4)],
    ),
    "an unknown operation": (
        f"{SECTION} operation_type = -1 WHERE transaction_id = 2",
        [(K.OPERATION_UNKNOWN, "section", (1,), 2)],
    ),
    "a row from outside": (
        "INSERT INTO place (country, number, name) VALUES ('es', 2, 'x')",
        [(K.RECORD_WITHOUT_VERSION, "place", ("es", 2), None)],
    ),
    "a row that history has deleted": (
        "UPDATE comment_version SET operation_type = 2 WHERE transaction_id = 1;"
        "UPDATE comment_version SET end_transaction_id = NULL WHERE transaction_id = 1;"
        "DELETE FROM comment_version WHERE transaction_id > 1",
        [
            (K.LIFE_WITHOUT_BEGINNING, "comment", (1,), 1),
            (K.RECORD_AFTER_DELETION, "comment", (1,), 1),
        ],
    ),
    "a row that is gone": (
        "DELETE FROM section",
        [(K.VERSION_WITHOUT_RECORD, "section", (1,), 4)],
    ),
    "a row changed outside": (
        "UPDATE article SET title = 'A', words = 3",
        [(K.OPEN_VERSION_DIFFERS, "article", (1,), 1)],
    ),
    "a transaction lost": (
        "DELETE FROM TRANSACTION WHERE id = 2",
        [(K.TRANSACTION_MISSING, "section", (1,), 2)],
    ),
    "a transaction without versions": (
        "INSERT INTO TRANSACTION (id, issued_at) VALUES (7, '2026-01-01 00:00:00')",
        [(K.TRANSACTION_WITHOUT_VERSIONS, "transaction", None, 7)],
    ),
    "a baseline without versions": (
        "INSERT INTO TRANSACTION (id, kind) VALUES (7, 'baseline')",
        [(K.TRANSACTION_WITHOUT_VERSIONS, "transaction", None, 7)],
    ),
    "a uid twice": (
        "UPDATE TRANSACTION SET uid = 'a' WHERE id IN (2, 4)",
        [(K.UID_TWICE, "transaction", None, 4)],
    ),
    "a changed key without versions": (
        """UPDATE TRANSACTION SET context = '{"moved": {"section": [[[1], [9]]], """
        """"place": [["x"]], "gone": [[[1], [2]]]}}' WHERE id = 3""",
        [
            (K.MOVE_WITHOUT_VERSIONS, "section", (1,), 3),
            (K.MOVE_WITHOUT_VERSIONS, "section", (9,), 3),
        ],
    ),
    "history_column of nothing": (
        "INSERT INTO history_column (table_name, column_name, since) VALUES ('x_version', '', 0);"
        "INSERT INTO history_column (table_name, column_name, since) "
        "VALUES ('section_version', 'motto', 2)",
        [
            (K.HISTORY_COLUMN_UNKNOWN, "history_column", ("section_version", "motto"), None),
            (K.HISTORY_COLUMN_UNKNOWN, "history_column", ("x_version", ""), None),
        ],
    ),
    "a link's chain": (
        f"{LINK} end_transaction_id = NULL WHERE transaction_id = 1",
        [(K.SEVERAL_OPEN, "article_tag", (1, 1), 1)],
    ),
    "a link's operation": (
        f"{LINK} operation_type = 1 WHERE transaction_id = 4",
        [(K.VERSION_AFTER_DELETION, "article_tag", (1, 1), 4)],
    ),
    "a link lost": (
        "DELETE FROM article_tag WHERE tag_id = 2",
        [(K.VERSION_WITHOUT_RECORD, "article_tag", (1, 2), 3)],
    ),
    "a link from outside": (
        "INSERT INTO article (id, title, revision) VALUES (2, 'x', 1);"
        "INSERT INTO article_tag (article_id, tag_id) VALUES (2, 1)",
        [
            (K.RECORD_WITHOUT_VERSION, "article", (2,), None),
            (K.RECORD_WITHOUT_VERSION, "article_tag", (2, 1), None),
        ],
    ),
    "a link's transaction": (
        f"{LINK} transaction_id = 8 WHERE transaction_id = 4;"
        f"{LINK} end_transaction_id = 8 WHERE end_transaction_id = 4",
        [(K.TRANSACTION_MISSING, "article_tag", (1, 1), 8)],
    ),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_damage_is_found_and_named(newsroom: Newsroom, name: str) -> None:
    sql, expected = SABOTAGE[name]
    damage(newsroom, *sql.split(";"))
    assert found(newsroom) == expected


def test_every_kind_is_sabotaged() -> None:
    elsewhere = {K.TABLE_MISSING, K.HIERARCHY_INCOMPLETE, K.ERASED_VALUE_IS_BACK}
    elsewhere |= {kind for kind in K if kind.value.startswith("seal")}  # test_seal.py
    assert {each[0] for _, expected in SABOTAGE.values() for each in expected} == {*K} - elsewhere


def test_every_kind_is_documented() -> None:
    text = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \| \S", text, re.MULTILINE) == [kind.value for kind in K]


@pytest.mark.parametrize(
    "sql",
    [
        # somebody asked for these: they stay, though nothing changed
        "INSERT INTO TRANSACTION (id, kind) VALUES (7, 'command'), (8, 'import')",
        # one transaction that had to be continued under another id
        "UPDATE TRANSACTION SET uid = 'a', issued_at = '2026-01-01 00:00:00' WHERE id IN (2, 4)",
        # retired
        "INSERT INTO history_column VALUES ('x_version', '', 0, 3), ('tag_version', 'hue', 1, 2)",
    ],
)
def test_what_is_no_damage_is_not_found(newsroom: Newsroom, sql: str) -> None:
    damage(newsroom, sql)
    assert found(newsroom) == []


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ("title = 'A'", ("title",)),
        ("title = 'á'", ("title",)),
        ("words = 0", ("words",)),
        ("body_text = '', words = 7", ("body_text", "words")),
        ("""settings = '{"b": 2}'""", ("settings",)),
        ("settings = NULL", ("settings",)),
    ],
)
def test_what_differs_is_named(newsroom: Newsroom, change: str, columns: tuple[str, ...]) -> None:
    damage(newsroom, f"UPDATE article SET {change}")
    with newsroom.session() as session:
        (finding,) = verify(session, newsroom.manager).findings
    assert finding.columns == columns
    assert all(column in finding.words for column in columns)


def test_what_is_excluded_may_differ(newsroom: Newsroom) -> None:
    damage(newsroom, "UPDATE article SET token = 'secret'")
    assert found(newsroom) == []


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (2, "NULL", []),
        (1, "NULL", [(K.OPEN_VERSION_DIFFERS, "article", (1,), 1)]),
        (0, 0, []),
    ],
)
def test_a_version_that_does_not_know_a_column_does_not_differ_in_it(
    newsroom: Newsroom, since: int, until: Any, expected: Found
) -> None:
    damage(
        newsroom,
        f"INSERT INTO history_column VALUES ('article_version', 'words', {since}, {until})",
        "UPDATE article SET words = 3",
    )
    assert found(newsroom) == expected


def test_records_that_predate_their_history_are_no_damage(newsroom: Newsroom) -> None:
    damage(
        newsroom,
        "DELETE FROM history_column WHERE table_name IN ('tag_version', 'place_version')",
        "DELETE FROM place_version",
        "DELETE FROM tag_version WHERE id = 1",
        "UPDATE tag_version SET operation_type = 1",
    )
    assert found(newsroom) == []
    with newsroom.session() as session:
        report = verify(session, newsroom.manager)
    assert report.incomplete == ("place", "tag")
    assert str(report).endswith("when their history began: place, tag.")


@pytest.mark.parametrize("table", ["section_version", "history_column", "transaction"])
def test_missing_tables_are_found(newsroom: Newsroom, table: str) -> None:
    newsroom.base.metadata.tables[table].drop(newsroom.engine)
    assert found(newsroom) == [(K.TABLE_MISSING, table, None, None)]


def test_it_costs_the_same_for_ten_and_a_thousand_versions(newsroom: Newsroom) -> None:
    counts = []
    for until in (10, 1000):
        with newsroom.sessions() as session:
            first = session.scalar(sa.select(sa.func.max(newsroom.Section.id))) + 1
            session.add_all(newsroom.Section(id=i, name="n") for i in range(first, until + 1))
            session.commit()
        with newsroom.session() as session, statements(newsroom.engine) as sent:
            assert verify(session, newsroom.manager).is_clean
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_findings_are_limited_and_all_are_counted(newsroom: Newsroom) -> None:
    damage(
        newsroom,
        *(f"INSERT INTO place (country, number) VALUES ('x', {i})" for i in range(2500)),
        "DELETE FROM section",
    )
    with newsroom.session() as session:
        report = verify(session, newsroom.manager, limit=2)
    assert dict(report.counts) == {K.RECORD_WITHOUT_VERSION: 2500, K.VERSION_WITHOUT_RECORD: 1}
    assert len(report.of(K.RECORD_WITHOUT_VERSION)) == 2
    assert report.total == 2501
    assert "A record has no version (2500):" in str(report)
    assert "… and 2498 more" in str(report)


def test_a_report_reads_well(newsroom: Newsroom) -> None:
    with newsroom.session() as session:
        assert str(verify(session, newsroom.manager)) == "6 tables verified, nothing found."
    damage(newsroom, "UPDATE place SET name = 'q'")
    with newsroom.session() as session:
        assert str(verify(session, newsroom.manager)) == (
            "6 tables verified, 1 finding.\n"
            "The open version differs from the live row (1):\n"
            "  place pt, 1: the live row differs from the version of transaction 1 in name."
        )


def test_only_some_models_can_be_verified(newsroom: Newsroom) -> None:
    damage(
        newsroom,
        "DELETE FROM section",
        f"{LINK} operation_type = 5 WHERE transaction_id = 4",
        "INSERT INTO TRANSACTION (id) VALUES (9)",
    )
    models = [newsroom.Article]
    assert found(newsroom, models=models) == [(K.OPERATION_UNKNOWN, "article_tag", (1, 1), 4)]
    with newsroom.session() as session, pytest.raises(ClassNotVersioned):
        verify(session, newsroom.manager, models=[newsroom.User])


def test_nothing_is_written(newsroom: Newsroom) -> None:
    with newsroom.session() as session, statements(newsroom.engine) as sent:
        session.add(newsroom.Section(id=5, name="waits"))
        assert verify(session, newsroom.manager).is_clean
        assert [s for s in sent if s.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))] == []


@pytest.mark.parametrize("write", ["commit", "flush"])
def test_unwritten_changes_are_refused(newsroom: Newsroom, write: str) -> None:
    newsroom.manager.write = write
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "five"
        session.flush()
        with pytest.raises(HistoryWriteError, match="Commit or roll back first"):
            verify(session, newsroom.manager)
        session.commit()
        assert verify(session, newsroom.manager).is_clean


def test_others_may_write_meanwhile(newsroom: Newsroom) -> None:
    def write() -> None:
        for number in range(30):
            with newsroom.sessions() as session:
                session.get(newsroom.Section, 1).name = f"n{number}"
                session.add(newsroom.Place(country="fr", number=number))
                session.get(newsroom.Article, 1).tags = (
                    [] if number % 2 else [session.get(newsroom.Tag, 1)]
                )
                session.commit()

    seen = []
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        while not writing.done():
            with newsroom.session() as session:
                seen.append(str(verify(session, newsroom.manager)))
        writing.result()
    assert set(seen) == {"6 tables verified, nothing found."}


def test_a_session_that_commits_each_statement_can_verify(newsroom: Newsroom) -> None:
    damage(newsroom, "DELETE FROM section")
    engine = newsroom.engine.execution_options(isolation_level="AUTOCOMMIT")
    with newsroom.sessions(bind=engine) as session:
        assert verify(session, newsroom.manager).total == 1


def test_a_scoped_session_can_verify(newsroom: Newsroom) -> None:
    session = scoped_session(newsroom.sessions)
    assert verify(session, newsroom.manager).is_clean
    session.remove()


def test_without_a_manager_the_error_says_what_to_pass(newsroom: Newsroom) -> None:
    with newsroom.session() as session, pytest.raises(ImproperlyConfigured, match=r"\.manager"):
        verify(session)
