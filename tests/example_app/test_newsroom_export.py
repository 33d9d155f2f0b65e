"""The newsroom as a git repository: its files are the rows, its log is the history."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from example_app.extensions import continuum, db
from flask_continuum.engine.read.links import owned_links
from flask_continuum.policy import is_masked
from flask_continuum.presenters.addresses import encode_key, segments_of
from flask_continuum.presenters.exports import json_value


def test_the_export_to_git_checks_out_to_the_live_rows(newsroom: Flask, tmp_path: Path) -> None:
    place, clone = tmp_path / "newsroom.git", tmp_path / "clone"
    runner = newsroom.test_cli_runner()
    result = runner.invoke(args=["history", "export", "--format", "git", "-o", str(place)])
    assert result.exit_code == 0, result.output
    subprocess.run(["git", "clone", "-q", place, clone], check=True)
    found = {
        path.relative_to(clone).as_posix(): json.loads(path.read_text())
        for path in clone.rglob("*.json")
    }
    with newsroom.app_context():
        expected = dict(live_files())
    assert len(found) > 50
    assert any("/" in name.partition("/")[2] for name in found)  # links, too
    assert found == expected


def live_files() -> Iterator[tuple[str, Any]]:
    segments = segments_of(continuum.manager.registry.classes())
    for entry in continuum.manager.registry.classes():
        for record in db.session.scalars(sa.select(entry.model)):
            name = f"{segments[entry.model]}/{encode_key(entry.key_of(record))}"
            yield (
                f"{name}.json",
                {
                    field: json_value(getattr(record, field))
                    for field in entry.attributes
                    if not is_masked(entry.model, field)
                },
            )
            for link in owned_links(entry):
                for other in getattr(record, link.relationship):
                    key = encode_key(sa.inspect(other).identity)
                    yield f"{name}.{link.relationship}/{key}.json", key


def test_the_log_of_a_file_is_its_history_with_authors_and_reasons(
    newsroom: Flask, tmp_path: Path
) -> None:
    place = tmp_path / "newsroom.git"
    runner = newsroom.test_cli_runner()
    runner.invoke(args=["history", "export", "--format", "git", "-o", str(place)])
    asked = runner.invoke(args=["history", "log", "article", "1", "-n", "1000", "--json"])
    entries = json.loads(asked.stdout)
    own = [each for each in entries if each["fields"]]
    log = subprocess.run(
        ["git", "-C", place, "log", "-p", "--format=commit %an|%aI|%s", "--", "article/1.json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commits = [line[7:].split("|") for line in log.splitlines() if line.startswith("commit ")]
    assert [name for name, _, _ in commits] == [each["by"] for each in own]
    assert [at[:19] for _, at, _ in commits] == [each["at"][:19] for each in own]
    for (_, _, subject), entry in zip(commits, own, strict=True):
        assert subject == entry["reason"] or entry["reason"] is None
    assert any(entry["reason"] for entry in own)
    titles = [each["fields"]["title"][1] for each in own if "title" in each["fields"]]
    for title in titles:
        assert f'+  "title": {json.dumps(title, ensure_ascii=False)}' in log
