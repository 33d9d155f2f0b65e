"""The house is in order: nothing of one machine in the files, short modules, imports down."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.documents import ROOT

LONGEST_MODULE = 400

# Put together from pieces, so that this file does not hold what it forbids.
MACHINE_PATHS = re.compile("/(" + "|".join(["wo" + "rk", "ro" + "ot", "fa" + "rm"]) + r")/[a-z.]")
HOME_PATHS = re.compile("/(ho" + r"me|Use" + r"rs)/[\w.-]+/")
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in [
            ("py" + "pi", "org"),
            ("python" + "hosted",),
            ("deb" + ".debian",),
            ("npm" + "js",),
            ("registry", "yarn" + "pkg"),
            ("proxy", "gol" + "ang"),
        ]
    )
)
LOCK_FILES = re.compile(r"(^|/)(uv|poetry|pdm)\.lock$|(^|/)(Pipfile|package-lock|pylock).*")


def list_tracked_files() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout, so no file is tracked")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def read_tracked_texts() -> list[tuple[str, str]]:
    texts = []
    for path in list_tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            texts.append((path.relative_to(ROOT).as_posix(), content.decode(errors="replace")))
    return texts


def find(*patterns: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in read_tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if any(pattern.search(line) for pattern in patterns)
    ]


def test_no_file_names_paths_of_a_machine() -> None:
    assert find(MACHINE_PATHS, HOME_PATHS) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert find(REGISTRY_HOSTS) == []


def test_the_patterns_find_what_they_forbid() -> None:
    assert MACHINE_PATHS.search("see /" + "work/a.py")
    assert HOME_PATHS.search("/ho" + "me/ada/.cache")
    assert not HOME_PATHS.search("/home is a page")
    assert REGISTRY_HOSTS.search("https://files.python" + "hosted.org/x")
    assert LOCK_FILES.search("uv" + ".lock")


def test_no_lock_file_is_tracked() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in list_tracked_files()]
    assert [name for name in names if LOCK_FILES.search(name)] == []


def test_modules_are_read_in_one_sitting() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "flask_continuum").rglob("*.py")
    }
    assert lengths
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_every_folder_of_tests_is_looked_into(pytestconfig: pytest.Config) -> None:
    # pytest passes by folders of certain names, and "build" is one of them unless it is told
    passed_by = pytestconfig.getini("norecursedirs")
    folders = {
        parent.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for parent in path.relative_to(ROOT).parents
    }
    assert "build" in folders
    assert [name for name in folders if any(fnmatch(name, each) for each in passed_by)] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "flask_continuum").rglob("*.py")
        if (text := path.read_text(encoding="utf-8")).strip()
        and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_imports_point_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts:" in done.stdout


def test_the_engine_needs_no_web_framework() -> None:
    program = """
import sys
for name in ("flask", "werkzeug", "jinja2", "click", "flask_sqlalchemy", "flask_login"):
    sys.modules[name] = None  # as if it were not installed
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session
from flask_continuum import make_versioned

make_versioned(user_cls=None)

class Base(DeclarativeBase):
    pass

class Article(Base):
    __tablename__ = "article"
    __versioned__ = {}
    id = sa.Column(sa.Integer, primary_key=True)

engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Article(id=1))
    session.commit()
    assert session.get(Article, 1).versions.count() == 1
engine.dispose()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
