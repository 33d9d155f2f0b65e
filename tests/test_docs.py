"""The documents are true: their programs run, their links lead somewhere, no setting is missing."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from flask_continuum.engine.options import Options
from flask_continuum.settings import PREFIX, Settings
from tests.support.documents import (
    ROOT,
    all_documents,
    read_anchors,
    read_blocks,
    read_links,
    read_programs,
)

OF_THE_TESTS = ("CONTINUUM_TEST_", "CONTINUUM_REQUIRE_")
PRELUDE = """
def expect(value, expected, source):
    assert repr(value) == expected, f"{source} is {value!r}, not {expected}"

def run(path):
    with open(path, encoding="utf-8") as file:
        program = compile(file.read(), path, "exec")
    exec(program, globals())
"""


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def run(program: str, *, called: str, folder: Path) -> None:
    """Run ``program`` in a fresh process in ``folder``; the test fails with its traceback."""
    # Under the document's name, where a traceback finds its lines.
    source = folder / called
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(program, encoding="utf-8")
    script = folder / "run.py"
    script.write_text(f"{PRELUDE}\nrun({called!r})\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"a program in {called} fails:\n{done.stderr}", pytrace=False)


@pytest.mark.parametrize("document", all_documents(), ids=name)
def test_programs_run(document: Path, tmp_path: Path) -> None:
    for number, program in enumerate(read_programs(document.read_text(encoding="utf-8"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(program, called=name(document), folder=folder)


def test_readme_and_quickstart_have_programs() -> None:
    for path in ("README.md", "docs/quickstart.md"):
        assert read_programs((ROOT / path).read_text(encoding="utf-8")), path


@pytest.mark.parametrize("document", all_documents(), ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    missing = []
    for target in read_links(document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        found = file.exists()
        if found and fragment:
            found = fragment in read_anchors(file.read_text(encoding="utf-8"))
        if not found:
            missing.append(target)
    assert missing == []


@pytest.fixture(scope="module")
def configuration() -> dict[str, dict[str, str]]:
    """The tables of docs/configuration.md: the default in words by name, by heading."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return {
        heading: dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \| \S.* \|$", section, re.MULTILINE))
        for heading, section in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE)
    }


def test_every_setting_is_documented(configuration: dict[str, dict[str, str]]) -> None:
    assert configuration["Settings"] == {
        f"{PREFIX}{field.name.upper()}": repr(field.default) for field in fields(Settings)
    }


def test_every_option_is_documented(configuration: dict[str, dict[str, str]]) -> None:
    assert configuration["Options"] == {
        field.name: "[]" if field.default in (frozenset(), ()) else repr(field.default)
        for field in fields(Options)
    }


def test_no_document_names_a_setting_that_is_none() -> None:
    known = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings)}
    named = {
        word
        for document in all_documents()
        for word in re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", document.read_text(encoding="utf-8"))
        if not word.startswith(OF_THE_TESTS)
    }
    assert named - known == set()


def test_every_document_is_listed() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in read_links(index.read_text("utf-8"))}
    documents = {path for path in (ROOT / "docs").rglob("*.md") if path != index}
    assert documents - listed == set()


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [
        line for block in read_blocks(readme) for line in block.lines if block.language == "console"
    ]
    assert [line.split("#")[0].strip() for line in commands] == ["$ make demo", "$ make test"]


def test_a_failing_program_is_told_with_its_line(tmp_path: Path) -> None:
    text = "# A\n\n```python\nnumber = 1\n```\n\nWords.\n\n```python\nnumber  # → 2\n```\n"
    (program,) = read_programs(text)
    with pytest.raises(pytest.fail.Exception, match=r'File "a\.md", line 10(.|\n)*is 1, not 2'):
        run(program, called="a.md", folder=tmp_path)


def test_expectations_hold(tmp_path: Path) -> None:
    lines = ["for n in (1, 1):", "    max(", "        n, 0", "    )  # → 1", "'ä' + 'b'  # → 'äb'"]
    (program,) = read_programs("\n".join(["```python", *lines, "```"]))
    run(program, called="a.md", folder=tmp_path)


def test_blocks_are_shown_or_run_as_marked() -> None:
    text = (
        "```python\na = 1\n```\n<!-- not run -->\n```python\n...\n```\n"
        "<!-- a new program -->\n\n```python\nb = 1\n```\n```console\n$ c\n```\n"
    )
    assert [program.strip() for program in read_programs(text)] == ["a = 1", "b = 1"]
