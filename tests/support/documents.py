"""Reads Markdown documents: the programs in them, their headings and their links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

NOT_RUN = "<!-- not run -->"
NEW_PROGRAM = "<!-- a new program -->"
FENCE = re.compile(r"^```(\w*)\s*$")
EXPECTED = re.compile(r"#\s*→\s*(?P<value>.+?)\s*$")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    line: int  # of its first line of text, counted from 1
    lines: tuple[str, ...]
    before: str  # the last line of text before the fence


def all_documents() -> list[Path]:
    """Every Markdown document for readers of the project."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("example_app/*.md")])


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document in order."""
    language: str | None = None
    body: list[str] = []
    start = 0
    before = previous = ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if language is not None:
            if fence:
                yield Block(language, start, tuple(body), before)
                language = None
                previous = ""
            else:
                body.append(line)
        elif fence:
            language, body, start, before = fence[1], [], number + 1, previous
        elif line.strip():
            previous = line.strip()


def read_programs(text: str) -> list[str]:
    """Return the programs of a document, each line at the line number it has in the document."""
    programs: list[list[str]] = []
    for block in read_blocks(text):
        if block.language != "python" or block.before == NOT_RUN:
            continue
        if not programs or block.before == NEW_PROGRAM:
            programs.append([])
        program = programs[-1]
        program.extend([""] * (block.line - 1 - len(program)))
        program.extend(check_expectations(block.lines))
    return ["\n".join(program) + "\n" for program in programs]


def check_expectations(lines: tuple[str, ...]) -> list[str]:
    """Return the lines with ``expression  # → value`` made an assertion about its ``repr()``."""
    checked = [line.encode() for line in lines]  # ast counts columns in bytes
    for node in ast.walk(ast.parse("\n".join(lines))):
        if not isinstance(node, ast.Expr):
            continue
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        expected = EXPECTED.search(checked[last][node.end_col_offset :].decode())
        if expected:
            arguments = f"), {expected['value']!r}, {ast.unparse(node)!r})"
            checked[last] = checked[last][: node.end_col_offset] + arguments.encode()
            start = checked[first]
            checked[first] = start[: node.col_offset] + b"expect((" + start[node.col_offset :]
    return [line.decode() for line in checked]


def read_links(text: str) -> list[str]:
    """Return the targets of a document's links and pictures, those in fenced blocks left out."""
    outside: list[str] = []
    inside = False
    for line in text.splitlines():
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            outside.append(line)
    return LINK.findall("\n".join(outside))


def read_anchors(text: str) -> set[str]:
    """Return the fragments that a document's headings answer to."""
    headings = re.findall(r"^#+\s+(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
