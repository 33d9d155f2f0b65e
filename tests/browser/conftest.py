"""Fixtures for tests with a real browser; every test in this folder is marked ``browser``."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.availability import LeftOut
from tests.support.browser import Visitor, find_chromium, launch_chromium
from tests.support.documents import ROOT

FAILED = pytest.StashKey[bool]()


# First, so that the tests are marked when the one in tests/conftest.py moves them to the end.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def browser(left_out: LeftOut) -> Iterator[Browser]:
    """Chromium, started once for the run."""
    executable = find_chromium()
    if executable is None:
        left_out.leave_out("no Chromium; CONTINUUM_TEST_CHROMIUM may name one")
    with launch_chromium(executable) as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Opens pages; the test fails when one of them complains, unless it clears ``complaints``."""
    visitor = Visitor(browser)
    yield visitor
    if request.node.stash.get(FAILED, False):
        folder = ROOT / "test-artifacts"
        folder.mkdir(exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", request.node.name)
        for number, page in enumerate(visitor.pages):
            page.screenshot(path=folder / f"{name}-{number}.png", full_page=True)
    visitor.close()
    assert visitor.complaints == [], "the browser complains"


@pytest.fixture
def new_page(visitor: Visitor) -> Callable[..., Page]:
    """``new_page(width=375, theme="dark")`` returns a page; see :meth:`Visitor.open`."""
    return visitor.open
