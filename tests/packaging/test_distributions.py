"""What users get is complete: the wheel, installed elsewhere, serves a page with its style."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import ROOT

PACKAGED = {
    "flask_continuum": "flask_continuum",
    "templates": "flask_continuum/templates",
    "static": "flask_continuum/static",
}


def run(*command: str | Path, folder: Path) -> str:
    """Run ``command`` in ``folder`` and return what it prints; its errors are the test's."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel made from it, by the build backend at hand."""
    dist = tmp_path_factory.mktemp("dist")
    run(
        *(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, ROOT),
        folder=dist,
    )
    return dist


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def sdist(dist: Path) -> Path:
    (sdist,) = dist.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that has the wheel; the rest it borrows from ours.

    Borrowed by path: our environment's own ``.pth`` files, which lead into the checkout, are not
    read from there.
    """
    environment = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(environment, symlinks=os.name != "nt")
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = environment / scripts / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=environment)
    packages = run(
        *(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"),
        folder=environment,
    )
    ours = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    Path(packages.strip(), "borrowed.pth").write_text("\n".join(ours), encoding="utf-8")
    return python


def list_packaged_files() -> set[str]:
    """What of the checkout belongs into the wheel, under the names it has there."""
    return {
        f"{target}/{path.relative_to(ROOT / source).as_posix()}"
        for source, target in PACKAGED.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == list_packaged_files()
    assert "flask_continuum/py.typed" in names
    assert "flask_continuum/templates/continuum/base.html" in names


def test_the_wheel_has_its_license(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_has_what_its_tests_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "README.md", "pyproject.toml", "tests/conftest.py"} <= names
    assert {
        "templates/continuum/base.html",
        "docs/quickstart.md",
        "example_app/__init__.py",
    } <= names


@pytest.fixture(scope="module")
def result(python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``application.py`` says, run outside the checkout by the new environment."""
    folder = tmp_path_factory.mktemp("application")
    script = folder / "application.py"
    script.write_bytes((Path(__file__).parent / script.name).read_bytes())
    command = (python, "-I", "-W", "error", script, folder / "instance")
    found: dict[str, Any] = json.loads(run(*command, folder=folder))
    return found


def test_package_templates_and_style_are_the_installed_ones(
    result: dict[str, Any], python: Path
) -> None:
    environment = python.parent.parent
    for what in ("package", "template", "static"):
        assert Path(result[what]).is_relative_to(environment), result[what]


def test_the_installed_package_serves_a_history(result: dict[str, Any]) -> None:
    timeline = result["answers"]["/history/records/article/1"]
    assert timeline["status"] == 200
    assert "March" in timeline["text"]
    assert result["answers"]["/history/"]["status"] == 200


def test_the_installed_package_serves_its_style(result: dict[str, Any]) -> None:
    assets = {name: a for name, a in result["answers"].items() if "text" not in a}
    assert {answer["status"] for answer in assets.values()} == {200}
    styles = [answer for answer in assets.values() if answer["type"] == "text/css"]
    assert styles
    assert all(style["size"] > 0 for style in styles)
