"""Commands that put something back: shown, asked, done, and said to be so."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import Shell


def _title(shell: Shell) -> Any:
    return shell.json("show", "article", "1")["values"]["title"]


def _oldest(shell: Shell) -> str:
    found: str = shell.json("log", "article", "1", "-n", "100")[-1]["transaction"]
    return found


def test_nothing_happens_before_it_is_confirmed(shell: Shell) -> None:
    before = _title(shell)
    said = shell.run("revert", "article", "1", _oldest(shell), answer="n\n", code=1)
    assert "Change Article 1" in said
    assert "title: " in said
    assert "Nothing has changed yet." in said
    looked = shell.json("revert", "article", "1", _oldest(shell), "--dry-run")
    assert looked["outcome"] == "nothing has changed"
    assert looked["records"][0]["fields"]["title"]["then"] == "Harbour bridge"
    assert "--yes" in shell.run("revert", "article", "1", _oldest(shell), "--json", code=2)
    assert _title(shell) == before


def test_a_record_is_reverted_and_that_is_undone(shell: Shell) -> None:
    before = _title(shell)
    oldest = _oldest(shell)
    said = shell.run(
        "revert", "article", "1", oldest, "--field", "title", "--reason", "Back", answer="y\n"
    )
    assert said.endswith("Done.\n")
    assert _title(shell) == "Harbour bridge"
    newest = shell.json("log", "article", "1")[0]
    assert (newest["kind"], newest["reason"]) == ("revert", "Back")
    assert newest["by"].endswith("(command line)")
    assert set(newest["fields"]) == {"title"}
    undone = shell.json("undo", newest["transaction"], "--yes")
    assert undone["outcome"] == "done"
    assert _title(shell) == before
    assert shell.run("undo", newest["uid"]).endswith("Nothing to do.\n")


def test_secrets_stay_unless_they_are_named(shell: Shell) -> None:
    oldest = _oldest(shell)
    plan = shell.json("revert", "article", "1", oldest, "--dry-run")["records"][0]["fields"]
    assert (plan["api_token"]["chosen"], plan["title"]["chosen"]) == (False, True)
    assert plan["api_token"]["now"] == plan["api_token"]["then"] == "(masked)"
    said = shell.run("revert", "article", "1", oldest, "--dry-run")
    assert "api_token: (masked) → (masked)  (stays: a secret" in said
    named = shell.json("revert", "article", "1", oldest, "--field", "api_token", "--dry-run")
    assert named["records"][0]["fields"]["api_token"]["chosen"] is True


def test_a_deleted_record_comes_back(shell: Shell) -> None:
    gone = shell.json("log", "article", "2")[0]["transaction"]
    said = shell.run("revert", "article", "2", gone, "--yes")
    assert "Bring back Article 2" in said
    assert shell.json("show", "article", "2")["operation"] == "INSERT"
    again = shell.json("log", "article", "2")[0]
    assert again["kind"] == "restore"
    shell.run("undo", again["transaction"], "--yes")
    assert shell.json("show", "article", "2")["operation"] == "DELETE"


def test_what_cannot_be_named_is_said(shell: Shell) -> None:
    said = shell.run("revert", "article", "1", _oldest(shell), "--field", "titel", code=1)
    assert "titel" in said
