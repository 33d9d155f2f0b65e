"""mypy and pyright know what is versioned, and agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from flask_continuum import VersioningManager, VersionOf
from flask_continuum.engine.version import VersionClassBase
from tests.support.documents import ROOT
from tests.support.marks import on
from tests.typing.models import Article, Base, DataBase, Note, Page

FILES = ("tests/typing/models.py", "tests/typing/misuse.py")


def refused_lines() -> set[int]:
    text = (ROOT / FILES[1]).read_text(encoding="utf-8")
    return {n for n, line in enumerate(text.splitlines(), 1) if "# refused" in line}


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr  # there is something to refuse
    return done.stdout


def test_mypy() -> None:
    modules = [name.removesuffix(".py").replace("/", ".") for name in FILES]
    named = [part for module in modules for part in ("-m", module)]
    out = run("-m", "mypy", "--no-error-summary", "--no-pretty", *named)
    errors = [line.split(":", 3) for line in out.splitlines() if ": error:" in line]
    assert {(Path(name).name, int(line)) for name, line, *_ in errors} == {
        ("misuse.py", line) for line in refused_lines()
    }, out


def test_pyright(tmp_path: Path) -> None:
    config = tmp_path / "pyrightconfig.json"
    include = [str(ROOT / name) for name in FILES]
    config.write_text(
        json.dumps({"include": include, "extraPaths": [str(ROOT)], "typeCheckingMode": "standard"})
    )
    out = run(
        "-m", "basedpyright", "-p", str(config), "--pythonpath", sys.executable, "--outputjson"
    )
    found: list[dict[str, Any]] = json.loads(out)["generalDiagnostics"]
    errors = [each for each in found if each["severity"] == "error"]
    assert {(Path(e["file"]).name, e["range"]["start"]["line"] + 1) for e in errors} == {
        ("misuse.py", line) for line in refused_lines()
    }, out


# Claimed as soon as they are there: other tests version every class that nobody has claimed.
SESSIONS = sessionmaker[Session]()
for each in (Base, DataBase):
    VersioningManager(user_cls=None).attach(each, SESSIONS)


@pytest.fixture
def sessions(engine: sa.Engine) -> sessionmaker[Session]:
    for base in (Base, DataBase):
        base.metadata.create_all(engine)
    SESSIONS.configure(bind=engine)
    return SESSIONS


@on("sqlite")
def test_what_type_checkers_know_is_so(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        session.add_all([Article(id=1, title="a", views=1), Page(id=1, title="a")])
        session.add(Note(1, "a"))
        session.commit()
        article, page, note = (session.get_one(m, 1) for m in (Article, Page, Note))
        article.views, page.title = 2, "b"
        session.commit()
        assert [version.title for version in article.versions] == ["a"]
        assert [version.title for version in page.versions] == ["a", "b"]
        version = article.versions[0]
        assert isinstance(version, VersionOf[Article]) and VersionOf[Page] is VersionClassBase
        assert (
            version.transaction.id == version.transaction.id and version.version_parent is article
        )
        assert version.previous is None and version.changeset["title"] == [None, "a"]
        assert note.versions[0].text == "a" and note.versions.count() == 1
        found = session.scalars(sa.select(Article).join(Article.versions)).all()
        assert found == [article]
