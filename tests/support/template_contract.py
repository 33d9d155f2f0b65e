"""What templates get and what they use: for the contract in docs/template-contract.md.

``make contract`` writes it. What a template reads is found by rendering every page that
``tests.browser.newsroom_pages`` has, in every state, and listening to the templates' environment.
"""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, render_template
from flask.templating import Environment

from flask_continuum.admin import contexts
from flask_continuum.admin.folders import find_folders
from flask_continuum.presenters import field_diff, json_results, text_results, values
from flask_continuum.templating import add_words
from tests.browser.newsroom_pages import PAGES

DOCUMENT = Path(__file__).parents[2] / "docs" / "template-contract.md"
SHOWN = (
    values.Display,
    field_diff.FieldDiff,
    text_results.TextDiff,
    text_results.Block,
    text_results.Segment,
    text_results.Row,
    text_results.Excerpt,
    json_results.JsonDiff,
    json_results.JsonChange,
)
"""Values and differences, which the contexts hold."""


def types() -> tuple[type[Any], ...]:
    """Every type whose objects reach templates: pages first, then their parts."""
    own = [getattr(contexts, name) for name in contexts.__all__]
    pages = [each for each in own if each.__name__.endswith("Page")]
    return (*pages, *(each for each in own if each not in pages), *SHOWN)


def attributes(cls: type[Any]) -> tuple[str, ...]:
    """What an object of a type has: its fields, and what is computed from them."""
    names = [each.name for each in fields(cls)]
    computed = [name for name, value in vars(cls).items() if isinstance(value, property)]
    return (*names, *computed)


HEAD = """# What templates get

For applications that replace a template of the history pages: [the history admin](history-admin.md)
says how. Each page is rendered by one template with one object, `page`. Its fields and those of
everything in it are listed here, as the code types them. A field may come with any release; none of
these is renamed or removed without a line in [the changes](../CHANGES.md).

This document is made from the code by `make contract`.

## Pages"""

WHOSE = "the record that the page is about, for a template of the application"
ATTRIBUTE = "names the attribute, whatever its label says"
UNREAD: Mapping[str, str] = {
    "ComparePage.record": WHOSE,
    "FieldPage.record": WHOSE,
    "FieldsPage.record": WHOSE,
    "RevertPage.record": WHOSE,
    "TimelinePage.record": WHOSE,
    "VersionPage.record": WHOSE,
    "ModelPage.deleted": "which of the two lists it is, for a template of the application",
    "RevertPage.kind": "what the plan does, for a template of the application",
    "ComparedField.long": "sorts fields into values and panels before the template sees them",
    "EntryView.url": "the version's page, for a template of the application",
    "FieldValueRow.transaction": "for a template of the application",
    "FieldView.key": ATTRIBUTE,
    "LinkView.key": ATTRIBUTE,
    "RelationRow.key": ATTRIBUTE,
    "ValueRow.key": ATTRIBUTE,
    "RecordRef.live": "for a template of the application",
    "RecordRef.model_label": "for a template of the application",
    "TransactionRef.id": "for a template of the application",
}
"""Fields that our templates do not read, and why they are there all the same."""


@cache
def reading() -> tuple[Mapping[type[Any], frozenset[str]], Mapping[type[Any], frozenset[str]]]:
    """By type, what the templates read, and what they look for in vain."""
    used: dict[type[Any], set[str]] = defaultdict(set)
    missing: dict[type[Any], set[str]] = defaultdict(set)

    class Listening(Environment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            note(obj, attribute)
            return super().getattr(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            note(obj, argument)
            return super().getitem(obj, argument)

    def note(obj: Any, name: Any) -> None:
        if is_dataclass(obj) and isinstance(name, str):
            (used if hasattr(obj, name) else missing)[type(obj)].add(name)

    class Site(Flask):
        jinja_environment = Listening

    app = Site(__name__)
    add_words(app)
    folders = find_folders()
    app.register_blueprint(
        Blueprint(
            "continuum",
            __name__,
            url_prefix="/history",
            template_folder=str(folders.templates),
            static_folder=str(folders.static),
            static_url_path="/static",
        )
    )
    with app.test_request_context():
        for template, make in PAGES.values():
            render_template(f"continuum/{template}.html", page=make())
    return tuple(  # type: ignore[return-value]
        {cls: frozenset(names) for cls, names in found.items()} for found in (used, missing)
    )


def templates_of_pages() -> dict[type[Any], str]:
    """The template of each page's context."""
    return {type(make()): template for template, make in PAGES.values()}


def write() -> str:
    """The document."""
    templates = templates_of_pages()
    lines = [*HEAD.split("\n"), ""]
    for cls in types():
        if cls in templates:
            lines += _section(cls, f"`continuum/{templates[cls]}.html`")
    lines += ["## Parts", ""]
    for cls in types():
        if cls not in templates and not cls.__name__.endswith("Page"):
            lines += _section(cls)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(cls: type[Any], template: str = "") -> Iterator[str]:
    yield f"### {cls.__name__}"
    yield ""
    first = (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")
    yield f"{template}: {first}" if template else first
    yield ""
    yield "| field | type | |"
    yield "| --- | --- | --- |"
    told = _told(cls)
    for name in attributes(cls):
        kind = _type_of(cls, name).replace("|", "\\|")
        yield f"| `{name}` | `{kind}` | {told.get(name, '')} |"
    yield ""


def _type_of(cls: type[Any], name: str) -> str:
    found = vars(cls).get(name)
    if isinstance(found, property):
        return str(inspect.get_annotations(found.fget).get("return", ""))  # type: ignore[arg-type]
    return str(inspect.get_annotations(cls)[name])


def _told(cls: type[Any]) -> dict[str, str]:
    """What the code says about the fields of a type, below each or in its docstring."""
    (body,) = (node for node in ast.parse(inspect.getsource(cls)).body)
    assert isinstance(body, ast.ClassDef)
    told: dict[str, str] = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            told[before.target.id] = inspect.cleandoc(str(after.value.value))
    for node in body.body:
        if isinstance(node, ast.FunctionDef):
            told[node.name] = ast.get_docstring(node) or ""
    for line in (inspect.getdoc(cls) or "").replace("\n    ", " ").split("\n"):
        for mark in (":param ", ":ivar "):
            if line.startswith(mark):
                name, _, words = line.removeprefix(mark).partition(": ")
                told.setdefault(name, words)
    return {name: _in_a_cell(words) for name, words in told.items()}


def _in_a_cell(words: str) -> str:
    return " ".join(words.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    DOCUMENT.write_text(write(), "utf-8")
