"""Commands that check: their exit codes are for builds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from flask_continuum.cli import COMMANDS
from tests.cli.conftest import Shell
from tests.support.documents import ROOT


def test_a_sound_history_passes(shell: Shell) -> None:
    assert "nothing wrong" in shell.run("doctor")
    assert shell.json("doctor")["healthy"] is True
    assert "nothing found" in shell.run("verify")
    assert shell.json("verify", "article")["tables"] == ["article", "article_tag"]


def test_a_damaged_history_fails(shell: Shell) -> None:
    db = shell.newsroom.db
    with shell.newsroom.app.app_context(), db.engine.begin() as connection:
        old = connection.execute(sa.text("SELECT name FROM section WHERE id = 1")).scalar()
        connection.execute(sa.text("UPDATE section SET name = 'by hand' WHERE id = 1"))
    try:
        assert "differs" in shell.run("verify", "section", code=1)
        found = shell.json("verify", code=1)
        assert found["counts"] == {"open-version-differs": 1}
        (finding,) = found["findings"]
        assert (finding["table"], finding["key"]) == ("section", [1])
    finally:
        with shell.newsroom.app.app_context(), db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE section SET name = :old WHERE id = 1"), {"old": old})


def test_a_damaged_history_is_mended(shell: Shell) -> None:
    db = shell.newsroom.db
    with shell.newsroom.app.app_context(), db.engine.begin() as connection:
        old = connection.execute(sa.text("SELECT name FROM section WHERE id = 1")).scalar()
        connection.execute(sa.text("UPDATE section SET name = 'by hand' WHERE id = 1"))
    assert "Mend 1 finding? [y/N]: n" in shell.run("verify", "--repair", answer="n\n", code=1)
    assert "--yes" in shell.run("verify", "--repair", "--json", code=2)
    done = shell.json("verify", "--repair", "--yes")
    assert done["clean"] is True
    assert done["mended"] == {"open-version-differs": 1}
    assert "nothing found" in shell.run("verify", "--repair")
    newest, *_ = shell.json("log", "section", "1")
    assert newest["kind"] == "repair"
    with shell.newsroom.app.app_context():
        db.session.get(shell.newsroom.models.Section, 1).name = old
        db.session.commit()


def test_a_database_that_misses_something_fails(shell: Shell) -> None:
    db = shell.newsroom.db
    table = db.metadata.tables["place_version"]
    with shell.newsroom.app.app_context():
        table.drop(db.engine)
    try:
        said = shell.run("doctor", code=1)
        assert said.startswith("error   place_version\n        the table is missing.")
        assert shell.json("doctor", code=1)["symptoms"][0]["kind"] == "table-missing"
    finally:
        with shell.newsroom.app.app_context():
            table.create(db.engine)


def test_versions_that_say_nothing_are_deleted(shell: Shell) -> None:
    assert shell.run("vacuum").endswith("Nothing to do.\n")
    db = shell.newsroom.db
    with shell.newsroom.app.app_context(), db.engine.begin() as connection:
        version = db.metadata.tables["section_version"]
        row = connection.execute(
            sa.select(version).where(version.c.id == 1).order_by(version.c.transaction_id.desc())
        ).first()
        assert row is not None
        then = {**row._mapping, "transaction_id": 9999, "operation_type": 1}
        connection.execute(version.insert(), then)
        connection.execute(
            version.update().where(
                version.c.id == 1, version.c.transaction_id == row.transaction_id
            ),
            {"end_transaction_id": 9999},
        )
    assert shell.json("vacuum", "--dry-run") == {
        "deleted": False,
        "versions": {**dict.fromkeys(_models(shell), 0), "section": 1},
    }
    assert "for good? [y/N]: n" in shell.run("vacuum", "section", answer="n\n", code=1)
    assert "--yes" in shell.run("vacuum", "--json", code=2)
    assert shell.run("vacuum", "section", answer="y\n").endswith("Done.\n")
    assert shell.run("vacuum").endswith("Nothing to do.\n")
    assert shell.json("verify")["clean"] is True


def test_rows_that_predate_their_history_get_first_versions(shell: Shell) -> None:
    assert shell.run("baseline").endswith("Nothing to do.\n")
    db = shell.newsroom.db
    with shell.newsroom.app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO place VALUES ('pt', 'LIS', 'Lisbon')"))
        known = "DELETE FROM history_column WHERE table_name = 'place_version'"
        connection.execute(sa.text(known))
        shell.newsroom.continuum.manager.completeness.forget(connection)
    looked = shell.json("baseline", "--dry-run")
    assert looked == {"written": False, "records": {"place": 1}}
    assert "Write 1 first version? [y/N]: n" in shell.run("baseline", answer="n\n", code=1)
    assert "--yes" in shell.run("baseline", "--json", code=2)
    assert shell.run("baseline", "place", answer="y\n").endswith("Done.\n")
    assert shell.run("baseline").endswith("Nothing to do.\n")
    assert shell.json("show", "place", "pt,LIS")["kind"] == "baseline"
    with shell.newsroom.app.app_context():
        db.session.delete(db.session.get(shell.newsroom.models.Place, ("pt", "LIS")))
        db.session.commit()


def test_old_versions_are_deleted(shell: Shell) -> None:
    db, models = shell.newsroom.db, shell.newsroom.models
    with shell.newsroom.app.app_context():
        for name in ("one", "two", "three", "four"):
            section = db.session.get(models.Section, 77) or models.Section(id=77)
            section.name = name
            db.session.add(section)
            db.session.commit()
    nothing = dict.fromkeys(shell.json("prune", "--keep", "99", "--dry-run")["versions"], 0)
    looked = shell.json("prune", "section", "--keep", "2", "--dry-run")
    assert looked["deleted"] is False
    assert looked["versions"]["section"] >= 2
    count = looked["versions"]["section"]
    asked = shell.run("prune", "section", "--keep", "2", answer="n\n", code=1)
    assert f"Delete {count} versions for good? [y/N]: n" in asked
    assert "--older-than AGE, --keep N, or both" in shell.run("prune", code=2)
    assert "--yes" in shell.run("prune", "--json", "--keep", "1", code=2)
    assert "such as 90d" in shell.run("prune", "--older-than", "soon", code=2)
    assert shell.json("prune", "--older-than", "99y", "--dry-run")["versions"] == nothing
    said = shell.run("prune", "section", "--keep", "2", "--yes")
    assert said.endswith("Done.\n")
    assert "Pruning" not in said  # the bar is for terminals
    assert shell.run("prune", "section", "--keep", "2").endswith("Nothing to do.\n")
    assert [each["operation"] for each in shell.json("log", "section", "77")] == [
        "UPDATE",
        "INSERT",
    ]
    assert shell.json("verify")["clean"] is True
    with shell.newsroom.app.app_context():
        db.session.delete(db.session.get(models.Section, 77))
        db.session.commit()


def _models(shell: Shell) -> list[str]:
    return [each["name"] for each in shell.json("models")]


def test_every_command_helps(shell: Shell) -> None:
    said = shell.run("--help")
    for name in COMMANDS:
        assert f"\n  {name} " in said
        # a feed is lines of JSON, and an export has a format
        expected = {"feed": "Examples:", "export": "--format"}.get(name, "--json")
        assert expected in shell.run(name, "--help")
    assert "No such command 'nothing'" in shell.run("nothing", code=2)


def test_an_application_without_history_is_told_what_to_do() -> None:
    from flask_continuum.cli import create_group

    app = Flask("plain")
    app.cli.add_command(create_group())
    result = app.test_cli_runner().invoke(args=["history", "models"])
    assert result.exit_code == 1
    assert "keeps no history" in result.output


def test_the_real_command_line_serves_the_example_application(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'newsroom.sqlite'}"
    environment = {**os.environ, "NEWSROOM_SQLALCHEMY_DATABASE_URI": address}
    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "example_app", "history", "doctor"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "nothing wrong" in run.stdout
