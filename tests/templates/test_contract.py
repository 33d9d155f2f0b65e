"""What a template uses is what its page gives it, and the document says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from flask_continuum.admin.folders import find_folders
from tests.support import template_contract as contract

FOLDER = find_folders().templates / "continuum"
OTHERS = frozenset(
    {
        *("index", "index0", "previtem", "first", "last"),  # of a loop
        *("get", "items", "name", "settings"),  # of dictionaries and of Flask
        *("who", "person", "moment", "label", "reason", "fields", "current"),  # of helpers
    }
)
"""Attributes of what is no context."""


def read_by(path: Path) -> set[tuple[str, str]]:
    """Attributes that the source of a template names, each with the name it is read of."""
    tree = Environment().parse(path.read_text("utf-8"))
    found = {
        (each.node.name if isinstance(each.node, nodes.Name) else "", each.attr)
        for each in tree.find_all(nodes.Getattr)
    }
    return found | {
        (each.node.name if isinstance(each.node, nodes.Name) else "", each.arg.value)
        for each in tree.find_all(nodes.Getitem)
        if isinstance(each.arg, nodes.Const) and isinstance(each.arg.value, str)
    }


def test_templates_look_for_nothing_that_is_not_there() -> None:
    _, missing = contract.reading()
    found = {(cls.__name__, name) for cls, names in missing.items() for name in names}
    # the list of what changed holds fields and links, which have no difference of their own
    assert found == {("LinkView", "diff")}


def test_every_field_is_read_or_has_a_reason() -> None:
    used, _ = contract.reading()
    unread = {
        f"{cls.__name__}.{name}"
        for cls in contract.types()
        if cls not in contract.SHOWN
        for name in contract.attributes(cls)
        if name not in used.get(cls, ())
    }
    assert unread == set(contract.UNREAD)


def test_every_page_is_rendered_for_that() -> None:
    pages = {path.stem for path in FOLDER.glob("*.html")} - {"base", "frame"}
    assert pages == set(contract.templates_of_pages().values())
    names = {cls.__name__ for cls in contract.types() if cls.__name__.endswith("Page")}
    assert names == {cls.__name__ for cls in contract.templates_of_pages()}


# helpers get what glances makes, and have tests of their own
OWN = sorted(path for path in FOLDER.rglob("*.html") if path.parent.name != "helpers")


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_no_branch_of_a_template_names_what_nothing_has(path: Path) -> None:
    known = {name for cls in contract.types() for name in contract.attributes(cls)} | OTHERS
    assert {name for _, name in read_by(path)} - known == set()


@pytest.mark.parametrize("cls", contract.templates_of_pages(), ids=lambda cls: cls.__name__)
def test_a_page_has_what_its_template_names(cls: type[object]) -> None:
    template = contract.templates_of_pages()[cls]
    named = {name for of, name in read_by(FOLDER / f"{template}.html") if of == "page"}
    assert named - set(contract.attributes(cls)) == set()


def test_the_document_is_up_to_date() -> None:
    assert contract.DOCUMENT.read_text("utf-8") == contract.write(), "make contract"
