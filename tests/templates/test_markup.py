"""What the templates and stylesheets promise to every page around them, read from their source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flask_continuum.admin.folders import find_folders

FOLDERS = find_folders()
TEMPLATES = sorted(FOLDERS.templates.rglob("*.html"))
STYLESHEETS = sorted(FOLDERS.static.rglob("*.css"))
NAME = re.compile(r"\.((?:hc|is)-[\w-]+|[a-z][\w-]*)")


def rules(css: str) -> list[str]:
    """Every selector list of a stylesheet; those of conditions (``@media``) are left out."""
    css = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", css, flags=re.DOTALL)
    return [part.strip() for part in re.findall(r"([^{};]+)\{", css) if "@" not in part]


def selectors(rule: str) -> list[str]:
    """The selectors of a list; commas inside brackets do not count."""
    found, depth, start = [], 0, 0
    for place, sign in enumerate(rule):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            found.append(rule[start:place].strip())
            start = place + 1
    return [*found, rule[start:].strip()]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_nothing_in_a_template_needs_more_than_a_strict_policy(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert "://" not in source
    assert "|safe" not in source
    assert "autoescape" not in source


@pytest.mark.parametrize("path", STYLESHEETS, ids=lambda path: path.name)
def test_no_rule_reaches_the_page_around(path: Path) -> None:
    source = path.read_text("utf-8")
    assert "url(" not in source and "@import" not in source
    assert "!important" not in source
    for rule in rules(source):
        for selector in selectors(rule):
            first = re.split(r"[\s>+~]", selector)[0]
            assert re.search(r"\.hc\b", first), selector
            for name in NAME.findall(selector):
                assert name == "hc" or name.startswith(("hc-", "is-")), selector


def test_every_class_of_the_stylesheets_is_used() -> None:
    css = "".join(path.read_text("utf-8") for path in STYLESHEETS)
    defined = {name for rule in rules(css) for name in NAME.findall(rule)} - {"hc"}
    used = "".join(path.read_text("utf-8") for path in TEMPLATES)
    # Names that end in a value of the page: hc-pill-{{ tone }}, is-{{ kind }}.
    families = ("hc-act-", "hc-av-", "hc-flash-", "hc-k-", "hc-node-", "hc-pill-", "is-")
    missing = {
        name
        for name in defined
        if not name.startswith(families) and not re.search(rf"(?<![\w-]){name}(?![\w-])", used)
    }
    assert missing == set()


def test_colours_are_chosen_for_both_themes_and_can_be_read() -> None:
    tokens = (FOLDERS.static / "continuum" / "tokens.css").read_text("utf-8")
    found = re.findall(r"--hc-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", tokens)
    colours = {name: (light, dark) for name, light, dark in found}
    grounds = ("bg", "surface", "sunken", "tint")
    pairs = [(ink, ground) for ink in ("ink", "soft") for ground in grounds]
    pairs += [("accent", ground) for ground in (*grounds, "accent-wash")]
    pairs += [(name, f"{name}-wash") for name in ("ins", "del", "back", "warn")]
    pairs += [("ins", "ins-word"), ("del", "del-word"), ("accent-ink", "accent")]
    for one, other in pairs:
        for theme in (0, 1):
            ratio = contrast(colours[one][theme], colours[other][theme])
            assert ratio >= 4.5, (one, other, theme, ratio)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the WCAG."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb``."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
