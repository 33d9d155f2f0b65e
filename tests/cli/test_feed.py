"""``flask history feed`` and ``export``: the history for others."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flask_continuum import export, verify
from flask_continuum.engine.dialects import settled
from flask_continuum.exporting import git as git_module
from tests.cli.conftest import Shell
from tests.support.documents import ROOT


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: Any) -> None:
    """Nobody else writes here: gaps are gaps."""
    monkeypatch.setattr(settled, "GAP", 0.01)


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_the_feed_tells_everything_oldest_first(shell: Shell) -> None:
    found = lines(shell.run("feed"))
    ids = [int(each["transaction"]) for each in found]
    assert ids == sorted(ids)
    first = found[0]
    assert (first["reason"], first["by"]) == ("First draft", "Ines Okafor")
    (article,) = [each for each in first["changes"] if each["model"] == "article"]
    assert (article["key"], article["operation"]) == ("1", "created")
    assert article["changes"]["title"] == ["(not recorded)", "Harbour bridge"]
    assert article["links"] == {"tags": {"added": ["1"], "removed": []}}
    rest = lines(shell.run("feed", "--after", first["cursor"]))
    assert [each["transaction"] for each in rest] == [each["transaction"] for each in found[1:]]
    of_comments = lines(shell.run("feed", "comment"))
    assert [each["changes"][0]["model"] for each in of_comments] == ["comment"]
    assert "not one of this list" in shell.run("feed", "--after", "nonsense", code=1)


def test_the_feed_keeps_its_cursor(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "sent.cursor"
    assert len(lines(shell.run("feed", "--keep", str(file)))) > 3
    assert lines(shell.run("feed", "--keep", str(file))) == []
    change_a_name(shell, "Feed")
    (new,) = lines(shell.run("feed", "--keep", str(file)))
    assert new["changes"][0]["changes"]["name"][1] == "Feed"
    assert "--after" in shell.run("feed", "--keep", str(file), "--after", "x", code=2)


def test_no_secret_leaves_unless_it_is_asked_for(shell: Shell, tmp_path: Path) -> None:
    for words in (["feed"], ["export"], ["export", "--format", "csv"]):
        said = shell.run(*words)
        assert "Harbour bridge" in said
        assert "sesame" not in said
        assert "sesame" in shell.run(*words, "--reveal")
    for number, words in enumerate(([], ["--reveal"])):
        place = tmp_path / f"{number}.git"
        shell.run("export", "--format", "git", "-o", str(place), *words)
        assert ("sesame" in git(place, "log", "-p", "main")) is bool(words)


def test_csv_and_json_say_the_same_and_go_on(shell: Shell, tmp_path: Path) -> None:
    files = {form: tmp_path / f"changes.{form}" for form in ("csv", "jsonl")}
    kept = {form: tmp_path / f"{form}.cursor" for form in files}

    def write() -> None:
        for form, file in files.items():
            shell.run("export", "--format", form, "-o", str(file), "--keep", str(kept[form]))

    write()
    change_a_name(shell, "Exported")
    write()
    write()
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text("utf-8-sig"))))
    told = lines(files["jsonl"].read_text())
    flat = [
        (each["transaction"], each["model"], each["key"], field)
        for each in told
        for field in [*each["changes"], *each["links"]] or [""]
    ]
    found = [(row["transaction"], row["model"], row["key"], row["field"]) for row in rows]
    assert found == flat
    assert (rows[-1]["field"], rows[-1]["new"]) == ("name", "Exported")


def test_the_git_repository_is_the_data_and_its_log_the_history(
    shell: Shell, tmp_path: Path
) -> None:
    place, clone = tmp_path / "newsroom.git", tmp_path / "clone"
    shell.run("export", "--format", "git", "-o", str(place))
    change_a_name(shell, "Pushed")
    assert "1 new commit in" in shell.run("export", "--format", "git", "-o", str(place))
    assert "0 new commits in" in shell.run("export", "--format", "git", "-o", str(place))
    git(place, "fsck", "--strict")
    subprocess.run(["git", "clone", "-q", place, clone], check=True)
    article = json.loads((clone / "article" / "1.json").read_text())
    assert article["title"] == "Harbour bridge reopens"
    assert "api_token" not in article
    assert [each.name for each in (clone / "article" / "1.tags").iterdir()] == ["2.json"]
    assert not (clone / "article" / "2.json").exists()
    log = git(place, "log", "-p", "--format=%an|%s|%aI", "main", "--", "article/1.json")
    assert "Ines Okafor|First draft|2026-03-04T10:20:00" in log
    assert '+  "title": "Harbour bridge reopens",' in log


def test_a_git_export_that_is_broken_off_goes_on(
    shell: Shell, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(git_module, "CHECKPOINT", 2)
    whole, broken = tmp_path / "whole.git", tmp_path / "broken.git"
    shell.run("export", "--format", "git", "-o", str(whole))
    original = git_module._Stream.write

    def write(stream: Any, item: Any) -> None:
        if stream.commits == 3:
            raise KeyboardInterrupt
        original(stream, item)

    monkeypatch.setattr(git_module._Stream, "write", write)
    shell.run("export", "--format", "git", "-o", str(broken), code=1)
    monkeypatch.setattr(git_module._Stream, "write", original)
    shell.run("export", "--format", "git", "-o", str(broken))
    assert git(broken, "rev-parse", "main^{tree}") == git(whole, "rev-parse", "main^{tree}")
    counts = [git(each, "rev-list", "--count", "main") for each in (broken, whole)]
    assert counts[0] == counts[1]


def test_git_refuses_what_is_not_its_own(shell: Shell, tmp_path: Path) -> None:
    assert "needs -o" in shell.run("export", "--format", "git", code=2)
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", other], check=True)
    tree = git(other, "mktree")
    who = ["-c", "user.name=x", "-c", "user.email=x"]
    commit = git(other, *who, "commit-tree", tree, "-m", "mine")
    git(other, "update-ref", "refs/heads/main", commit)
    assert "not one of an export" in shell.run(
        "export", "--format", "git", "-o", str(other), code=1
    )


def test_hostile_words_stay_in_their_place(shell: Shell, tmp_path: Path) -> None:
    app, models = shell.newsroom.app, shell.newsroom.models
    session = shell.newsroom.db.session
    reason = "x\n\ncommit refs/heads/evil\n\nContinuum-Cursor: forged\n---\nUid: forged"
    actor = "A <b@c> 1 +0000\ncommitter"
    with app.app_context(), shell.newsroom.continuum.transaction(reason=reason, actor=actor):
        session.add(models.Place(country="..", code="a/../.git\n", name='D "x"\ndone\n'))
        session.add(models.Place(country="x" * 70, code="é" * 70, name="long"))
        session.commit()
    place = tmp_path / "hostile.git"
    shell.run("export", "--format", "git", "-o", str(place))
    git(place, "fsck", "--strict")
    assert git(place, "branch", "--format=%(refname:short)") == "main"
    assert git(place, "log", "-1", "--format=%an|%ae", "main") == "A b@c 1 +0000 committer|"
    assert "0 new commits" in shell.run("export", "--format", "git", "-o", str(place))
    subprocess.run(["git", "clone", "-q", place, tmp_path / "clone"], check=True)
    names = sorted(each.name for each in (tmp_path / "clone" / "place").iterdir())
    assert len(names) == 2
    assert all(len(name) < 255 for name in names)
    with app.app_context():
        assert verify(session, shell.newsroom.continuum.manager).is_clean


@pytest.mark.parametrize("shell", ["postgresql"], indirect=True)
def test_a_follower_that_is_killed_goes_on(shell: Shell, tmp_path: Path) -> None:
    program = tmp_path / "following.py"
    uri = shell.newsroom.app.config["SQLALCHEMY_DATABASE_URI"]
    program.write_text(
        "from tests.admin.newsroom import make_newsroom\n"
        f"newsroom = make_newsroom({uri!r})\n"
        "newsroom.app.cli.main(args=['history', 'feed', '--follow', '--every', '0.05',"
        " '--keep', 'sent.cursor'], obj=__import__('flask').cli.ScriptInfo("
        "create_app=lambda: newsroom.app))\n"
    )

    def follow(until: str) -> list[Any]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, program], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        found = []
        for line in process.stdout:
            found.append(json.loads(line))
            if until in line.decode():
                break
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        return found

    change_a_name(shell, "One")
    first = follow('"One"')
    change_a_name(shell, "Two")
    second = lines(shell.run("feed", "--keep", str(tmp_path / "sent.cursor")))
    every = [each["transaction"] for each in lines(shell.run("feed"))]
    seen = [each["transaction"] for each in (*first, *second)]
    assert sorted(set(seen), key=int) == every


def test_there_is_no_other_form(shell: Shell) -> None:
    with (
        shell.newsroom.app.app_context(),
        pytest.raises(ValueError, match="jsonl, csv"),
    ):
        manager = shell.newsroom.continuum.manager
        export(shell.newsroom.db.session, io.StringIO(), manager, form="xml")


def change_a_name(shell: Shell, name: str) -> None:
    with shell.newsroom.app.app_context():
        session = shell.newsroom.db.session
        session.get(shell.newsroom.models.Section, 1).name = name
        session.commit()


def git(place: Path, *words: str) -> str:
    ran = subprocess.run(
        ["git", "-C", place, *words], capture_output=True, text=True, check=True, input=""
    )
    return ran.stdout.strip()
